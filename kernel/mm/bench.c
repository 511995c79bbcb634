/* `bench alloc`: the ways of allocating side by side, each a pair of taking and giving back (bump: taking alone) out of
 * the state it is usually in. What each is used for stands in docs/memory-management.md. */
#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/core/bench.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmap.h"
#include "lib/bitmap.h"
#include "lib/bump.h"
#include "lib/ranges.h"

#define PAIRS	500u
#define NUMBERS	4096u
#define HELD	64u

static void bench_bump(void)
{
	uint64_t top = MIB(1), start = cpu_ticks();
	volatile uint64_t at;

	for (unsigned i = 0; i < PAIRS; i++)
		at = bump_take(PAGE_SIZE, &top, 64, 16);
	(void)at;
	bench_report("alloc_bump", (cpu_ticks() - start) / PAIRS, "ticks");
}

/* A cache without magazines: each object comes off its slab's list, under the lock. */
static void bench_linked_list(void)
{
	static struct slab_cache cache;
	void *kept = NULL;

	if (!cache.name) {
		slab_cache_init(&cache, "bench", 64, 16);
		cache.index = SLAB_CACHES_MAX;
	}
	kept = slab_alloc(&cache);
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < PAIRS; i++) {
		void *object = slab_alloc(&cache);
		if (object)
			slab_free(&cache, object);
	}
	bench_report("alloc_linked_list", (cpu_ticks() - start) / PAIRS, "ticks");
	if (kept)
		slab_free(&cache, kept);
}

static void bench_fixed_blocks(void)
{
	kfree(kmalloc(64));	/* the CPU has some, then */
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < PAIRS; i++)
		kfree(kmalloc(64));
	bench_report("alloc_fixed_blocks", (cpu_ticks() - start) / PAIRS, "ticks");
}

/* With all numbers but the last two taken. */
static int bench_bitmap(void)
{
	struct bitmap b;
	void *memory = kmalloc(bitmap_bytes(NUMBERS));

	if (!memory)
		return -ENOMEM;
	bitmap_init(&b, memory, NUMBERS);
	while (b.taken < NUMBERS - 2)
		bitmap_take(&b);
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < PAIRS; i++)
		bitmap_give(&b, (uint32_t)bitmap_take(&b));
	bench_report("alloc_bitmap", (cpu_ticks() - start) / PAIRS, "ticks");
	kfree(memory);
	return 0;
}

static void bench_buddy(void)
{
	uint64_t start = cpu_ticks();

	for (unsigned i = 0; i < PAIRS; i++) {
		paddr_t block = frames_alloc(3, FRAMES_ANYWHERE, FRAME_KERNEL);
		if (block)
			frames_free(block);
	}
	bench_report("alloc_buddy", (cpu_ticks() - start) / PAIRS, "ticks");
}

static void bench_ranges(void)
{
	struct range held[HELD];
	struct ranges r;

	ranges_init(&r, 0, GIB(1));
	for (unsigned i = 0; i < HELD - 1; i++)
		ranges_take(&r, &held[i], PAGE_SIZE, PAGE_SIZE);
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < PAIRS; i++)
		if (ranges_take(&r, &held[HELD - 1], PAGE_SIZE, PAGE_SIZE))
			ranges_give(&r, &held[HELD - 1]);
	bench_report("alloc_ranges", (cpu_ticks() - start) / PAIRS, "ticks");
}

static void bench_vmalloc(void)
{
	uint64_t start = cpu_ticks();

	for (unsigned i = 0; i < PAIRS; i++)
		vfree(vmalloc(4 * PAGE_SIZE));
	bench_report("alloc_vmalloc_16k", (cpu_ticks() - start) / PAIRS, "ticks");
}

static int alloc_bench(void)
{
	bench_bump();
	bench_linked_list();
	bench_fixed_blocks();
	bench_buddy();
	bench_ranges();
	bench_vmalloc();
	return bench_bitmap();
}
BENCH(alloc, "the ways of allocating memory, side by side", alloc_bench);
