/* The tree against a sorted array, with its balance and what its nodes keep (a sum) checked everywhere. */
#include "lib/avl.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define NODES 600

struct item {
	struct avl_node node;
	uint64_t key, sum;
};

static struct item items[NODES];
static struct avl_tree tree;
static unsigned updates;

static uint64_t sum_of(const struct avl_node *n)
{
	return n ? ((const struct item *)n)->sum : 0;
}

static bool sum_up(struct avl_node *n)
{
	struct item *i = (struct item *)n;
	uint64_t before = i->sum;

	updates++;
	i->sum = i->key + sum_of(n->child[0]) + sum_of(n->child[1]);
	return i->sum != before;
}

static void insert(struct item *i)
{
	struct avl_node *parent = NULL;
	bool side = false;

	for (struct avl_node *n = tree.root; n; n = n->child[side]) {
		parent = n;
		side = i->key >= ((struct item *)n)->key;
	}
	i->sum = i->key;
	avl_insert(&tree, &i->node, parent, side);
}

static void reset(void)
{
	memset(items, 0, sizeof(items));
	tree = (struct avl_tree) { .update = sum_up };
}

/* The rules below a node; its height. */
static uint32_t check_below(const struct avl_node *n, const struct avl_node *parent)
{
	if (!n)
		return 0;
	uint32_t left = check_below(n->child[0], n), right = check_below(n->child[1], n);
	uint64_t sum = ((const struct item *)n)->key + sum_of(n->child[0]) + sum_of(n->child[1]);

	CHECK(n->parent == parent);
	CHECK(left <= right + 1 && right <= left + 1);
	CHECK_EQ(n->height, MAX(left, right) + 1);
	CHECK_EQ(sum_of(n), sum);
	return n->height;
}

/* From the last to the first, in order; how many. */
static unsigned check_order(void)
{
	unsigned count = 0;
	uint64_t last = UINT64_MAX;

	for (const struct avl_node *n = avl_last(&tree); n; n = avl_previous(n), count++) {
		CHECK(((const struct item *)n)->key <= last);
		last = ((const struct item *)n)->key;
	}
	return count;
}

static void check(unsigned count)
{
	check_below(tree.root, NULL);
	CHECK_EQ(check_order(), count);
}

TEST(random_steps)
{
	bool in[NODES] = { false };
	unsigned count = 0;

	reset();
	for (unsigned step = 0; step < 30000 && !test_failures; step++) {
		bool filling = step / 3000 % 2 == 0;
		unsigned i = (unsigned)random_under(NODES);
		if (!in[i] && (filling || random_under(4) == 0)) {
			items[i].key = random_under(step % 2 ? 1u << 30 : 4);
			insert(&items[i]);
			in[i] = true;
			count++;
		} else if (in[i] && (!filling || random_under(4) == 0)) {
			avl_remove(&tree, &items[i].node);
			in[i] = false;
			count--;
		}
		if (step % 16 == 0 || count < 8)
			check(count);
	}
}

/* All ways to fill and to empty a small tree: no case of the rotations is missed. */
TEST(every_order_of_five)
{
	unsigned order[5];

	for (unsigned n = 0; n < 120 * 120 && !test_failures; n++) {
		bool in[5] = { false };
		reset();
		for (unsigned part = 0; part < 2; part++) {
			unsigned left = part ? n / 120 : n % 120;
			for (unsigned i = 0; i < 5; i++)
				order[i] = i;
			for (unsigned i = 0; i < 5; i++) {
				unsigned at = i + left % (5 - i);
				left /= 5 - i;
				unsigned chosen = order[at];
				order[at] = order[i];
				order[i] = chosen;
				items[chosen].key = chosen;
				if (in[chosen])
					avl_remove(&tree, &items[chosen].node);
				else
					insert(&items[chosen]);
				in[chosen] = !in[chosen];
				check_below(tree.root, NULL);
			}
		}
		CHECK(!tree.root);
	}
}

TEST(sorted_input_stays_low_and_steps_few)
{
	for (unsigned way = 0; way < 3; way++) {
		reset();
		for (unsigned i = 0; i < NODES; i++) {
			items[i].key = way == 0 ? i : way == 1 ? NODES - i : 7;
			updates = 0;
			insert(&items[i]);
			CHECK(updates <= 3 * 13);
		}
		CHECK(tree.root->height <= 13);		/* 1.45 log2(602) = 13.4 */
		check(NODES);
		for (unsigned i = 0; i < NODES; i++) {
			updates = 0;
			avl_remove(&tree, i % 2 ? tree.root : avl_last(&tree));
			CHECK(updates <= 3 * 13);
			if (i % 20 == 0)
				check(NODES - i - 1);
		}
		CHECK(!tree.root);
		CHECK(!avl_last(&tree));
	}
}

TEST_MAIN
