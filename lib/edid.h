/* What a display says of itself (VESA E-EDID 1.4, sections 3.6 and 3.10.2). */
#ifndef LIB_EDID_H
#define LIB_EDID_H

#include "lib/types.h"

struct edid_info {
	uint32_t width, height;	/* the preferred (first detailed) timing; 0 where there is none */
	char name[14];		/* the monitor name descriptor, cleaned to printable ASCII; "" where there is none */
	char vendor[4];		/* the three-letter PNP id */
};

/* Read a block of size bytes. 0, or -EBADMSG where it is shorter than 128 bytes or has a bad header or checksum. */
int edid_read(const void *block, size_t size, struct edid_info *ret);

#endif
