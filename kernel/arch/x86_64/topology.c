/* The place of each CPU among the others, asked of itself, and the numbers of the groups that result. */
#include "kernel/arch/topology.h"

#include "kernel/arch/x86_64/topology_decode.h"

PERCPU(struct cpu_topology, cpu_topology);

static struct cpu_topology *online(cpu_id_t id)
{
	return cpu_is_online(id) ? &cpu_of(id, cpu_topology) : NULL;
}

void topology_init_cpu(void)
{
	topology_decode(cpuid_read_checked, &this_cpu(cpu_topology));
}

void topology_number_groups(void)
{
	topology_number(percpu_count, online);
}

unsigned topology_count(enum topology_group group)
{
	uint32_t most = 0;

	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (cpu_is_online(id))
			most = MAX(most, cpu_of(id, cpu_topology).number[group]);
	return most + 1;
}

unsigned topology_cache_sharers(cpu_id_t id, const struct cpu_cache *cache)
{
	uint32_t part = cpu_of(id, cpu_topology).hardware_id >> cache->shift;
	unsigned sharers = 0;

	for (cpu_id_t other = 0; other < percpu_count; other++)
		sharers += cpu_is_online(other) && cpu_of(other, cpu_topology).hardware_id >> cache->shift == part;
	return sharers;
}
