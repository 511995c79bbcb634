/* The bitmap against an array of what is taken. */
#include "lib/bitmap.h"

#include <abi/linux/errno.h>
#include "tests/unit/random.h"
#include "tests/unit/test.h"

static void steps(uint32_t count, unsigned n)
{
	struct bitmap b;
	void *memory = malloc(bitmap_bytes(count));
	bool *taken = calloc(count + 1, sizeof(*taken));
	uint32_t total = 0;

	bitmap_init(&b, memory, count);
	for (unsigned i = 0; i < n; i++) {
		if (random_under(16) < 9) {
			uint32_t lowest = 0;
			while (lowest < count && taken[lowest])
				lowest++;
			CHECK_EQ(bitmap_take(&b), lowest < count ? (int64_t)lowest : -ENOSPC);
			total += lowest < count;
			taken[lowest] = lowest < count;
		} else {
			uint32_t number = (uint32_t)random_under(count + 3ull);
			bool was = number < count && taken[number];
			CHECK_EQ(bitmap_give(&b, number), was);
			total -= was;
			taken[MIN(number, count)] = false;
		}
		CHECK_EQ(b.taken, total);
	}
	free(memory);
	free(taken);
}

TEST(lowest_first)
{
	static const uint32_t counts[] = { 1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097 };

	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++)
		steps(counts[i], 3 * MIN(counts[i], 700u) + 10);
}

TEST(all_of_many)
{
	const uint32_t count = 300001;
	struct bitmap b;
	void *memory = malloc(bitmap_bytes(count));

	bitmap_init(&b, memory, count);
	for (uint32_t i = 0; i < count; i++)
		if (bitmap_take(&b) != i)
			TEST_FAIL("not %u", i);
	CHECK_EQ(bitmap_take(&b), -ENOSPC);
	CHECK(bitmap_give(&b, 299999) && bitmap_give(&b, 70000) && !bitmap_give(&b, 70000));
	CHECK_EQ(bitmap_take(&b), 70000);
	CHECK_EQ(bitmap_take(&b), 299999);
	CHECK_EQ(bitmap_take(&b), -ENOSPC);
	free(memory);
}

TEST(none_at_all)
{
	struct bitmap b;
	uint64_t memory[1];

	bitmap_init(&b, memory, 0);
	CHECK_EQ(bitmap_bytes(0), 0);
	CHECK_EQ(bitmap_take(&b), -ENOSPC);
	CHECK(!bitmap_give(&b, 0));
}

TEST_MAIN
