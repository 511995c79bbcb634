/* The bump allocator takes from the top of a usable range: first of those under 4 GiB, since devices with 32-bit DMA
 * reach them, the largest first. One range has always been enough; when it is used up the next one comes, and what is
 * left of the old one stays unused. */
#include "kernel/mm/bootmem.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/log.h"
#include "kernel/core/memory_map.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"
#include "lib/string.h"

static const struct mem_range *current;
static paddr_t bottom, top;	/* its free part */
static uint64_t used, usable;

static bool range_serves(const struct mem_range *r)
{
	return r->type == MEM_USABLE && r->base >= MIB(1) && r->base + r->size <= HANDOFF_DIRECT_MAP_SIZE;
}

/* The order in which ranges are taken: no two are equal in it. */
static bool range_before(const struct mem_range *a, const struct mem_range *b)
{
	bool a_low = a->base + a->size <= GIB(4), b_low = b->base + b->size <= GIB(4);

	if (a_low != b_low)
		return a_low;
	return a->size != b->size ? a->size > b->size : a->base < b->base;
}

/* Go on to the next range; false where the current one was the last. */
static bool range_take(void)
{
	const struct mem_range *ranges, *best = NULL;
	size_t count = memory_map_get(&ranges);

	for (const struct mem_range *r = ranges; r < ranges + count; r++)
		if (range_serves(r) && (!current || range_before(current, r)) && (!best || range_before(r, best)))
			best = r;
	if (!best)
		return false;
	current = best;
	bottom = best->base;
	top = best->base + best->size;
	return true;
}

void bootmem_init(void)
{
	const struct mem_range *ranges;
	size_t count = memory_map_get(&ranges);

	for (size_t i = 0; i < count; i++)
		if (range_serves(&ranges[i]))
			usable += ranges[i].size;
	if (!range_take())
		panic("memory: the firmware's map has no usable range over 1 MiB");
}

/* A request that no range can hold leaves everything as it was, so that smaller ones go on. */
static paddr_t take(uint64_t size, uint64_t align)
{
	const struct mem_range *was_current = current;
	paddr_t was_bottom = bottom, was_top = top;

	do {
		paddr_t at = top - bottom >= size ? ALIGN_DOWN(top - size, align) : 0;
		if (at >= bottom && at) {
			used += top - at;
			return top = at;
		}
	} while (range_take());
	current = was_current;
	bottom = was_bottom;
	top = was_top;
	return 0;
}

void *bootmem_alloc(size_t size, size_t align)
{
	paddr_t at = take(size, MAX(align, (size_t)16));

	return at ? memset(phys_to_virt(at), 0, size) : NULL;
}

paddr_t bootmem_frame(void)
{
	return take(PAGE_SIZE, PAGE_SIZE);
}

uint64_t bootmem_free(void)
{
	return usable - used;
}

uint64_t bootmem_used(void)
{
	return used;
}

uint64_t memory_total(void)
{
	uint64_t total = 0;

	for (unsigned type = 0; type < MEM_TYPE_COUNT; type++)
		if (memmap_is_ram(type))
			total += memory_map_total(type);
	return total;
}

static int mem_command(int argc, char **argv)
{
	uint64_t sum = 0;

	for (unsigned type = 0; type < MEM_TYPE_COUNT; type++) {
		uint64_t bytes = memory_map_total(type);
		if (!bytes)
			continue;
		monitor_printf("%12llu KiB  %s\n", (unsigned long long)bytes / 1024, memmap_type_name(type));
		sum += memmap_is_ram(type) ? bytes : 0;
	}
	monitor_printf("%12llu KiB  RAM in all\n", (unsigned long long)sum / 1024);
	monitor_printf("%12llu KiB  free, %llu KiB taken by the kernel since it runs\n", (unsigned long long)bootmem_free() / 1024,
		       (unsigned long long)bootmem_used() / 1024);
	return 0;
}
MONITOR_COMMAND(mem, "", "what the machine's memory is used for", mem_command);
