/* A square of values as a picture in colours.
 *
 * Rules: drawn with half blocks in 24-bit colours (ISO 8613-6, as kernel/drivers/console/vt.h and most terminals know
 * them), so that a value has at least the upper or lower half of a cell. Where there are more values than fit, several
 * share a dot, which shows their mean. */
#ifndef KERNEL_DIAG_HEATMAP_H
#define KERNEL_DIAG_HEATMAP_H

#include "lib/types.h"

struct heatmap {
	unsigned count;				/* a side */
	uint32_t least, most;			/* the ends of the scale; what is beyond has the end's colour */
	const char *unit;
	uint32_t (*value)(unsigned row, unsigned column);	/* 0: there is none */
};

void heatmap_print(const struct heatmap *h);

#endif
