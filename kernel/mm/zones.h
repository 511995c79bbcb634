/* Physical memory by what it is good for and where it is: each NUMA node has two zones, under 4 GiB and over it.
 *
 * Rules
 * - Below kernel/mm/frames.h, which has the caches of the CPUs; nobody else calls this.
 * - A zone's lock is taken with interrupts off, and nothing is asked for under it. */
#ifndef KERNEL_MM_ZONES_H
#define KERNEL_MM_ZONES_H

#include "kernel/mm/buddy.h"
#include "kernel/sync/spinlock.h"

/* A stretch of free memory that nobody has looked at yet: it has no struct frame. */
struct stretch {
	struct stretch *next;
	uint64_t first, end;		/* frame numbers */
};

struct zone {
	struct spinlock lock;		/* for all below */
	struct buddy buddy;
	struct stretch *untouched;
	struct stretch *scattered;	/* too small to hold their own struct frames, and no neighbour has brought them */
	uint64_t untouched_frames, scattered_frames;
	uint64_t array_frames;		/* hold struct frames, or the page tables for them */
	uint64_t retired_frames;
	uint64_t frames;		/* all that was ever given to it */
};

/* Make the zones; memory for `stretches` calls of zones_give. Uses bootmem. */
void zones_init(size_t stretches);

/* Memory that is free from now on, in whole pages; it is cut where zones meet. */
void zones_give(paddr_t base, uint64_t size);

unsigned zones_count(void);
struct zone *zone_at(unsigned index);

/* A zone's node, and whether it is the one under 4 GiB. */
static inline unsigned zone_node(unsigned index) { return index / 2; }
static inline bool zone_is_low(unsigned index) { return index % 2 == 0; }

/* A block of 2^order frames. `reserve` free frames are left in the zone. NULL where it has none. */
struct frame *zone_alloc(struct zone *z, unsigned order, uint64_t reserve);

/* Allocate up to `count` single frames into ret; how many. */
unsigned zone_alloc_many(struct zone *z, struct frame **ret, unsigned count, uint64_t reserve);

void zone_free(struct zone *z, struct frame *head, unsigned order);

/* Take a free frame away for good; false where it is not free. */
bool zone_retire(struct zone *z, uint64_t number);

/* Free frames, those that nobody has looked at included and scattered ones not. */
uint64_t zone_free_frames(const struct zone *z);

#endif
