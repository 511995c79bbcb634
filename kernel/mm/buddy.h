/* Buddy allocator: blocks of 2^order page frames, each aligned to its size.
 *
 * Rules
 * - Pure: one struct buddy and its part of the array of struct frame, no lock, no hardware. The caller holds its lock.
 * - A block is named by its first frame's struct frame, its head. What a head says of itself is true; the others of a
 *   block have use FRAME_NONE unless the owner sets them, and the owner sets them back before it frees the block.
 * - All struct frame of a naturally aligned run of 2^BUDDY_ORDER_MAX frames exist, zeroed, before one of them is given:
 *   a frame's buddy is looked at even where it is not memory. */
#ifndef KERNEL_MM_BUDDY_H
#define KERNEL_MM_BUDDY_H

#include "lib/types.h"

#define BUDDY_ORDER_MAX	10u	/* 4 MiB */
#define BUDDY_ORDERS	(BUDDY_ORDER_MAX + 1)

enum frame_use {
	FRAME_NONE,		/* not memory of ours, or inside a block */
	FRAME_FREE,		/* head of a free block */
	FRAME_CACHED,		/* free, in a CPU's cache */
	FRAME_RETIRED,		/* bad: never handed out again */
	FRAME_KERNEL,		/* allocated, from here on; of no special kind */
	FRAME_SLAB,
	FRAME_LARGE,		/* kmalloc over the largest size class */
	FRAME_VMALLOC,
	FRAME_STACK,
	FRAME_TABLE,		/* page tables */
	FRAME_USES
};

struct slab_cache;

struct frame {
	struct frame *next, *prev;	/* a free block's list; while allocated the owner's */
	union {
		struct slab_cache *cache;	/* FRAME_SLAB, in each frame of the slab */
		vaddr_t site;			/* FRAME_LARGE: who allocated it */
	};
	union {
		struct {
			uint16_t slab_free;	/* FRAME_SLAB's head: the first free object, SLAB_NO_OBJECT where none is */
			uint16_t slab_used;
		};
		uint32_t sequence;		/* FRAME_LARGE: when */
	};
	uint8_t use;			/* enum frame_use */
	uint8_t bad;			/* to be retired when it is freed */
	uint16_t order : 4;		/* of a head */
	uint16_t zone : 12;		/* of a head: which struct buddy it belongs to */
};

_Static_assert(sizeof(struct frame) == 32, "a power of two, and 0.8 % of memory");

struct buddy {
	struct frame *frames;		/* indexed by frame number */
	struct frame *free[BUDDY_ORDERS];
	uint32_t orders;		/* bit n: free[n] is not empty */
	uint16_t zone;			/* written into heads */
	uint64_t free_frames;
};

/* A block of 2^order frames, NULL where there is none. Its use is FRAME_NONE. */
struct frame *buddy_alloc(struct buddy *b, unsigned order);

/* Give a block back, joined with its buddies as far as they are free. */
void buddy_free(struct buddy *b, struct frame *head, unsigned order);

/* Give any run of frames, as the largest blocks that fit. */
void buddy_add(struct buddy *b, uint64_t first, uint64_t count);

/* Take one certain frame out of the free ones; false where it is not free. */
bool buddy_take(struct buddy *b, uint64_t number);

#endif
