/* A leftist heap (Crane 1972; Knuth, The Art of Computer Programming, volume 3, section 5.2.3): a binary tree in which
 * no node is earlier than its parent, and the way down to the right is nowhere longer than the one down to the left.
 * So the way to the right has at most log2(n + 1) nodes, and everything is done by merging two trees along it.
 *
 * Why this one: timers are armed and cancelled with interrupts off, so the worst case counts, and a pairing heap's is
 * linear. It needs no array that grows, as a binary heap does. A timer wheel is faster still, but rounds deadlines, or
 * has to move timers from wheel to wheel while somebody waits. A red-black tree keeps an order among all nodes that
 * nobody asks for; here a timer that is armed and cancelled again costs little, since new ones end near the top. */
#include "kernel/time/timer_queue.h"

/* Put right what a change below n made wrong, up to where nothing changes. A rank that changed is higher with each step
 * up, which bounds the way by the logarithm. */
static void settle(struct timer_node *n)
{
	for (; n; n = n->parent) {
		struct timer_node *left = n->left, *right = n->right;
		if (right && (!left || left->rank < right->rank)) {
			n->left = right;
			n->right = right = left;
		}
		uint32_t rank = right ? right->rank + 1 : 1;
		if (n->rank == rank)
			return;
		n->rank = rank;
	}
}

/* Merge two trees and hang the result below parent at *link. */
static void merge(struct timer_node *a, struct timer_node *b, struct timer_node *parent, struct timer_node **link)
{
	while (a) {
		if (b->deadline < a->deadline) {
			struct timer_node *later = a;
			a = b;
			b = later;
		}
		*link = a;
		a->parent = parent;
		a->rank = 0;	/* unlike any that settle() finds, so that it looks at all nodes on this way */
		parent = a;
		link = &a->right;
		a = a->right;
	}
	*link = b;
	b->parent = parent;
	settle(parent);
}

/* Merging with a single node: it takes its place on the way to the right, and what was there goes below it. The nodes
 * on the way stay the same, so that looking ends where a rank did not change. */
void timer_queue_insert(struct timer_queue *q, struct timer_node *node)
{
	struct timer_node *parent = NULL, **link = &q->first, *later;

	while ((later = *link) && later->deadline <= node->deadline) {
		parent = later;
		link = &later->right;
	}
	*link = node;
	node->parent = parent;
	node->left = later;
	node->right = NULL;
	node->rank = 1;
	if (later)
		later->parent = node;
	settle(parent);
}

void timer_queue_remove(struct timer_queue *q, struct timer_node *node)
{
	struct timer_node *parent = node->parent;
	struct timer_node **link = !parent ? &q->first : parent->left == node ? &parent->left : &parent->right;

	if (node->right) {
		merge(node->left, node->right, parent, link);
	} else {	/* half of all: what is on the left moves up */
		*link = node->left;
		if (node->left)
			node->left->parent = parent;
		settle(parent);
	}
	node->rank = 0;
}
