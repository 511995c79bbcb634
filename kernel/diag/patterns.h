/* The memory tests: what is written and expected where. Pure, so that they are tested on the host.
 *
 * Rules
 * - A test is a row of steps. Each step goes over all memory, on all CPUs at once, before the next begins: what one
 *   wrote, however far away, the next finds or does not.
 * - Memory comes in stretches of a multiple of 64 words, each the same in all steps of a test.
 * - Names are those by which memtest86+ calls such tests. Where a test has many patterns, a pass does some of them and
 *   the next pass others (memtest_passes says after how many all were done). */
#ifndef KERNEL_DIAG_PATTERNS_H
#define KERNEL_DIAG_PATTERNS_H

#include "lib/types.h"

/* A stretch, and whom to tell that a word is not as expected. */
struct sweep {
	uint64_t *words;
	size_t count;
	uint64_t offset;	/* a word's physical address less its own */
	void (*bad)(void *context, const uint64_t *word, uint64_t expected, uint64_t actual);
	void *context;
};

struct memtest_step {
	void (*run)(const struct sweep *s, const struct memtest_step *step);
	uint64_t pattern;
	uint8_t row;		/* modulo 20: which word of each 20 */
	uint8_t reads, writes;	/* how often each word is */
	bool fades;		/* wait before it */
};

struct memtest {
	const char *name;
	unsigned steps;
	void (*step)(unsigned number, unsigned pass, struct memtest_step *ret);
};

#define MEMTEST_COUNT 10
extern const struct memtest memtests[MEMTEST_COUNT];

/* Passes until every pattern was used. */
#define MEMTEST_PASSES 8

/* In this test a wrong word may have been moved from where it went wrong. */
bool memtest_moves(const struct memtest *test);

/* This step is nothing but a fill with one word: the fastest way to write. */
bool memtest_step_fills(const struct memtest_step *step);

#endif
