/* Memory comes from the node of the CPU that asks, and from the nearest other one when that has no more. */
#include "kernel/arch/percpu.h"
#include "kernel/arch/smp.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/numa.h"
#include "kernel/smp/call.h"
#include "tests/kernel/framework.h"

#define ORDER	8		/* a MiB: never from a CPU's cache */

struct asked {
	unsigned order;
	paddr_t block;
	unsigned node;		/* of the CPU */
};

static void ask(void *argument)
{
	struct asked *a = argument;

	a->node = numa_node_of_apic(smp_arch_boot_id());
	a->block = frames_alloc(a->order, FRAMES_ANYWHERE, FRAME_KERNEL);
}

static unsigned node_of(paddr_t block)
{
	paddr_t end;

	return numa_node_of(block, &end);
}

KERNEL_TEST_ALLOC(memory_is_of_the_near_node)
{
	unsigned nodes_seen = 0;

	if (numa_node_count() < 2)
		return KT_SKIP;
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		for (unsigned order = 0; order <= ORDER; order += ORDER) {
			struct asked a = { .order = order };
			smp_call_one(id, ask, &a);
			KT_NEED(a.block);
			unsigned node = node_of(a.block);
			frames_free(a.block);
			KT_CHECK(node == a.node);
			nodes_seen |= 1u << node;
		}
	}
	KT_CHECK(nodes_seen == (1u << numa_node_count()) - 1);
	return KT_PASS;
}

static bool takes_all_in_order_of_distance(unsigned home, paddr_t *chain)
{
	unsigned distance = 0;

	for (paddr_t block; (block = frames_alloc(BUDDY_ORDER_MAX, FRAMES_ANYWHERE, FRAME_KERNEL));) {
		*(paddr_t *)phys_to_virt(block) = *chain;
		*chain = block;
		if (numa_distance(home, node_of(block)) < distance)
			return false;
		distance = numa_distance(home, node_of(block));
	}
	return distance > numa_distance(home, home);
}

/* All memory in the largest blocks, which hang on a chain through their first words. */
KERNEL_TEST_UNINJECTED(memory_is_taken_from_the_next_node_then,
		       "it uses up all memory: its last allocation fails by itself")
{
	paddr_t chain = 0;

	if (numa_node_count() < 2)
		return KT_SKIP;
	bool right = takes_all_in_order_of_distance(numa_node_of_apic(smp_arch_boot_id()), &chain);
	while (chain) {
		paddr_t next = *(paddr_t *)phys_to_virt(chain);
		frames_free(chain);
		chain = next;
	}
	KT_CHECK(right);
	return KT_PASS;
}
