/* Each kind of fault of a memory cell or its wires has a pattern that shows it: a cell that holds one value only
 * (inversions), one that follows its neighbour (modulo 20: neighbours are written after it, twice), address lines that
 * are stuck or tied together (own address), wires that disturb each other (walking bits, random numbers), the bursts of
 * a controller under load (block move), cells that lose their charge (bit fade).
 *
 * A moving inversion goes over memory upwards and then downwards; each word is read, compared and written with its
 * complement before the next is touched, so that a cell which a neighbour's write turns over is found by the one or the
 * other direction (van de Goor, "Testing Semiconductor Memories", 1991, on march tests).
 *
 * The loops are inlined once for each sequence of values, four words at a time, and compare all four with a single
 * branch: reading is to be bound by the memory. */
#include "kernel/diag/patterns.h"

#include "kernel/arch/stream.h"

#define INLINE static inline __attribute__((always_inline))
#define AT_ONCE 4
#define MODULO 20u

typedef uint64_t value_fn(uint64_t *state, const struct sweep *s, const uint64_t *word);

INLINE uint64_t value_same(uint64_t *state, const struct sweep *s, const uint64_t *word)
{
	return *state;
}

INLINE uint64_t value_left(uint64_t *state, const struct sweep *s, const uint64_t *word)
{
	uint64_t value = *state;

	*state = value << 1 | value >> 63;
	return value;
}

INLINE uint64_t value_right(uint64_t *state, const struct sweep *s, const uint64_t *word)
{
	uint64_t value = *state;

	*state = value >> 1 | value << 63;
	return value;
}

INLINE uint64_t value_address(uint64_t *state, const struct sweep *s, const uint64_t *word)
{
	return (uint64_t)word + s->offset;
}

/* A counter, well mixed: no word waits for the one before it. */
INLINE uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

INLINE uint64_t value_random(uint64_t *state, const struct sweep *s, const uint64_t *word)
{
	return mix(*state += 0x9e3779b97f4a7c15ull);
}

INLINE void write_all(const struct sweep *s, value_fn *next, uint64_t state)
{
	for (uint64_t *word = s->words; word < s->words + s->count; word++)
		*word = next(&state, s, word);
}

/* One that differs is told of by the values that were read then: it may read right the next time. */
INLINE void check_all(const struct sweep *s, value_fn *next, uint64_t state, uint64_t turn, bool downwards,
		      bool write)
{
	const ptrdiff_t step = downwards ? -1 : 1;
	/* Volatile: accesses are in this very order. */
	volatile uint64_t *word = downwards ? s->words + s->count - 1 : s->words;

	for (size_t left = s->count; left; left -= AT_ONCE, word += step * AT_ONCE) {
		uint64_t expected[AT_ONCE], actual[AT_ONCE], differ = 0;
		for (int i = 0; i < AT_ONCE; i++) {
			expected[i] = next(&state, s, (uint64_t *)word + step * i) ^ turn;
			actual[i] = word[step * i];
			differ |= actual[i] ^ expected[i];
			if (write)
				word[step * i] = ~expected[i];
		}
		for (int i = 0; differ && i < AT_ONCE; i++)
			if (actual[i] != expected[i])
				s->bad(s->context, (uint64_t *)word + step * i, expected[i], actual[i]);
	}
}

/* ---- One value everywhere ---- */

static void run_fill(const struct sweep *s, const struct memtest_step *step)
{
	stream_fill(s->words, s->count, step->pattern);
}

static void run_check(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_same, step->pattern, 0, false, false);
}

static void run_invert_up(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_same, step->pattern, 0, false, true);
}

static void run_invert_down(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_same, step->pattern, UINT64_MAX, true, true);
}

bool memtest_step_fills(const struct memtest_step *step)
{
	return step->run == run_fill;
}

/* ---- Values that change from word to word ---- */

static void run_walk_fill(const struct sweep *s, const struct memtest_step *step)
{
	write_all(s, value_left, step->pattern);
}

static void run_walk_up(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_left, step->pattern, 0, false, true);
}

/* The last word's value is the one before the first's, as the count is a multiple of 64. */
static void run_walk_down(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_right, step->pattern >> 1 | step->pattern << 63, UINT64_MAX, true, true);
}

/* No two stretches begin alike. */
static uint64_t random_seed(const struct sweep *s, const struct memtest_step *step)
{
	return mix(step->pattern ^ ((uint64_t)s->words + s->offset));
}

static void run_random_fill(const struct sweep *s, const struct memtest_step *step)
{
	write_all(s, value_random, random_seed(s, step));
}

static void run_random_invert(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_random, random_seed(s, step), 0, false, true);
}

static void run_random_check(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_random, random_seed(s, step), UINT64_MAX, false, false);
}

/* ---- Addresses ---- */

/* A line that is stuck, or tied to another, makes a write to one of the powers of two end up at the first word. */
static void run_address_bits(const struct sweep *s, const struct memtest_step *step)
{
	volatile uint64_t *words = s->words;

	for (size_t line = 1; line < s->count; line *= 2) {
		words[0] = step->pattern;
		words[line] = ~step->pattern;
		uint64_t first = words[0], other = words[line];
		if (first != step->pattern)
			s->bad(s->context, s->words, step->pattern, first);
		if (other != ~step->pattern)
			s->bad(s->context, s->words + line, ~step->pattern, other);
	}
}

static void run_address_fill(const struct sweep *s, const struct memtest_step *step)
{
	write_all(s, value_address, 0);
}

static void run_address_check(const struct sweep *s, const struct memtest_step *step)
{
	check_all(s, value_address, 0, 0, false, false);
}

/* ---- Block move ---- */

/* Words come in equal pairs, and moves are by whole pairs: however often, each pair must stay one. */
static void run_move_fill(const struct sweep *s, const struct memtest_step *step)
{
	uint64_t pattern = step->pattern;

	for (uint64_t *word = s->words; word < s->words + s->count; word += 8) {
		word[0] = word[1] = word[4] = word[5] = pattern;
		word[2] = word[3] = word[6] = word[7] = ~pattern;
		pattern = pattern << 1 | pattern >> 63;
	}
}

/* The lower half to the upper, and back, 32 bytes further on: what falls off the end comes in at the start. */
static void run_move(const struct sweep *s, const struct memtest_step *step)
{
	const size_t half = s->count / 2, shift = 4;
	uint64_t *upper = s->words + half;

	stream_copy(upper, s->words, half);
	stream_copy(s->words + shift, upper, half - shift);
	stream_copy(s->words, upper + half - shift, shift);
}

/* Which one of a pair is wrong nobody knows: the second is said to be. */
static void run_move_check(const struct sweep *s, const struct memtest_step *step)
{
	for (const uint64_t *word = s->words; word < s->words + s->count; word += 8) {
		uint64_t first[4], second[4], differ = 0;
		for (unsigned i = 0; i < 4; i++) {
			first[i] = word[2 * i];
			second[i] = word[2 * i + 1];
			differ |= first[i] ^ second[i];
		}
		for (unsigned i = 0; differ && i < 4; i++)
			if (first[i] != second[i])
				s->bad(s->context, word + 2 * i + 1, first[i], second[i]);
	}
}

/* ---- Modulo 20 ---- */

static void run_modulo_mark(const struct sweep *s, const struct memtest_step *step)
{
	for (size_t i = step->row; i < s->count; i += MODULO)
		s->words[i] = step->pattern;
}

static void run_modulo_rest(const struct sweep *s, const struct memtest_step *step)
{
	for (size_t i = 0, row = step->row; i < s->count; i++) {
		if (i == row)
			row += MODULO;
		else
			s->words[i] = ~step->pattern;
	}
}

static void run_modulo_check(const struct sweep *s, const struct memtest_step *step)
{
	for (size_t i = step->row; i < s->count; i += MODULO) {
		uint64_t actual = s->words[i];
		if (actual != step->pattern)
			s->bad(s->context, s->words + i, step->pattern, actual);
	}
}

/* ---- The tests ---- */

static uint64_t pass_random(unsigned pass, unsigned number)
{
	return mix((uint64_t)pass << 32 | (number + 1));
}

/* Fill, up, down. */
static void inversion(unsigned number, uint64_t pattern, struct memtest_step *ret)
{
	static const struct memtest_step steps[] = {
		{ .run = run_fill, .writes = 1 },
		{ .run = run_invert_up, .reads = 1, .writes = 1 },
		{ .run = run_invert_down, .reads = 1, .writes = 1 },
	};

	*ret = steps[number % 3];
	ret->pattern = pattern;
}

static void step_address_bits(unsigned number, unsigned pass, struct memtest_step *ret)
{
	*ret = (struct memtest_step){ .run = run_address_bits, .pattern = number ? UINT64_MAX : 0 };
}

static void step_own_address(unsigned number, unsigned pass, struct memtest_step *ret)
{
	*ret = number ? (struct memtest_step){ .run = run_address_check, .reads = 1 } :
			(struct memtest_step){ .run = run_address_fill, .writes = 1 };
}

static void step_ones_and_zeros(unsigned number, unsigned pass, struct memtest_step *ret)
{
	inversion(number, number < 3 ? 0 : UINT64_MAX, ret);
}

static void step_8_bits(unsigned number, unsigned pass, struct memtest_step *ret)
{
	inversion(number, (0x80u >> number / 3) * 0x0101010101010101ull, ret);
}

static void step_random_pattern(unsigned number, unsigned pass, struct memtest_step *ret)
{
	inversion(number, pass_random(pass, number / 3), ret);
}

static void step_64_bits(unsigned number, unsigned pass, struct memtest_step *ret)
{
	static const struct memtest_step steps[] = {
		{ .run = run_walk_fill, .writes = 1 },
		{ .run = run_walk_up, .reads = 1, .writes = 1 },
		{ .run = run_walk_down, .reads = 1, .writes = 1 },
	};

	*ret = steps[number % 3];
	ret->pattern = 1ull << (pass * 8 + number / 3) % 64;
}

#define MOVE_STEPS 6u

/* Once with a pattern and once with its complement, so that every bit is either. */
static void step_block_move(unsigned number, unsigned pass, struct memtest_step *ret)
{
	const uint64_t pattern = 1ull << pass % 64;
	const unsigned step = number % MOVE_STEPS;

	*ret = step == 0	      ? (struct memtest_step){ .run = run_move_fill, .writes = 1 } :
	       step == MOVE_STEPS - 1 ? (struct memtest_step){ .run = run_move_check, .reads = 1 } :
					(struct memtest_step){ .run = run_move, .reads = 1, .writes = 1 };
	ret->pattern = number < MOVE_STEPS ? pattern : ~pattern;
}

static void step_random_sequence(unsigned number, unsigned pass, struct memtest_step *ret)
{
	static const struct memtest_step steps[] = {
		{ .run = run_random_fill, .writes = 1 },
		{ .run = run_random_invert, .reads = 1, .writes = 1 },
		{ .run = run_random_check, .reads = 1 },
	};

	*ret = steps[number % 3];
	ret->pattern = pass_random(pass, number / 3);
}

static void step_modulo(unsigned number, unsigned pass, struct memtest_step *ret)
{
	static const struct memtest_step steps[] = {
		{ .run = run_modulo_mark },
		{ .run = run_modulo_rest, .writes = 1 },
		{ .run = run_modulo_rest, .writes = 1 },
		{ .run = run_modulo_check },
	};
	const unsigned round = pass * 4 + number / 4;

	*ret = steps[number % 4];
	ret->row = round % MODULO;
	ret->pattern = pass_random(round, 0);
}

static void step_bit_fade(unsigned number, unsigned pass, struct memtest_step *ret)
{
	*ret = number % 2 ? (struct memtest_step){ .run = run_check, .reads = 1, .fades = true } :
			    (struct memtest_step){ .run = run_fill, .writes = 1 };
	ret->pattern = number < 2 ? 0 : UINT64_MAX;
}

const struct memtest memtests[MEMTEST_COUNT] = {
	{ "address test, walking ones", 2, step_address_bits },
	{ "address test, own address", 2, step_own_address },
	{ "moving inversions, ones and zeros", 6, step_ones_and_zeros },
	{ "moving inversions, 8-bit pattern", 24, step_8_bits },
	{ "moving inversions, random pattern", 12, step_random_pattern },
	{ "moving inversions, 64-bit pattern", 24, step_64_bits },
	{ "block move", 2 * MOVE_STEPS, step_block_move },
	{ "random number sequence", 6, step_random_sequence },
	{ "modulo 20, random pattern", 16, step_modulo },
	{ "bit fade, 2 patterns", 4, step_bit_fade },
};

bool memtest_moves(const struct memtest *test)
{
	return test->step == step_block_move;
}
