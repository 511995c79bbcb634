/* The LZMA decoder, after the format's description in LZMA SDK 23.01, DOC/lzma-specification.txt.
 *
 * A stream of bits, each with a probability that adapts, packed by a range coder. A symbol is a literal byte, a match
 * (length and distance back into the window), or a match at one of the last four distances. Which of them comes is
 * coded in the context of the last few symbols: `state` is under 7 where the last one was a literal.
 *
 * Reading a byte at a time costs a test a byte, and the reader needs no buffer for what it does not want.
 *
 * A stream that ends too early reads as zeros and is found broken at the next byte; distances are checked against what
 * was given out and what the window holds. With these two a damaged stream does no harm beyond nonsense. */
#include "lib/lzma.h"

#include <abi/linux/errno.h>

#include "lib/string.h"

enum {
	STATES_LITERAL	= 7,		/* states under it: the last symbol was a literal */
	SHORTEST	= 2,		/* length of a match */
	PROBABILITY	= 1 << 11,	/* certainty */
	ADAPT		= 5,
};

/* All probabilities are 16 bits, so the struct is an array of them. */
static void probabilities_init(struct lzma_probabilities *p)
{
	uint16_t *const all = (uint16_t *)p;

	_Static_assert(_Alignof(struct lzma_probabilities) == sizeof(uint16_t), "no gaps");
	for (size_t i = 0; i < sizeof(*p) / sizeof(*all); i++)
		all[i] = PROBABILITY / 2;
}

static uint32_t input_byte(struct lzma *z)
{
	if (z->at < z->end)
		return *z->at++;
	z->broken = true;
	return 0;
}

static void input_refill(struct lzma *z)
{
	if (z->range >= 1u << 24)
		return;
	z->range <<= 8;
	z->code = z->code << 8 | input_byte(z);
}

static uint32_t bit(struct lzma *z, uint16_t *probability)
{
	const uint32_t bound = (z->range / PROBABILITY) * *probability;
	const uint32_t result = z->code >= bound;

	if (result) {
		z->range -= bound;
		z->code -= bound;
		*probability -= *probability >> ADAPT;
	} else {
		z->range = bound;
		*probability += (PROBABILITY - *probability) >> ADAPT;
	}
	input_refill(z);
	return result;
}

/* Bits that are as likely 0 as 1. */
static uint32_t direct_bits(struct lzma *z, unsigned count)
{
	uint32_t result = 0;

	while (count--) {
		z->range >>= 1;
		const uint32_t one = z->code >= z->range;
		z->code -= one ? z->range : 0;
		result = result << 1 | one;
		input_refill(z);
	}
	return result;
}

/* A number of some bits, highest first, each bit's probability depending on those before it. */
static uint32_t tree(struct lzma *z, uint16_t *probabilities, unsigned bits)
{
	uint32_t node = 1;

	for (unsigned i = 0; i < bits; i++)
		node = node << 1 | bit(z, &probabilities[node]);
	return node - (1u << bits);
}

/* The same, lowest bit first. */
static uint32_t tree_reverse(struct lzma *z, uint16_t *probabilities, unsigned bits)
{
	uint32_t node = 1, result = 0;

	for (unsigned i = 0; i < bits; i++) {
		const uint32_t one = bit(z, &probabilities[node]);
		node = node << 1 | one;
		result |= one << i;
	}
	return result;
}

static uint32_t match_length(struct lzma *z, struct lzma_length *p)
{
	if (!bit(z, &p->over_8))
		return SHORTEST + tree(z, p->low, 3);
	if (!bit(z, &p->over_16))
		return SHORTEST + 8 + tree(z, p->middle, 3);
	return SHORTEST + 16 + tree(z, p->high, 8);
}

/* The distance less 1: a slot names its size and two upper bits; long ones have their middle bits as they are. */
static uint32_t match_distance(struct lzma *z, uint32_t length)
{
	const uint32_t slot = tree(z, z->p.slot[MIN(length - SHORTEST, 3u)], 6);

	if (slot < 4)
		return slot;

	const unsigned bits = slot / 2 - 1;
	const uint32_t top = (2 | (slot & 1)) << bits;

	if (slot < 14)
		return top + tree_reverse(z, z->p.special + top - slot, bits);

	const uint32_t middle = direct_bits(z, bits - 4) << 4;

	return top + middle + tree_reverse(z, z->p.align, 4);
}

static uint8_t window_at(const struct lzma *z, uint32_t distance)
{
	return z->window[(z->position - 1 - distance) % LZMA_WINDOW];
}

/* After a match, a literal is likely not to be the byte that the match would have gone on with: that byte's bits, as
 * far as they agree, choose other probabilities. */
static uint8_t literal(struct lzma *z)
{
	const uint8_t last = z->position ? window_at(z, 0) : 0;
	uint16_t *const p = z->p.literal[last >> (8 - LZMA_LITERAL_CONTEXT)];
	uint32_t node = 1;

	if (z->state >= STATES_LITERAL) {
		uint32_t expected = window_at(z, z->distance[0]);
		while (node < 0x100) {
			const uint32_t likely = expected >> 7 & 1;
			const uint32_t one = bit(z, &p[((1 + likely) << 8) + node]);
			expected <<= 1;
			node = node << 1 | one;
			if (one != likely)
				break;
		}
	}
	while (node < 0x100)
		node = node << 1 | bit(z, &p[node]);
	z->state = z->state < 4 ? 0 : z->state - (z->state < 10 ? 3 : 6);
	return (uint8_t)node;
}

/* Bring the which-th of the last distances to the front. */
static void distance_use(struct lzma *z, unsigned which)
{
	const uint32_t distance = z->distance[which];

	for (; which; which--)
		z->distance[which] = z->distance[which - 1];
	z->distance[0] = distance;
}

/* A match at one of the last distances; a single byte of the very last one has a code of its own. */
static void match_repeat(struct lzma *z)
{
	const uint32_t state = z->state;
	const bool after_literal = state < STATES_LITERAL;

	if (!bit(z, &z->p.repeat_1[state])) {
		if (!bit(z, &z->p.repeat_long[state])) {
			z->state = after_literal ? 9 : 11;
			z->match_left = 1;
			return;
		}
	} else if (!bit(z, &z->p.repeat_2[state])) {
		distance_use(z, 1);
	} else {
		distance_use(z, bit(z, &z->p.repeat_3[state]) ? 3 : 2);
	}
	z->state = after_literal ? 8 : 11;
	z->match_left = match_length(z, &z->p.repeat_length);
}

static void match_new(struct lzma *z)
{
	z->state = z->state < STATES_LITERAL ? 7 : 10;
	z->match_left = match_length(z, &z->p.length);
	distance_use(z, 3);
	z->distance[0] = match_distance(z, z->match_left);
}

/* Read the next symbol: a match, which is left in match_left, or else a literal, which is returned. */
static uint8_t symbol(struct lzma *z)
{
	if (!bit(z, &z->p.match[z->state]))
		return literal(z);
	if (bit(z, &z->p.repeat[z->state]))
		match_repeat(z);
	else
		match_new(z);
	/* The mark of the end, the distance 2^32, is caught here, too. */
	if (z->distance[0] >= MIN(z->position, (uint64_t)LZMA_WINDOW))
		z->broken = true;
	return 0;
}

void lzma_open(struct lzma *z, const void *data, size_t size)
{
	memset(z, 0, offsetof(struct lzma, p));
	probabilities_init(&z->p);
	z->at = data;
	z->end = z->at + size;
	z->range = 0xffffffff;
	z->broken = input_byte(z) != 0;		/* the range coder's first byte is always 0 */
	for (unsigned i = 0; i < 4; i++)
		z->code = z->code << 8 | input_byte(z);
}

int lzma_byte(struct lzma *z)
{
	uint8_t byte = 0;

	if (!z->match_left && !z->broken)
		byte = symbol(z);
	if (z->broken)
		return -EBADMSG;
	if (z->match_left) {
		byte = window_at(z, z->distance[0]);
		z->match_left--;
	}
	z->window[z->position++ % LZMA_WINDOW] = byte;
	return byte;
}
