/* Which CPUs are near each other, and their caches.
 *
 * Rules
 * - Each CPU says where it is when it comes up. The numbers of packages, cores and last-level caches are given when all
 *   have (cpus_start), and are 0 until then; nothing changes afterwards, and all may be read in any context.
 * - These numbers are dense, begin at 0 and count over the whole machine, in the order of the CPU numbers.
 * - They mean nothing for a CPU that is not online. */
#ifndef KERNEL_ARCH_TOPOLOGY_H
#define KERNEL_ARCH_TOPOLOGY_H

#include "kernel/arch/percpu.h"

#define CPU_CACHES_MAX 6

/* Groups of CPUs. Those of a core are its hardware threads; those of an LLC share a last-level cache. A machine that
 * does not say who shares has one LLC in each package. */
enum topology_group { TOPOLOGY_PACKAGE, TOPOLOGY_CORE, TOPOLOGY_LLC, TOPOLOGY_GROUPS };

/* On a machine whose cores are not alike, which kind of core. */
enum cpu_kind { CPU_KIND_ORDINARY, CPU_KIND_PERFORMANCE, CPU_KIND_EFFICIENT };

enum cpu_cache_type { CPU_CACHE_DATA = 1, CPU_CACHE_INSTRUCTION, CPU_CACHE_UNIFIED };

struct cpu_cache {
	uint8_t level, type;
	uint8_t shift;		/* CPUs whose hardware ids agree from this bit on share it */
	uint16_t ways, line;
	uint64_t size;		/* bytes */
};

struct cpu_topology {
	uint32_t hardware_id;			/* APIC id */
	uint8_t kind;
	uint8_t cache_count;
	uint8_t llc_level;			/* 0: unknown */
	uint8_t shift[TOPOLOGY_GROUPS];		/* CPUs whose hardware ids agree from this bit on are a group */
	uint32_t number[TOPOLOGY_GROUPS];	/* the group's */
	struct cpu_cache caches[CPU_CACHES_MAX];
};

/* Written by the CPU itself, then by the boot CPU alone. */
extern PERCPU(struct cpu_topology, cpu_topology);

static inline unsigned topology_package(cpu_id_t id)
{
	return cpu_of(id, cpu_topology).number[TOPOLOGY_PACKAGE];
}

static inline unsigned topology_core(cpu_id_t id)
{
	return cpu_of(id, cpu_topology).number[TOPOLOGY_CORE];
}

static inline unsigned topology_llc(cpu_id_t id)
{
	return cpu_of(id, cpu_topology).number[TOPOLOGY_LLC];
}

/* Which of its core's hardware threads it is: 0, 1, … */
static inline unsigned topology_thread(cpu_id_t id)
{
	const struct cpu_topology *t = &cpu_of(id, cpu_topology);

	return t->hardware_id & ((1u << t->shift[TOPOLOGY_CORE]) - 1);
}

/* How many groups of a kind the machine has, of CPUs that are online. */
unsigned topology_count(enum topology_group group);

/* How many CPUs that are online share a cache of this CPU. */
unsigned topology_cache_sharers(cpu_id_t id, const struct cpu_cache *cache);

/* On each CPU that comes up; and on the boot CPU, when all have. */
void topology_init_cpu(void);
void topology_number_groups(void);

#endif
