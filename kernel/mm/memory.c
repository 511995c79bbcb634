/* The order in which the parts come up, and the account of it all: `mem`.
 *
 * RAM is either as the firmware's map has it, or was given to the zones, and each frame of a zone is free, allocated
 * for something, holds struct frames, or is of no use. What was given to bootmem and not to a zone later was taken at
 * boot. */
#include "kernel/mm/memory.h"

#include <abi/linux/errno.h>
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "kernel/core/monitor.h"
#include "kernel/core/sysrq.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/kstack.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmap.h"
#include "kernel/mm/zones.h"
#include "lib/string.h"

void memory_init(void)
{
	numa_init();
	frames_init();
	slab_init();
	memory_init_cpu();
	kmalloc_init();
	vmap_init();
	kstack_init();
}

void memory_init_cpu(void)
{
	frames_init_cpu();
	slab_init_cpu();
}

void memory_near_cpu(uint32_t apic_id)
{
	frames_near_cpu(apic_id);
}

uint64_t memory_total(void)
{
	uint64_t total = 0;

	for (unsigned type = 0; type < MEM_TYPE_COUNT; type++)
		if (memmap_is_ram(type))
			total += memory_map_total(type);
	return total;
}

/* Bytes of a type that may be handed out: from 1 MiB up, as far as the direct map goes. */
static uint64_t within_reach(enum mem_type type)
{
	const struct mem_range *ranges;
	size_t count = memory_map_get(&ranges);
	uint64_t bytes = 0;

	for (const struct mem_range *r = ranges; r < ranges + count; r++) {
		paddr_t base = MAX(r->base, MIB(1)), end = MIN(r->base + r->size, HANDOFF_DIRECT_MAP_SIZE);
		bytes += r->type == type && end > base ? end - base : 0;
	}
	return bytes;
}

/* Sums over all zones, in frames. */
struct zone_sums {
	uint64_t given, free, scattered, array;
};

static struct zone_sums zones_sum(void)
{
	struct zone_sums sums = { 0 };

	for (unsigned i = 0; i < zones_count(); i++) {
		const struct zone *z = zone_at(i);
		sums.given += z->frames;
		sums.free += zone_free_frames(z);
		sums.scattered += z->scattered_frames;
		sums.array += z->array_frames;
	}
	return sums;
}

void memory_explain(void (*line)(void *context, const char *what, uint64_t bytes), void *context)
{
	static const char *const names[FRAME_USES] = {
		[FRAME_CACHED] = "free, in the caches of CPUs", [FRAME_RETIRED] = "retired: bad",
		[FRAME_KERNEL] = "kernel", [FRAME_SLAB] = "kernel objects (see slab)", [FRAME_LARGE] = "large kernel blocks",
		[FRAME_VMALLOC] = "scattered kernel blocks", [FRAME_STACK] = "kernel stacks", [FRAME_TABLE] = "page tables",
	};
	struct zone_sums zones = zones_sum();
	uint64_t used[FRAME_USES], usable = within_reach(MEM_USABLE);

	frames_count(used);
	for (unsigned type = MEM_BOOT_SERVICES; type < MEM_TYPE_COUNT; type++)
		if (memmap_is_ram(type))
			line(context, memmap_type_name(type),
			     memory_map_total(type) - (type == MEM_BOOT_SERVICES ? frames_reclaimed() : 0));
	line(context, "usable, but under 1 MiB or out of reach: left alone", memory_map_total(MEM_USABLE) - usable);
	line(context, "taken at boot", usable - (zones.given * PAGE_SIZE - frames_reclaimed()));
	line(context, "what is known of each frame", zones.array * PAGE_SIZE);
	line(context, "too scattered to use", zones.scattered * PAGE_SIZE);
	for (unsigned use = 0; use < FRAME_USES; use++)
		if (names[use])
			line(context, names[use], used[use] * PAGE_SIZE);
	line(context, "free", zones.free * PAGE_SIZE);
}

static void mem_line(void *context, const char *what, uint64_t bytes)
{
	uint64_t *sum = context;

	if (bytes)
		monitor_printf("%12llu KiB  %s\n", (unsigned long long)bytes / 1024, what);
	*sum += bytes;
}

static void log_line(void *context, const char *what, uint64_t bytes)
{
	if (bytes)
		pr_notice("memory: %llu KiB %s", (unsigned long long)bytes / 1024, what);
}

static void memory_log(void)
{
	memory_explain(log_line, NULL);
}
SYSRQ('m', memory, "shows what memory is used for", memory_log);

static void print_zones(void)
{
	for (unsigned i = 0; i < zones_count(); i++) {
		const struct zone *z = zone_at(i);
		if (z->frames)
			monitor_printf("%12llu KiB  of node %u, %s 4 GiB: %llu KiB free\n", (unsigned long long)z->frames * 4,
				       zone_node(i), zone_is_low(i) ? "under" : "over", (unsigned long long)zone_free_frames(z) * 4);
	}
}

static int mem_command(int argc, char **argv)
{
	uint64_t sum = 0;

	memory_explain(mem_line, &sum);
	monitor_printf("%12llu KiB  RAM in all\n\n", (unsigned long long)sum / 1024);
	print_zones();
	if (failure_count())
		monitor_printf("%llu requests for memory could not be met\n", (unsigned long long)failure_count());
	return 0;
}
MONITOR_COMMAND(mem, "", "what the machine's memory is used for", mem_command,
	.text = "All RAM that the firmware named, by use; the rows add up. Below, what may be handed out, by memory node "
		"and by whether 32-bit devices reach it. map shows the firmware's own view.");
