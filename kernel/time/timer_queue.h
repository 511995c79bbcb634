/* Timers in the order of their deadlines.
 *
 * Rules: pure; no locks, no allocation: the nodes are members of what waits. Whoever owns a queue serialises its use.
 * A node is in one queue at most, and its deadline stays while it is in. Nodes of the same deadline come in any
 * order. Each function takes at most a few steps for each doubling of the number of nodes, in the worst case. */
#ifndef KERNEL_TIME_TIMER_QUEUE_H
#define KERNEL_TIME_TIMER_QUEUE_H

#include "lib/types.h"

struct timer_node {
	nsec_t deadline;
	struct timer_node *parent, *left, *right;
	uint32_t rank;		/* nodes on the way to the right, this one included; 0 while it is in no queue */
};

struct timer_queue {
	struct timer_node *first;	/* the earliest; NULL: none */
};

void timer_queue_insert(struct timer_queue *q, struct timer_node *node);
void timer_queue_remove(struct timer_queue *q, struct timer_node *node);

static inline bool timer_node_is_queued(const struct timer_node *node)
{
	return node->rank != 0;
}

#endif
