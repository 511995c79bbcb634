/* 64 numbers are a word, 64 words are a bit each in a word of the summary: finding a free number among 262,144 looks at
 * up to 64 words of the summary and one below, instead of 4096. */
#include "lib/bitmap.h"

#include <abi/linux/errno.h>
#include "lib/string.h"

#define WORD_BITS 64u

static uint32_t words_for(uint32_t bits)
{
	return bits / WORD_BITS + (bits % WORD_BITS != 0);
}

size_t bitmap_bytes(uint32_t count)
{
	return ((size_t)words_for(count) + words_for(words_for(count))) * sizeof(uint64_t);
}

/* `count` bits set, the rest of the last word clear. */
static void fill(uint64_t *words, uint32_t count)
{
	memset(words, 0xff, count / WORD_BITS * sizeof(uint64_t));
	if (count % WORD_BITS)
		words[count / WORD_BITS] = (1ull << count % WORD_BITS) - 1;
}

void bitmap_init(struct bitmap *b, void *memory, uint32_t count)
{
	b->words = memory;
	b->summary = b->words + words_for(count);
	b->count = count;
	b->taken = 0;
	fill(b->words, count);
	fill(b->summary, words_for(count));
}

int64_t bitmap_take(struct bitmap *b)
{
	uint32_t summaries = words_for(words_for(b->count)), s = 0;

	while (s < summaries && !b->summary[s])
		s++;
	if (s == summaries)
		return -ENOSPC;
	uint32_t word = s * WORD_BITS + (uint32_t)__builtin_ctzll(b->summary[s]);
	uint32_t bit = (uint32_t)__builtin_ctzll(b->words[word]);
	b->words[word] &= b->words[word] - 1;
	if (!b->words[word])
		b->summary[s] &= b->summary[s] - 1;
	b->taken++;
	return (int64_t)word * WORD_BITS + bit;
}

bool bitmap_give(struct bitmap *b, uint32_t number)
{
	uint32_t word = number / WORD_BITS;
	uint64_t bit = 1ull << number % WORD_BITS;

	if (number >= b->count || (b->words[word] & bit))
		return false;
	b->words[word] |= bit;
	b->summary[word / WORD_BITS] |= 1ull << word % WORD_BITS;
	b->taken--;
	return true;
}
