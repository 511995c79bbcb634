/* Objects of one size: slab caches.
 *
 * Rules
 * - Any context but NMI and machine check. Objects are not cleared, and come from memory near the CPU that asks.
 * - An object goes back to the cache it came from. Freeing what is not an object of the cache, or is free, is a panic;
 *   found in every build when the object reaches its slab, at once in builds without NDEBUG.
 * - Builds without NDEBUG (SLAB_DEBUG) put red zones around objects, fill free ones with a pattern and check it, and
 *   know who allocated each one. */
#ifndef KERNEL_MM_SLAB_H
#define KERNEL_MM_SLAB_H

#include "kernel/mm/frames.h"
#include "kernel/sync/spinlock.h"

#ifdef NDEBUG
#define SLAB_DEBUG false
#else
#define SLAB_DEBUG true
#endif

#define SLAB_NO_OBJECT	0xffffu
#define SLAB_CACHES_MAX	128u

struct slab_cache {
	const char *name;
	uint32_t size;			/* of an object, as asked for */
	uint32_t stride;		/* from one object to the next */
	uint32_t offset;		/* of the object in its stride: after the red zone */
	uint32_t link;			/* of the link to the next free object in the stride */
	uint16_t per_slab;
	uint16_t index;			/* of its magazines, SLAB_CACHES_MAX for none */
	uint16_t magazine_room;		/* objects a CPU keeps at most */
	uint8_t order;			/* a slab has 2^order frames */
	uint64_t secret;		/* links are encoded with it */
	struct slab_cache *next;	/* of all caches; never taken out */

	struct spinlock lock;		/* for all below */
	struct frame *partial GUARDED_BY(&lock), *full GUARDED_BY(&lock);	/* slabs with and without free objects, by their head frames */
	uint32_t slabs GUARDED_BY(&lock), empty GUARDED_BY(&lock);		/* of all slabs, those without a used object */
	uint64_t used;			/* objects out of their slabs: allocated, or in a magazine */
};

/* Before any other; and on each CPU before it asks for objects. */
void slab_init(void);
void slab_init_cpu(void);

/* A cache for objects of a size (1 to 8192 bytes), aligned to a power of two up to 4096 (16 for smaller ones). For
 * ever; NULL where there is no memory, or there are SLAB_CACHES_MAX. */
struct slab_cache *slab_cache_create(const char *name, uint32_t size, uint32_t align);

/* An object; NULL where there is none. */
void *slab_alloc(struct slab_cache *cache);
void slab_free(struct slab_cache *cache, void *object);

/* The same for kmalloc: `size` of the object's bytes are asked for, by `site`. */
void *slab_alloc_from(struct slab_cache *cache, uint32_t size, vaddr_t site);
void slab_free_from(struct slab_cache *cache, void *object, vaddr_t site);

/* Set up a cache whose memory the caller has. */
void slab_cache_init(struct slab_cache *cache, const char *name, uint32_t size, uint32_t align);

/* All caches, for those who report. */
struct slab_cache *slab_caches(void);

/* Objects of a cache that are allocated: exact where no other CPU is at it. */
uint64_t slab_live(struct slab_cache *cache);

#endif
