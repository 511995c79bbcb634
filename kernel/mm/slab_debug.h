/* What builds without NDEBUG know of each object, and what they check.
 *
 *	| red zone | object … | red up to 8 | struct slab_tail |
 *
 * Rules: called by slab.c and kmalloc.c, which guard the calls by SLAB_DEBUG. A finding is a panic that names who
 * allocated the object, and who freed it. */
#ifndef KERNEL_MM_SLAB_DEBUG_H
#define KERNEL_MM_SLAB_DEBUG_H

#include "kernel/mm/slab.h"

#define SLAB_RED_ZONE 16u	/* before the object: keeps its alignment */

struct slab_tail {
	uint64_t red;
	vaddr_t allocated_by, freed_by;
	uint32_t size;		/* asked for */
	uint32_t sequence;	/* of the allocation, counted over all caches */
	uint64_t state;
	uint64_t link;		/* of the free list: not in the object, whose every byte is checked */
};

/* An object of a new slab. */
void slab_debug_new(struct slab_cache *cache, void *object);

/* An object leaves the allocator, or comes back. */
void slab_debug_taken(struct slab_cache *cache, void *object, uint32_t size, vaddr_t site);
void slab_debug_given(struct slab_cache *cache, void *object, vaddr_t site);

/* Number an allocation; the number of the last one. */
uint32_t slab_debug_next(void);
uint32_t slab_debug_sequence(void);

/* Objects allocated after a number and not freed; each is named in the log. Only where no other CPU allocates. */
unsigned slab_debug_leaks(uint32_t since);

/* Print who has how many objects. */
void slab_debug_print_sites(void);

#endif
