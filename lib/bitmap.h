/* Numbers handed out from a fixed set, lowest first: a bitmap with two levels.
 *
 * Rules: pure; memory is passed in, bitmap_bytes(count) of it, 8-byte aligned. No lock. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

struct bitmap {
	uint64_t *words;	/* bit set: this number is free */
	uint64_t *summary;	/* bit set: this word is not 0 */
	uint32_t count;		/* of numbers */
	uint32_t taken;
};

size_t bitmap_bytes(uint32_t count);

/* All numbers from 0 to count - 1 are free. */
void bitmap_init(struct bitmap *b, void *memory, uint32_t count);

/* Take the lowest free number; -ENOSPC where there is none. */
int64_t bitmap_take(struct bitmap *b);

/* Give a number back; false, and nothing changed, where it is not taken. */
bool bitmap_give(struct bitmap *b, uint32_t number);

#endif
