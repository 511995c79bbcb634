/* Normalised once, in the room that the loader left for it; everything about physical memory is asked here. */
#include "kernel/core/memory_map.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/panic.h"

static const struct mem_range *ranges;
static size_t range_count;

/* Leave out what the CPU has no address bits for, whatever the firmware says; the ranges are sorted. */
static size_t cut_at_limit(struct mem_range *r, size_t count, paddr_t limit)
{
	size_t before = count;

	while (count && r[count - 1].base >= limit)
		count--;
	if (count && r[count - 1].base + r[count - 1].size > limit)
		r[count - 1].size = limit - r[count - 1].base;
	if (count < before)
		pr_warn("memory: %zu ranges from %#llx on are beyond the CPU's addresses", before - count,
			(unsigned long long)limit);
	return count;
}

void memory_map_init(void)
{
	const struct handoff *h = boot_info();
	char *scratch = phys_to_virt(h->scratch);
	size_t work = ALIGN_UP(memmap_scratch_size(h->memory_map_size, h->descriptor_size), 8);
	struct mem_range *ret = (struct mem_range *)(scratch + work);
	struct mem_report report;

	if (work > h->scratch_size)
		panic("memory: the map has %u bytes, more than the loader left room for", h->memory_map_size);
	int count = memmap_normalise(phys_to_virt(h->memory_map), h->memory_map_size, h->descriptor_size, scratch, work, ret,
				     (h->scratch_size - work) / sizeof(*ret), &report);
	if (count <= 0)
		panic("memory: the firmware's map cannot be used (%d)", count);
	ranges = ret;
	range_count = cut_at_limit(ret, (size_t)count, mmu_physical_limit());
	pr_info("memory: %u descriptors of %u bytes, %d ranges", report.descriptors, h->descriptor_size, count);
	if (report.zero_length | report.wrapping | report.misaligned | report.overlapping | report.unknown)
		pr_warn("memory: faults in the firmware's map: %u empty, %u wrapping, %u misaligned, %u overlapping, %u unknown",
			report.zero_length, report.wrapping, report.misaligned, report.overlapping, report.unknown);
}

size_t memory_map_get(const struct mem_range **ret)
{
	*ret = ranges;
	return range_count;
}

const struct mem_range *memory_map_find(paddr_t address)
{
	size_t low = 0, high = range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (address < ranges[middle].base)
			high = middle;
		else if (address - ranges[middle].base < ranges[middle].size)
			return &ranges[middle];
		else
			low = middle + 1;
	}
	return NULL;
}

uint64_t memory_map_total(enum mem_type type)
{
	uint64_t total = 0;

	for (size_t i = 0; i < range_count; i++)
		total += ranges[i].type == type ? ranges[i].size : 0;
	return total;
}

static int map_command(int argc, char **argv)
{
	for (size_t i = 0; i < range_count; i++) {
		const struct mem_range *r = &ranges[i];
		monitor_printf("%016llx-%016llx %10llu KiB  %s%s\n", (unsigned long long)r->base,
			       (unsigned long long)(r->base + r->size - 1), (unsigned long long)(r->size / 1024),
			       memmap_type_name(r->type), r->runtime ? " (kept for the firmware)" : "");
	}
	return 0;
}
MONITOR_COMMAND(map, "", "physical memory as the firmware described it, normalised", map_command,
	.text = "Sorted, without overlaps, neighbours of one kind joined. What no row names is a device's, or nothing.");
