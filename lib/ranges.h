/* Stretches of a range of numbers, such as addresses, handed out and taken back.
 *
 * Rules
 * - Pure: no lock; the memory for each stretch that is handed out, a struct range, is the caller's, and stays as it is
 *   until it is given back. Giving back needs no memory and cannot fail.
 * - The lowest gap that is large enough is taken. All is O(log n) in the number of stretches. */
#ifndef LIB_RANGES_H
#define LIB_RANGES_H

#include "lib/types.h"

struct range {
	uint64_t start, size;
	uint64_t gap;			/* free numbers right before it */
	uint64_t gap_most;		/* the largest gap in its subtree */
	struct range *left, *right;
	uint64_t priority;
};

struct ranges {
	struct range *root;
	struct range end;		/* an empty stretch behind the last number, so that each gap has an owner */
	uint64_t random;
};

/* Everything from start on is free. start + size does not wrap. */
void ranges_init(struct ranges *r, uint64_t start, uint64_t size);

/* Hand out size numbers from a multiple of align (a power of two) on, described in *ret; false where no gap serves. A
 * gap is passed over that holds size, but not size + align - 1. */
bool ranges_take(struct ranges *r, struct range *ret, uint64_t size, uint64_t align);

/* Give back. */
void ranges_give(struct ranges *r, struct range *range);

/* The stretch that holds a number, NULL where it is free. */
struct range *ranges_find(const struct ranges *r, uint64_t number);

#endif
