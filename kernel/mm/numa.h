/* Which memory is near which CPU. Without the firmware's tables (SRAT, SLIT) there is one node, 0. */
#ifndef KERNEL_MM_NUMA_H
#define KERNEL_MM_NUMA_H

#include "lib/types.h"

/* Read the tables. Once, after firmware_init and before bootmem is closed. */
void numa_init(void);

/* Nodes are numbered from 0; the first with memory in the tables is 0. At least 1. */
unsigned numa_node_count(void);

/* The node of an address; what no table names is node 0's. *ret_end: up to here, or further, it is the same node. */
unsigned numa_node_of(paddr_t address, paddr_t *ret_end);

/* How often a walk over all addresses changes from one node to another, at most. */
unsigned numa_border_count(void);

/* The node of a CPU by its APIC id. */
unsigned numa_node_of_apic(uint32_t apic_id);

/* How far the memory of one node is from the CPUs of another; 10 is near. */
unsigned numa_distance(unsigned from, unsigned to);

#endif
