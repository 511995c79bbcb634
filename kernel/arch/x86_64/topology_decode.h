/* What CPUID says about a CPU's place and caches.
 *
 * Rules: pure. The registers may hold anything. */
#ifndef KERNEL_ARCH_X86_64_TOPOLOGY_DECODE_H
#define KERNEL_ARCH_X86_64_TOPOLOGY_DECODE_H

#include "kernel/arch/topology.h"
#include "kernel/arch/x86_64/cpuid.h"

/* As cpuid_read_checked. */
typedef struct cpuid cpuid_reader(uint32_t leaf, uint32_t subleaf);

/* All of *ret but the groups' numbers. */
void topology_decode(cpuid_reader *read, struct cpu_topology *ret);

/* Number the groups of CPUs 0 to count - 1. `of` gives NULL for one that is not there; CPUs from 1 on are in the order
 * of their hardware ids. */
void topology_number(unsigned count, struct cpu_topology *(*of)(cpu_id_t id));

#endif
