/* kernel/diag/patterns.c on good memory, and on memory with faults that are put in between the steps: a stuck bit, a
 * cell that follows another, a cell that loses its charge, an address line that is stuck. */
#include "tests/unit/test.h"

#include "kernel/diag/patterns.h"
#include "tests/unit/random.h"

enum { WORDS = 4096, FAR = 64 };

static uint64_t memory[2 * WORDS] __attribute__((aligned(4096)));

static struct {
	unsigned count;
	const uint64_t *word;
	uint64_t bits;
} found;

static void bad(void *context, const uint64_t *word, uint64_t expected, uint64_t actual)
{
	CHECK(expected != actual);
	found.count++;
	found.word = word;
	found.bits |= expected ^ actual;
}

/* Two stretches, as two CPUs would have them, with the faults applied after each of them. */
static void run_test(const struct memtest *t, unsigned pass, void (*spoil)(void))
{
	const struct sweep half = { .count = WORDS, .bad = bad, .offset = 0x10000 };

	memset(&found, 0, sizeof(found));
	for (unsigned number = 0; number < t->steps; number++) {
		struct memtest_step step;
		t->step(number, pass, &step);
		for (unsigned i = 0; i < 2; i++) {
			struct sweep sweep = half;
			sweep.words = memory + i * WORDS;
			step.run(&sweep, &step);
			spoil();
		}
	}
}

static void nothing(void)
{
}

TEST(good_memory)
{
	for (unsigned pass = 0; pass < MEMTEST_PASSES; pass++) {
		for (unsigned i = 0; i < MEMTEST_COUNT; i++) {
			for (unsigned j = 0; j < 2 * WORDS; j++)
				memory[j] = random_next();
			run_test(&memtests[i], pass, nothing);
			if (found.count)
				TEST_FAIL("%s, pass %u: %u errors in good memory", memtests[i].name, pass, found.count);
		}
	}
}

static unsigned stuck_word, stuck_bit;
static bool stuck_high;

static void stuck(void)
{
	const uint64_t bit = 1ull << stuck_bit;

	memory[stuck_word] = stuck_high ? memory[stuck_word] | bit : memory[stuck_word] & ~bit;
}

/* Each test that looks at every word finds any stuck bit within the passes that use all patterns, names its word (a
 * block move may find it in the words that it was moved to) and no other bit. */
TEST(stuck_bits)
{
	for (unsigned round = 0; round < 200; round++) {
		stuck_word = (unsigned)random_under(2 * WORDS);
		stuck_bit = (unsigned)random_under(64);
		stuck_high = round % 2;
		for (unsigned i = 2; i < MEMTEST_COUNT; i++) {
			const bool moves = memtest_moves(&memtests[i]), some = strstr(memtests[i].name, "modulo");
			unsigned times = 0;
			for (unsigned pass = 0; pass < MEMTEST_PASSES; pass++) {
				run_test(&memtests[i], pass, stuck);
				times += found.count;
				CHECK(!found.count || found.bits == 1ull << stuck_bit);
				CHECK(moves || !found.count || found.word == &memory[stuck_word]);
			}
			if (!times && !some)
				TEST_FAIL("%s: word %u, bit %u was not found", memtests[i].name, stuck_word, stuck_bit);
		}
	}
}

static void together(void)
{
	memory[5 * FAR] = memory[WORDS + 3 * FAR];
}

/* Two addresses that lead to one cell, in the memory of two CPUs. */
TEST(an_address_line)
{
	run_test(&memtests[1], 0, together);
	CHECK(found.count >= 1);
	CHECK(found.word == &memory[5 * FAR] || found.word == &memory[WORDS + 3 * FAR]);
}

TEST(each_word_of_20_is_marked)
{
	bool rows[20] = { false };

	for (unsigned pass = 0; pass < MEMTEST_PASSES; pass++) {
		for (unsigned number = 0; number < memtests[8].steps; number++) {
			struct memtest_step step;
			memtests[8].step(number, pass, &step);
			CHECK(step.row < 20);
			rows[step.row] = true;
		}
	}
	for (unsigned i = 0; i < 20; i++)
		CHECK(rows[i]);
}

/* After eight passes a lone 1 has been in each bit of each word. */
TEST(each_bit_walks)
{
	uint64_t bits = 0;

	for (unsigned pass = 0; pass < MEMTEST_PASSES; pass++) {
		for (unsigned number = 0; number < memtests[5].steps; number++) {
			struct memtest_step step;
			memtests[5].step(number, pass, &step);
			bits |= step.pattern;
		}
	}
	CHECK_EQ(bits, UINT64_MAX);
}

/* What is read and written is what the step says, or the bandwidth would be a lie: exactly one that fills each. */
TEST(fills)
{
	unsigned fills = 0;

	for (unsigned i = 0; i < MEMTEST_COUNT; i++) {
		for (unsigned number = 0; number < memtests[i].steps; number++) {
			struct memtest_step step;
			memtests[i].step(number, 0, &step);
			CHECK(step.run);
			if (!memtest_step_fills(&step))
				continue;
			fills++;
			CHECK(step.writes == 1 && !step.reads);
			memset(memory, 0, sizeof(memory));
			const struct sweep sweep = { .words = memory, .count = WORDS, .bad = bad };
			step.run(&sweep, &step);
			CHECK(memory[0] == step.pattern && memory[WORDS - 1] == step.pattern && !memory[WORDS]);
		}
	}
	CHECK(fills > 10);
}

TEST_MAIN
