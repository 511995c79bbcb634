/* Free memory, taken by the block for a while.
 *
 * Rules: a holding is used by one thread at a time. Blocks hang on each other by their struct frames, so that a holding
 * of any size costs nothing more; all zero is an empty one. Memory comes from near the CPU that asks. */
#ifndef KERNEL_DIAG_HOLDING_H
#define KERNEL_DIAG_HOLDING_H

#include "kernel/mm/frames.h"

struct holding {
	struct frame *blocks;
	uint64_t bytes;
};

/* Take blocks of 2^order frames until it holds so many bytes, or less than `reserve` would be left free. */
void holding_take_order(struct holding *h, unsigned order, uint64_t bytes, uint64_t reserve);

/* The same with blocks of any size, the largest first. */
void holding_take(struct holding *h, uint64_t bytes, uint64_t reserve);

/* Frames that were found bad are retired by this. */
void holding_free(struct holding *h);

static inline uint64_t *holding_words(const struct frame *block)
{
	return phys_to_virt(frame_address(block));
}

static inline size_t holding_count(const struct frame *block)
{
	return PAGE_SIZE / sizeof(uint64_t) << block->order;
}

#endif
