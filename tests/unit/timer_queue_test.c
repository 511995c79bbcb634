/* The timer queue against an array that is searched, with the heap's rules checked and its steps bounded. */
#include "kernel/time/timer_queue.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define NODES 1000

static struct timer_node nodes[NODES];
static struct timer_queue queue;

/* Check the rules below a node; the number of nodes there. */
static unsigned check_tree(const struct timer_node *n, const struct timer_node *parent)
{
	if (!n)
		return 0;
	uint32_t left = n->left ? n->left->rank : 0, right = n->right ? n->right->rank : 0;

	CHECK(n->parent == parent);
	CHECK(!parent || parent->deadline <= n->deadline);
	CHECK(left >= right);
	CHECK_EQ(n->rank, right + 1);
	return 1 + check_tree(n->left, n) + check_tree(n->right, n);
}

/* The reference: the earliest deadline among those that are in, INT64_MAX without any. */
static nsec_t earliest(const bool in[NODES])
{
	nsec_t first = INT64_MAX;

	for (unsigned i = 0; i < NODES; i++)
		if (in[i] && nodes[i].deadline < first)
			first = nodes[i].deadline;
	return first;
}

static void reset(void)
{
	memset(nodes, 0, sizeof(nodes));
	queue.first = NULL;
}

TEST(random_steps_as_the_reference)
{
	bool in[NODES] = { false };
	unsigned count = 0;

	reset();
	for (unsigned step = 0; step < 100000 && !test_failures; step++) {
		/* Waves: the queue fills, and empties again, so that both ends are reached. */
		bool filling = step / 5000 % 2 == 0;
		unsigned i = (unsigned)random_under(NODES);
		if (!in[i] && (filling || random_under(4) == 0)) {
			nodes[i].deadline = (nsec_t)random_under(step % 3 ? 1000000 : 5);
			timer_queue_insert(&queue, &nodes[i]);
			in[i] = true;
			count++;
		} else if (count && (!filling || random_under(4) == 0)) {
			if (!in[i])
				i = (unsigned)(queue.first - nodes);
			timer_queue_remove(&queue, &nodes[i]);
			in[i] = false;
			count--;
		}
		CHECK_EQ(queue.first ? queue.first->deadline : INT64_MAX, earliest(in));
		CHECK_EQ(timer_node_is_queued(&nodes[i]), in[i]);
		if (step % 50 == 0)
			CHECK_EQ(check_tree(queue.first, NULL), count);
	}
}

TEST(comes_out_in_order)
{
	nsec_t last = -1;
	unsigned count = 0;

	reset();
	for (unsigned i = 0; i < NODES; i++) {
		nodes[i].deadline = (nsec_t)random_under(NODES / 2);
		timer_queue_insert(&queue, &nodes[i]);
	}
	for (; queue.first; count++) {
		CHECK(queue.first->deadline >= last);
		last = queue.first->deadline;
		timer_queue_remove(&queue, queue.first);
	}
	CHECK_EQ(count, NODES);
}

/* What makes other heaps slow: in order, against the order, all at once; then from the front, from the back, and
 * every other one. */
TEST(ranks_stay_logarithmic)
{
	for (unsigned shape = 0; shape < 9; shape++) {
		reset();
		for (unsigned i = 0; i < NODES; i++) {
			nodes[i].deadline = shape % 3 == 0 ? i : shape % 3 == 1 ? NODES - i : 7;
			timer_queue_insert(&queue, &nodes[i]);
			CHECK(queue.first->rank <= 10);
		}
		CHECK_EQ(check_tree(queue.first, NULL), NODES);
		for (unsigned i = 0; i < NODES / 2; i++) {
			unsigned gone = shape / 3 == 0 ? i : shape / 3 == 1 ? NODES - 1 - i : 2 * i;
			timer_queue_remove(&queue, &nodes[gone]);
			CHECK(queue.first->rank <= 10);
		}
		CHECK_EQ(check_tree(queue.first, NULL), NODES / 2);
	}
}

TEST(negative_and_far_deadlines)
{
	static const nsec_t deadlines[] = { 0, INT64_MAX, INT64_MIN, -1, 1 };
	static const nsec_t sorted[] = { INT64_MIN, -1, 0, 1, INT64_MAX };

	reset();
	for (unsigned i = 0; i < ARRAY_SIZE(deadlines); i++) {
		nodes[i].deadline = deadlines[i];
		timer_queue_insert(&queue, &nodes[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(sorted); i++) {
		CHECK_EQ(queue.first->deadline, sorted[i]);
		timer_queue_remove(&queue, queue.first);
	}
	CHECK(!queue.first);
}

TEST_MAIN
