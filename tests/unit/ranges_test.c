/* Stretches of addresses against an array with an element for each. */
#include "lib/ranges.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define START	0x7000u
#define SIZE	1500u
#define HELD	200u

static struct range *owner[SIZE];

/* The lowest start that ranges_take promises; -1 where there is none. */
static int64_t expected(uint64_t size, uint64_t align)
{
	for (uint64_t at = 0; at < SIZE;) {
		uint64_t end = at;
		while (end < SIZE && !owner[end])
			end++;
		if (end - at >= size + align - 1)
			return (int64_t)ALIGN_UP(START + at, align);
		at = end + 1;
	}
	return -1;
}

static void set(const struct range *r, struct range *to)
{
	for (uint64_t i = r->start - START; i < r->start - START + r->size; i++) {
		CHECK(!owner[i] != !to);
		owner[i] = to;
	}
}

TEST(random_steps)
{
	static struct range held[HELD];
	static bool used[HELD];
	struct ranges r;

	memset(owner, 0, sizeof(owner));
	ranges_init(&r, START, SIZE);
	for (unsigned step = 0; step < 30000; step++) {
		unsigned i = (unsigned)random_under(HELD);
		if (used[i]) {
			set(&held[i], NULL);
			ranges_give(&r, &held[i]);
			used[i] = false;
		} else {
			uint64_t size = random_under(20) + 1, align = 1ull << random_under(5);
			int64_t start = expected(size, align);
			used[i] = ranges_take(&r, &held[i], size, align);
			CHECK_EQ(used[i] ? (int64_t)held[i].start : -1, start);
			if (used[i])
				set(&held[i], &held[i]);
		}
		uint64_t probe = random_under(SIZE + 2ull);
		CHECK(ranges_find(&r, START - 1 + probe) == (probe && probe <= SIZE ? owner[probe - 1] : NULL));
	}
}

TEST(limits)
{
	struct range a, b;
	struct ranges r;

	ranges_init(&r, 16, 100);
	CHECK(!ranges_take(&r, &a, 0, 1) && !ranges_take(&r, &a, 101, 1) && !ranges_take(&r, &a, ~0ull, 1));
	CHECK(!ranges_take(&r, &a, 1, 1ull << 63) && !ranges_take(&r, &a, ~0ull, 4096));
	CHECK(ranges_take(&r, &a, 100, 1) && a.start == 16);
	CHECK(!ranges_take(&r, &b, 1, 1));
	ranges_give(&r, &a);
	CHECK(ranges_take(&r, &a, 99, 1) && ranges_take(&r, &b, 1, 1) && b.start == 115);
	CHECK(ranges_find(&r, 115) == &b && !ranges_find(&r, 116) && !ranges_find(&r, 15));
}

static unsigned depth(const struct range *t)
{
	unsigned left = t ? depth(t->left) : 0, right = t ? depth(t->right) : 0;

	return t ? 1 + MAX(left, right) : 0;
}

/* Taken in order of address, which makes a plain search tree a list. */
TEST(the_tree_stays_shallow)
{
	const unsigned count = 100000;
	struct range *held = malloc(count * sizeof(*held));
	struct ranges r;

	ranges_init(&r, 0, count * 2ull);
	for (unsigned i = 0; i < count; i++)
		CHECK(ranges_take(&r, &held[i], 2, 1) && held[i].start == i * 2ull);
	CHECK(depth(r.root) < 60);
	for (unsigned i = 0; i < count; i += 2)
		ranges_give(&r, &held[i]);
	CHECK(depth(r.root) < 60);
	free(held);
}

TEST_MAIN
