/* Allocation by moving a border: nothing is given back.
 *
 * Rules: pure. Memory is taken from the top of bottom…*top, so that what is left keeps its alignment at the bottom. */
#ifndef LIB_BUMP_H
#define LIB_BUMP_H

#include "lib/types.h"

/* Take size bytes aligned to a power of two; their address, and *top is moved there; 0 where there is no room. */
static inline uint64_t bump_take(uint64_t bottom, uint64_t *top, uint64_t size, uint64_t align)
{
	uint64_t at = *top - bottom >= size ? ALIGN_DOWN(*top - size, align) : 0;

	return at && at >= bottom ? *top = at : 0;
}

#endif
