/* Lines that have left the screen at its top.
 *
 * Rules: pure; the caller has a lock. Memory is given once and never grows: where it is full the oldest lines go, and so
 * they do beyond SCROLLBACK_LINES. */
#ifndef KERNEL_DRIVERS_CONSOLE_SCROLLBACK_H
#define KERNEL_DRIVERS_CONSOLE_SCROLLBACK_H

#include "kernel/drivers/console/vt.h"

#define SCROLLBACK_LINES 2000u

struct scrollback {
	uint8_t *memory;
	uint32_t size;
	uint32_t start, used;		/* bytes: the oldest line's first, and of all lines */
	uint32_t lines;
};

/* Without memory (size 0) it keeps nothing. */
void scrollback_init(struct scrollback *s, void *memory, uint32_t size);

/* Keep a line. Blanks at its end, in the default colours, take no room. */
void scrollback_add(struct scrollback *s, const cell_t *cells, uint32_t columns, cell_t blank);

/* Forget all. */
void scrollback_clear(struct scrollback *s);

/* Give the line that is `back` lines before the screen's first (1: the newest); what it does not fill is blank. */
void scrollback_get(const struct scrollback *s, uint32_t back, cell_t *ret, uint32_t columns, cell_t blank);

#endif
