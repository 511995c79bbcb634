/* Fixed-size blocks: a slab cache for each of a few sizes, two to each power of two, so that at most a third is waste.
 * More than the largest is whole blocks of frames, kept on a list so that a leak of one can be named. */
#include "kernel/mm/kmalloc.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/bench.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slab_debug.h"
#include "lib/string.h"

#define CLASS_MOST	3072u
#define SMALL_MOST	256u	/* up to here the class is looked up, in steps of 16 */

static const struct { uint32_t size; const char *name; } classes[] = {
	{ 16, "kmalloc-16" }, { 32, "kmalloc-32" }, { 48, "kmalloc-48" }, { 64, "kmalloc-64" }, { 96, "kmalloc-96" },
	{ 128, "kmalloc-128" }, { 192, "kmalloc-192" }, { 256, "kmalloc-256" }, { 384, "kmalloc-384" },
	{ 512, "kmalloc-512" }, { 768, "kmalloc-768" }, { 1024, "kmalloc-1024" }, { 1536, "kmalloc-1536" },
	{ 2048, "kmalloc-2048" }, { CLASS_MOST, "kmalloc-3072" },
};

/* The index into classes for each 16 bytes up to SMALL_MOST. */
static const uint8_t small_class[SMALL_MOST / 16] = { 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7 };

static struct slab_cache caches[ARRAY_SIZE(classes)];
static struct spinlock large_lock = SPINLOCK("large allocations");
static struct frame *large GUARDED_BY(&large_lock);

void kmalloc_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
		slab_cache_init(&caches[i], classes[i].name, classes[i].size, 16);
}

/* From 256 on there are two classes to a power of two, 1.5 times and 2 times the one before. */
static unsigned class_of(uint32_t size)
{
	if (size <= SMALL_MOST)
		return small_class[(size + !size - 1) / 16];
	unsigned power = 31 - (unsigned)__builtin_clz(size - 1);	/* 2^power < size <= 2^(power + 1) */
	return 8 + 2 * (power - 8) + (size > 3u << (power - 1));
}

static void *large_alloc(size_t size, vaddr_t site)
{
	unsigned order = 0;

	while (order <= BUDDY_ORDER_MAX && PAGE_SIZE << order < size)
		order++;
	paddr_t block = 0;
	if (!order)
		block = frame_alloc(FRAME_LARGE);
	else if (order <= BUDDY_ORDER_MAX)
		block = frames_alloc(order, FRAMES_ANYWHERE, FRAME_LARGE);
	if (!block)
		return NULL;
	struct frame *f = frame_of(block);
	f->site = site;
	f->sequence = slab_debug_next();
	uint64_t irq = spin_lock_irqsave(&large_lock);
	f->prev = NULL;
	f->next = large;
	if (large)
		large->prev = f;
	large = f;
	spin_unlock_irqrestore(&large_lock, irq);
	return phys_to_virt(block);
}

static void large_free(struct frame *f)
{
	uint64_t irq = spin_lock_irqsave(&large_lock);

	if (f->next)
		f->next->prev = f->prev;
	if (f->prev)
		f->prev->next = f->next;
	else
		large = f->next;
	spin_unlock_irqrestore(&large_lock, irq);
	frames_free(frame_address(f));
}

/* Inlined for certain: one call and a frame less on the way of each allocation. */
static inline __attribute__((always_inline)) void *alloc_from(size_t size, vaddr_t site)
{
	if (size > CLASS_MOST)
		return large_alloc(size, site);
	return slab_alloc_from(&caches[class_of((uint32_t)size)], (uint32_t)size, site);
}

void *kmalloc(size_t size)
{
	return alloc_from(size, (vaddr_t)__builtin_return_address(0));
}

void *kzalloc(size_t size)
{
	void *memory = alloc_from(size, (vaddr_t)__builtin_return_address(0));

	return memory ? memset(memory, 0, size) : NULL;
}

/* What is not in the direct map has no struct frame. */
static struct frame *frame_of_memory(const void *memory)
{
	if (virt_to_phys(memory) >= HANDOFF_DIRECT_MAP_SIZE)
		panic("kmalloc: %p was not allocated here", memory);
	return frame_of(virt_to_phys(memory));
}

void kfree(void *memory)
{
	if (!memory)
		return;
	struct frame *f = frame_of_memory(memory);
	if (f->use == FRAME_SLAB)
		slab_free_from(f->cache, memory, (vaddr_t)__builtin_return_address(0));
	else if (f->use == FRAME_LARGE && IS_ALIGNED((vaddr_t)memory, PAGE_SIZE))
		large_free(f);
	else
		panic("kmalloc: %p is freed, but it is not allocated", memory);
}

size_t kmalloc_room(const void *memory)
{
	const struct frame *f = frame_of_memory(memory);

	return f->use == FRAME_SLAB ? f->cache->size : PAGE_SIZE << f->order;
}

uint32_t kmalloc_mark(void)
{
	return slab_debug_sequence();
}

unsigned kmalloc_leaks(uint32_t mark)
{
	unsigned count = SLAB_DEBUG ? slab_debug_leaks(mark) : 0;
	char site[SYMBOL_TEXT];

	uint64_t irq = spin_lock_irqsave(&large_lock);
	for (const struct frame *f = SLAB_DEBUG ? large : NULL; f; f = f->next) {
		if ((int32_t)(f->sequence - mark) <= 0)
			continue;
		count++;
		pr_err("kmalloc: leak: a block of %llu KiB, allocated by %s", (PAGE_SIZE << f->order) / 1024,
		       symbol_text(f->site - 1, site));
	}
	spin_unlock_irqrestore(&large_lock, irq);
	return count;
}

#define BENCH_PAIRS 1000u

static int kmalloc_bench(void)
{
	void *other = kmalloc(64);	/* the magazine is not empty, then */
	uint64_t start = cpu_ticks();

	for (unsigned i = 0; i < BENCH_PAIRS; i++)
		kfree(kmalloc(64));
	kfree(other);
	bench_report("kmalloc_pair", (cpu_ticks() - start) / BENCH_PAIRS, "ticks");
	return 0;
}
BENCH(machine, "kmalloc: 64 bytes allocated and freed", kmalloc_bench);
