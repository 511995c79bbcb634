/* Each CPU has a stack of free frames, filled from and emptied to the zones by halves: a frame that was just freed is
 * the next to be handed out, and the zones' locks are taken once for many frames. Interrupts are off while the stack is
 * touched, and that is all the locking there is.
 *
 * A frame of another node goes back to its zone at once, so that a CPU's stack keeps what is near.
 *
 * Requests that do not care take memory under 4 GiB last, and leave a reserve there, where there is memory over it. */
#include "kernel/mm/frames.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/core/assert.h"
#include "kernel/core/bench.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "kernel/mm/bootmem.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/zones.h"
#include "lib/string.h"

#define CACHE_MOST	64u
#define CACHE_BATCH	(CACHE_MOST / 2)
#define LOW_RESERVE	(MIB(32) / PAGE_SIZE)

/* Its own CPU's; others read the counters. */
struct frame_cache {
	uint32_t count;
	uint32_t node;
	struct frame *frames[CACHE_MOST];
	int64_t used[FRAME_USES];	/* allocated less freed on this CPU: true only in sum over all */
	struct frame_cache *next;	/* of all CPUs' */
};

static PERCPU(struct frame_cache, frame_cache);
static struct frame_cache *caches;	/* atomic */
static uint16_t *zone_order;		/* for each node all zones, the nearest first */
static bool has_high;			/* there is memory over 4 GiB */
static uint64_t reclaimed;

static uint64_t zone_reserve(unsigned index, enum frames_where where)
{
	return where == FRAMES_ANYWHERE && has_high && zone_is_low(index) ? MIN(zone_at(index)->frames / 8, LOW_RESERVE) : 0;
}

static struct frame *block_alloc(const struct frame_cache *c, unsigned order, enum frames_where where)
{
	struct frame *f = NULL;

	for (unsigned i = 0; i < zones_count() && !f; i++) {
		unsigned index = zone_order[c->node * zones_count() + i];
		if (where == FRAMES_ANYWHERE || zone_is_low(index))
			f = zone_alloc(zone_at(index), order, zone_reserve(index, where));
	}
	return f;
}

static bool cache_fill(struct frame_cache *c)
{
	for (unsigned i = 0; i < zones_count() && !c->count; i++) {
		unsigned index = zone_order[c->node * zones_count() + i];
		c->count = zone_alloc_many(zone_at(index), c->frames, CACHE_BATCH, zone_reserve(index, FRAMES_ANYWHERE));
	}
	for (unsigned i = 0; i < c->count; i++)
		c->frames[i]->use = FRAME_CACHED;
	return c->count != 0;
}

/* To its zone, or out of use for good. */
static void block_free(struct frame *f)
{
	unsigned order = f->order;
	struct zone *z = zone_at(f->zone);

	zone_free(z, f, order);
	for (unsigned i = 0; i < 1u << order; i++)
		if (f[i].bad)
			zone_retire(z, (uint64_t)(f + i - frame_of(0)));
}

/* The oldest go, down to `left`. */
static void cache_empty(struct frame_cache *c, unsigned left)
{
	unsigned gone = c->count - left;

	for (unsigned i = 0; i < gone; i++)
		block_free(c->frames[i]);
	for (unsigned i = 0; i < left; i++)
		c->frames[i] = c->frames[i + gone];
	c->count = left;
}

/* The cache is empty, or has a bad frame on top. Not inlined, so that the usual case saves no registers for it. */
static __attribute__((noinline)) paddr_t alloc_slow(enum frame_use use, vaddr_t site)
{
	uint64_t irq = cpu_irq_save();
	struct frame_cache *c = &this_cpu(frame_cache);

	while (c->count || cache_fill(c)) {
		struct frame *f = c->frames[--c->count];
		if (f->bad) {
			block_free(f);
			continue;
		}
		f->use = use;
		c->used[use]++;
		cpu_irq_restore(irq);
		return frame_address(f);
	}
	cpu_irq_restore(irq);
	failure_report("frame", PAGE_SIZE, site);
	return 0;
}

paddr_t frame_alloc(enum frame_use use)
{
	if (failure_is_due())
		return 0;
	uint64_t irq = cpu_irq_save();
	struct frame_cache *c = &this_cpu(frame_cache);
	struct frame *f = c->count ? c->frames[c->count - 1] : NULL;
	if (f && !f->bad) {
		c->count--;
		f->use = use;
		c->used[use]++;
		cpu_irq_restore(irq);
		return frame_address(f);
	}
	cpu_irq_restore(irq);
	return alloc_slow(use, (vaddr_t)__builtin_return_address(0));
}

/* Everything but the usual case. */
static __attribute__((noinline)) void free_slow(struct frame *f)
{
	static const char *const what[] = {
		[FRAME_NONE] = "not the start of a block", [FRAME_FREE] = "free", [FRAME_CACHED] = "free", [FRAME_RETIRED] = "retired",
	};
	uint64_t irq = cpu_irq_save();
	struct frame_cache *c = &this_cpu(frame_cache);

	if (f->use < FRAME_KERNEL)
		panic("memory: the frame at %#llx is freed, but it is %s", (unsigned long long)frame_address(f), what[f->use]);
	c->used[f->use] -= 1ll << f->order;
	if (f->order || f->bad || zone_node(f->zone) != c->node) {
		block_free(f);
	} else {
		if (c->count == CACHE_MOST)
			cache_empty(c, CACHE_BATCH);
		f->use = FRAME_CACHED;
		c->frames[c->count++] = f;
	}
	cpu_irq_restore(irq);
}

void frame_free(paddr_t address)
{
	struct frame *f = frame_of(address);
	uint64_t irq = cpu_irq_save();
	struct frame_cache *c = &this_cpu(frame_cache);

	if (f->use >= FRAME_KERNEL && !f->bad && !f->order && zone_node(f->zone) == c->node && c->count < CACHE_MOST) {
		c->used[f->use]--;
		f->use = FRAME_CACHED;
		c->frames[c->count++] = f;
		cpu_irq_restore(irq);
		return;
	}
	cpu_irq_restore(irq);
	free_slow(f);
}

static paddr_t block_take(unsigned order, enum frames_where where, enum frame_use use)
{
	ASSERT(order <= BUDDY_ORDER_MAX);
	uint64_t irq = cpu_irq_save();
	struct frame_cache *c = &this_cpu(frame_cache);
	struct frame *f = block_alloc(c, order, where);
	if (!f && c->count) {	/* what this CPU keeps may be what the block lacks */
		cache_empty(c, 0);
		f = block_alloc(c, order, where);
	}
	if (f) {
		f->use = use;
		c->used[use] += 1ll << order;
	}
	cpu_irq_restore(irq);
	return f ? frame_address(f) : 0;
}

paddr_t frames_alloc(unsigned order, enum frames_where where, enum frame_use use)
{
	if (failure_is_due())
		return 0;
	paddr_t block = block_take(order, where, use);
	if (!block)
		failure_report("block", PAGE_SIZE << order, (vaddr_t)__builtin_return_address(0));
	return block;
}

paddr_t frames_alloc_rest(unsigned order, enum frames_where where, enum frame_use use)
{
	return failure_is_due() ? 0 : block_take(order, where, use);
}

void frames_free(paddr_t block)
{
	frame_free(block);
}

/* The zones as a CPU of this node wants them: by distance, and under 4 GiB last on each node. */
static void order_zones(unsigned node)
{
	uint16_t *order = zone_order + node * zones_count();

	for (unsigned i = 0; i < zones_count(); i++) {
		unsigned zone = i ^ 1, at = i;	/* the high one first */
		for (; at && numa_distance(node, zone_node(order[at - 1])) > numa_distance(node, zone_node(zone)); at--)
			order[at] = order[at - 1];
		order[at] = (uint16_t)zone;
	}
}

/* Calls give for each range of a type that may be handed out, cut at 1 MiB and at the end of the direct map. */
static void give(paddr_t base, uint64_t size)
{
	if (base + size > GIB(4))
		has_high = true;
	zones_give(base, size);
}

static paddr_t table_frame(void)
{
	return frame_alloc(FRAME_TABLE);
}

void frames_init(void)
{
	const struct mem_range *ranges;
	size_t nodes = numa_node_count();

	zones_init(memory_map_get(&ranges) + 1);
	zone_order = bootmem_alloc(nodes * zones_count() * sizeof(*zone_order), 8);
	if (!zone_order)
		panic("memory: none for the order of %u zones", zones_count());
	for (unsigned node = 0; node < nodes; node++)
		order_zones(node);
	bootmem_close(give);
	mmu_set_frames(table_frame);
}

void frames_init_cpu(void)
{
	struct frame_cache *c = &this_cpu(frame_cache);

	memset(c, 0, sizeof(*c));
	c->next = __atomic_load_n(&caches, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&caches, &c->next, c, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

void frames_near_cpu(uint32_t apic_id)
{
	uint64_t irq = cpu_irq_save();

	this_cpu(frame_cache).node = numa_node_of_apic(apic_id);
	cpu_irq_restore(irq);
}

/* A stretch without the pages of what is still read: tables that some firmware left there. */
static void reclaim(paddr_t base, paddr_t end)
{
	const struct handoff_framebuffer *fb = &boot_info()->framebuffer;

	if (fb->base < end && fb->base + fb->size > base) {
		pr_info("memory: boot services memory at %#llx holds the framebuffer", (unsigned long long)base);
		return;
	}
	while (base < end) {	/* not in whole pages: the next table may begin where the last one ended */
		paddr_t table = end, first = ALIGN_UP(base, PAGE_SIZE), next;
		uint64_t size = 0;
		firmware_next_in(base, end, &table, &size);
		next = ALIGN_DOWN(table, PAGE_SIZE);
		if (next > first) {
			give(first, next - first);
			reclaimed += next - first;
		}
		base = table + MAX(size, 1ull);
	}
}

void frames_reclaim_boot_services(void)
{
	const struct mem_range *ranges;
	size_t count = memory_map_get(&ranges);

	for (const struct mem_range *r = ranges; r < ranges + count; r++)
		if (r->type == MEM_BOOT_SERVICES && !r->runtime)
			reclaim(MAX(r->base, MIB(1)), MIN(r->base + r->size, HANDOFF_DIRECT_MAP_SIZE));
	pr_info("memory: %llu KiB of boot services memory reclaimed", (unsigned long long)reclaimed / 1024);
}

uint64_t frames_reclaimed(void)
{
	return reclaimed;
}

static bool is_ours(paddr_t frame)
{
	const struct mem_range *r = memory_map_find(frame);

	return r && frame >= MIB(1) && frame < HANDOFF_DIRECT_MAP_SIZE &&
	       (r->type == MEM_USABLE || (r->type == MEM_BOOT_SERVICES && reclaimed));
}

int frame_retire(paddr_t frame)
{
	paddr_t unused;
	struct zone *z = zone_at(2 * numa_node_of(frame, &unused) + (frame >= GIB(4)));

	if (!is_ours(frame))
		return -EINVAL;
	if (zone_retire(z, frame / PAGE_SIZE))
		return 0;
	if (!mmu_translate((vaddr_t)frame_of(frame), &unused) || frame_of(frame)->use == FRAME_RETIRED)
		return -EINVAL;
	frame_of(frame)->bad = 1;
	return -EBUSY;
}

void frames_count(uint64_t ret[FRAME_USES])
{
	memset(ret, 0, FRAME_USES * sizeof(*ret));
	for (struct frame_cache *c = __atomic_load_n(&caches, __ATOMIC_ACQUIRE); c; c = c->next) {
		ret[FRAME_CACHED] += c->count;
		for (unsigned use = FRAME_KERNEL; use < FRAME_USES; use++)
			ret[use] += (uint64_t)c->used[use];
	}
	for (unsigned i = 0; i < zones_count(); i++)
		ret[FRAME_RETIRED] += zone_at(i)->retired_frames;
}

uint64_t frames_free_bytes(void)
{
	uint64_t frames = 0;

	for (struct frame_cache *c = __atomic_load_n(&caches, __ATOMIC_ACQUIRE); c; c = c->next)
		frames += c->count;
	for (unsigned i = 0; i < zones_count(); i++)
		frames += zone_free_frames(zone_at(i));
	return frames * PAGE_SIZE;
}

#define BENCH_PAIRS 1000u

static int frame_bench(void)
{
	frame_free(frame_alloc(FRAME_KERNEL));	/* fills the cache */
	uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < BENCH_PAIRS; i++)
		frame_free(frame_alloc(FRAME_KERNEL));
	bench_report("frame_pair", (cpu_ticks() - start) / BENCH_PAIRS, "ticks");
	return 0;
}
BENCH(machine, "frames: one allocated and freed", frame_bench);
