/* The buddy allocator against a plain array of who owns each frame. */
#include "kernel/mm/buddy.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define FRAMES	(8u << BUDDY_ORDER_MAX)

static struct frame frames[FRAMES];
static uint8_t owner[FRAMES];	/* 0 not given, 1 free, 2 allocated */

static struct buddy buddy_new(void)
{
	memset(frames, 0, sizeof(frames));
	memset(owner, 0, sizeof(owner));
	return (struct buddy){ .frames = frames, .zone = 5 };
}

static void own(uint64_t first, uint64_t count, uint8_t from, uint8_t to)
{
	for (uint64_t i = first; i < first + count; i++) {
		if (owner[i] != from)
			TEST_FAIL("frame %" PRIu64 " is %u, not %u", i, owner[i], from);
		owner[i] = to;
	}
}

/* The lists name each free frame once, in aligned blocks that could not be larger, and nothing else. */
static void check(const struct buddy *b)
{
	static bool seen[FRAMES];
	uint64_t count = 0;

	memset(seen, 0, sizeof(seen));
	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		CHECK_EQ(b->free[order] != NULL, b->orders >> order & 1);
		for (const struct frame *f = b->free[order]; f; f = f->next) {
			uint64_t first = (uint64_t)(f - frames);
			CHECK(f->use == FRAME_FREE && f->order == order && f->zone == 5 && first % (1u << order) == 0);
			CHECK(!f->next || f->next->prev == f);
			for (uint64_t i = first; i < first + (1u << order); i++, count++) {
				CHECK(!seen[i] && owner[i] == 1);
				seen[i] = true;
			}
			const struct frame *other = frames + (first ^ 1u << order);
			CHECK(order == BUDDY_ORDER_MAX || other->use != FRAME_FREE || other->order != order);
		}
	}
	CHECK_EQ(count, b->free_frames);
	for (unsigned i = 0; i < FRAMES; i++)
		CHECK(owner[i] != 1 || seen[i]);
}

static void add(struct buddy *b, uint64_t first, uint64_t count)
{
	own(first, count, 0, 1);
	buddy_add(b, first, count);
}

TEST(runs_become_the_largest_blocks)
{
	struct buddy b = buddy_new();

	CHECK(!buddy_alloc(&b, 0));
	add(&b, 3, 1);
	check(&b);
	add(&b, 1025, 3000);
	check(&b);
	CHECK_EQ(b.orders & 1u << BUDDY_ORDER_MAX, 1u << BUDDY_ORDER_MAX);
	add(&b, 1024, 1);	/* the missing one: two blocks of the largest order side by side stay two */
	check(&b);
	CHECK_EQ(b.free_frames, 3002);
}

/* A buddy of the same order in another zone is no buddy. */
TEST(zones_do_not_mix)
{
	struct buddy a = buddy_new(), b = { .frames = frames, .zone = 6 };

	buddy_add(&a, 0, 1);
	buddy_add(&b, 1, 1);
	CHECK_EQ(a.orders, 1);
	CHECK_EQ(b.orders, 1);
	CHECK(buddy_alloc(&a, 0) == frames && !buddy_alloc(&a, 0));
}

TEST(everything_comes_together_again)
{
	struct buddy b = buddy_new();
	unsigned count = 0;

	add(&b, 0, FRAMES);
	while (buddy_alloc(&b, 0))
		count++;
	CHECK_EQ(count, FRAMES);
	CHECK_EQ(b.orders, 0);
	for (unsigned i = 0; i < FRAMES; i++)	/* in an order that is neither up nor down */
		buddy_free(&b, &frames[i * 2654435761u % FRAMES], 0);
	check(&b);
	CHECK_EQ(b.orders, 1u << BUDDY_ORDER_MAX);
}

TEST(certain_frames_are_taken)
{
	struct buddy b = buddy_new();

	add(&b, 0, 4096);
	for (unsigned i = 0; i < 300; i++) {
		uint64_t number = random_under(4200);
		bool free = owner[number] == 1;
		CHECK_EQ(buddy_take(&b, number), free);
		if (free)
			own(number, 1, 1, 2);
		if (i % 20 == 0)
			check(&b);
	}
}

TEST(random_steps)
{
	struct buddy b = buddy_new();
	static struct { struct frame *f; unsigned order; } held[2000];
	unsigned count = 0;

	add(&b, 100, FRAMES - 333);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned order = (unsigned)random_under(BUDDY_ORDERS) * (unsigned)random_under(BUDDY_ORDERS) / BUDDY_ORDERS;
		if (random_under(2) && count < 2000) {
			struct frame *f = buddy_alloc(&b, order);
			if (!f) {
				CHECK_EQ(b.orders >> order, 0);
				continue;
			}
			CHECK(f->order == order && f->zone == 5 && f->use == FRAME_NONE);
			own((uint64_t)(f - frames), 1u << order, 1, 2);
			f->use = FRAME_KERNEL;
			held[count].f = f;
			held[count++].order = order;
		} else if (count) {
			unsigned i = (unsigned)random_under(count);
			own((uint64_t)(held[i].f - frames), 1u << held[i].order, 2, 1);
			buddy_free(&b, held[i].f, held[i].order);
			held[i] = held[--count];
		}
		if (step % 500 == 0)
			check(&b);
	}
	check(&b);
}

TEST_MAIN
