/* The tables speak of proximity domains, which may be any 32-bit numbers; nodes are their indices in the order in which
 * memory first names them. A domain that has CPUs only is no node: its CPUs count as node 0's.
 *
 * Nothing says that the table's ranges are sorted or do not overlap. They are sorted by address here, and of two that
 * overlap the one that starts first keeps what both name. */
#include "kernel/mm/numa.h"

#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/mm/bootmem.h"
#include "lib/string.h"

#define RANGES_MOST 8192u	/* real machines have a few for each node; sorting takes the square of a disordered number */
#define NODES_MOST 2048u	/* a zone's number has 12 bits, and a node has two zones */

struct node_range {
	paddr_t base, end;
	uint16_t node;
};

static struct acpi_table srat, slit;
static struct node_range *ranges;
static unsigned range_count;
static uint32_t *domains;	/* by node */
static unsigned node_count = 1;
static bool slit_known;

static bool memory_next(size_t *position, struct acpi_srat_memory *ret)
{
	while (acpi_srat_next_memory(&srat, position, ret))
		if (ret->enabled && !ret->nonvolatile)
			return true;
	return false;
}

/* The index of a domain, node_count where it has none yet. */
static unsigned domain_index(uint32_t domain)
{
	unsigned i = 0;

	while (i < node_count && domains[i] != domain)
		i++;
	return i;
}

static void range_insert(const struct acpi_srat_memory *m, unsigned node)
{
	unsigned at = range_count++;

	for (; at && ranges[at - 1].base > m->base; at--)
		ranges[at] = ranges[at - 1];
	ranges[at] = (struct node_range){ m->base, m->base + m->size, (uint16_t)node };
}

static void read_memory(void)
{
	struct acpi_srat_memory m;

	node_count = 0;
	for (size_t position = 0; range_count < RANGES_MOST && memory_next(&position, &m);) {
		unsigned node = domain_index(m.domain);
		if (node == NODES_MOST)
			continue;
		if (node == node_count)
			domains[node_count++] = m.domain;
		range_insert(&m, node);
	}
	for (unsigned i = 1; i < range_count; i++)
		ranges[i].base = MAX(ranges[i].base, MIN(ranges[i - 1].end, ranges[i].end));
}

void numa_init(void)
{
	struct acpi_srat_memory m;
	unsigned count = 0;

	if (firmware_table("SRAT", 0, &srat))
		return;
	slit_known = !firmware_table("SLIT", 0, &slit);
	for (size_t position = 0; count < RANGES_MOST && memory_next(&position, &m);)
		count++;
	if (!count)
		return;
	ranges = bootmem_alloc(count * sizeof(*ranges), 8);
	domains = bootmem_alloc(MIN(count, NODES_MOST) * sizeof(*domains), 8);
	if (!ranges || !domains) {
		pr_warn("numa: no memory for %u ranges", count);
		return;
	}
	read_memory();
	pr_info("numa: %u nodes in %u ranges", node_count, range_count);
}

unsigned numa_node_count(void)
{
	return node_count;
}

unsigned numa_node_of(paddr_t address, paddr_t *ret_end)
{
	for (unsigned i = 0; i < range_count; i++) {
		if (address >= ranges[i].end)
			continue;
		bool inside = address >= ranges[i].base;
		*ret_end = inside ? ranges[i].end : ranges[i].base;
		return inside ? ranges[i].node : 0;
	}
	*ret_end = ~0ull;
	return 0;
}

unsigned numa_border_count(void)
{
	return 2 * range_count;
}

unsigned numa_node_of_apic(uint32_t apic_id)
{
	struct acpi_srat_cpu cpu;

	for (size_t position = 0; range_count && acpi_srat_next_cpu(&srat, &position, &cpu);)
		if (cpu.enabled && cpu.apic_id == apic_id && domain_index(cpu.domain) < node_count)
			return domain_index(cpu.domain);
	return 0;
}

unsigned numa_distance(unsigned from, unsigned to)
{
	if (slit_known && domains)
		return acpi_slit_distance(&slit, domains[from], domains[to]);
	return from == to ? ACPI_DISTANCE_LOCAL : ACPI_DISTANCE_REMOTE;
}
