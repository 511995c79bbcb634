/* MMU_VMAP is handed out in stretches by lib/ranges.c: the lowest gap that fits, in logarithmic time however many there
 * are. A stretch of vmalloc() holds its frames as a chain through their struct frames, so that freeing needs neither
 * memory nor a walk of the page tables. Addresses are given back after all CPUs have forgotten them (mmu_unmap). */
#include "kernel/mm/vmap.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/bench.h"
#include "kernel/core/panic.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/slab.h"
#include "lib/ranges.h"

struct area {
	struct range range;		/* first: the tree's nodes are areas */
	struct frame *frames;		/* vmalloc's, a chain by ->next */
	uint64_t bytes;			/* mapped by vmalloc */
};

static struct spinlock lock = SPINLOCK("vmap");
static struct ranges ranges GUARDED_BY(&lock);
static struct slab_cache *area_cache;

static struct area *area_new(uint64_t size, uint64_t align)
{
	struct area *area = slab_alloc(area_cache);

	if (!area)
		return NULL;
	*area = (struct area){ 0 };
	uint64_t irq = spin_lock_irqsave(&lock);
	bool found = ranges_take(&ranges, &area->range, size, align);
	spin_unlock_irqrestore(&lock, irq);
	if (!found) {
		slab_free(area_cache, area);
		return NULL;
	}
	return area;
}

static struct area *area_find(vaddr_t at)
{
	uint64_t irq = spin_lock_irqsave(&lock);
	struct range *range = ranges_find(&ranges, at);

	spin_unlock_irqrestore(&lock, irq);
	return (struct area *)range;
}

static void area_delete(struct area *area)
{
	uint64_t irq = spin_lock_irqsave(&lock);

	ranges_give(&ranges, &area->range);
	spin_unlock_irqrestore(&lock, irq);
	slab_free(area_cache, area);
}

static vaddr_t device_take(uint64_t size, uint64_t align)
{
	struct area *area = area_new(size, align);

	return area ? area->range.start : 0;
}

/* What was mapped before vmap_init has no area. */
static void device_give(vaddr_t at)
{
	struct area *area = area_find(at);

	if (area)
		area_delete(area);
}

void vmap_init(void)
{
	area_cache = slab_cache_create("vmap-area", sizeof(struct area), 0);
	if (!area_cache)
		panic("memory: none for the list of kernel mappings");
	/* No address is handed out between the two: one CPU runs, and nothing here maps. */
	vaddr_t start = mmu_set_vmap(device_take, device_give);
	ranges_init(&ranges, start, MMU_VMAP + MMU_VMAP_SIZE - start);
}

/* Map one more frame at the area's end. */
static bool area_grow(struct area *area)
{
	paddr_t frame = frame_alloc(FRAME_VMALLOC);

	if (!frame)
		return false;
	frame_of(frame)->next = area->frames;
	area->frames = frame_of(frame);
	if (mmu_map(area->range.start + area->bytes, frame, PAGE_SIZE))
		return false;
	area->bytes += PAGE_SIZE;
	return true;
}

static void area_free(struct area *area)
{
	if (area->bytes)
		mmu_unmap(area->range.start, area->bytes);
	for (struct frame *f = area->frames, *next; f; f = next) {
		next = f->next;
		frame_free(frame_address(f));
	}
	area_delete(area);
}

void *vmalloc(uint64_t size)
{
	uint64_t bytes = ALIGN_UP(size, PAGE_SIZE);
	struct area *area = size && size <= MMU_VMAP_SIZE / 2 ? area_new(bytes + PAGE_SIZE, PAGE_SIZE) : NULL;

	if (!area)
		return NULL;
	while (area->bytes < bytes) {
		if (!area_grow(area)) {
			area_free(area);
			return NULL;
		}
	}
	return (void *)area->range.start;
}

void vfree(void *memory)
{
	struct area *area = memory ? area_find((vaddr_t)memory) : NULL;

	if (memory && (!area || !area->bytes || area->range.start != (vaddr_t)memory))
		panic("vmap: %p is freed, but it is not from vmalloc", memory);
	if (area)
		area_free(area);
}

#define BENCH_PAIRS 100u

/* One page is mapped and unmapped, with its flush; addresses and memory are there already. */
static int vmap_bench(void)
{
	struct area *area = area_new(2 * PAGE_SIZE, PAGE_SIZE);
	paddr_t frame = frame_alloc(FRAME_KERNEL);
	uint64_t ticks = 0;

	for (unsigned i = 0; area && frame && i <= BENCH_PAIRS; i++) {
		uint64_t start = cpu_ticks();
		if (mmu_map(area->range.start, frame, PAGE_SIZE) == 0)
			mmu_unmap(area->range.start, PAGE_SIZE);
		ticks += i ? cpu_ticks() - start : 0;	/* the first makes tables */
	}
	bench_report("page_map_unmap", ticks / BENCH_PAIRS, "ticks");
	if (frame)
		frame_free(frame);
	if (area)
		area_delete(area);
	return 0;
}
BENCH(machine, "one page mapped and unmapped", vmap_bench);
