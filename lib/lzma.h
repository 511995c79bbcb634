/* LZMA, read a byte at a time.
 *
 * Rules
 * - The stream is raw LZMA1 with lc = 3, lp = 0, pb = 0 and a window of LZMA_WINDOW bytes: what is packed at build time
 *   for this reader, so nothing else is supported. It needs no header, and its end is the reader's to know.
 * - The state is the caller's, and is all the memory that is used. */
#ifndef LIB_LZMA_H
#define LIB_LZMA_H

#include "lib/types.h"

#define LZMA_WINDOW		(64u << 10)
#define LZMA_LITERAL_CONTEXT	3	/* bits of the last byte that a literal's probabilities depend on: lc */

struct lzma_length {
	uint16_t over_8, over_16;
	uint16_t low[8], middle[8], high[256];
};

struct lzma {
	const uint8_t *at, *end;
	uint32_t range, code;
	uint32_t state;			/* what the last symbols were, 0 to 11 */
	uint32_t distance[4];		/* of the last matches, less 1 */
	uint32_t match_left;		/* bytes of the current match that are still to come */
	uint64_t position;		/* bytes given out */
	bool broken;

	/* Probabilities that the next bit is 0, in 2048ths. */
	struct lzma_probabilities {
		uint16_t match[12], repeat[12], repeat_1[12], repeat_2[12], repeat_3[12], repeat_long[12];
		uint16_t slot[4][64], special[115], align[16];
		struct lzma_length length, repeat_length;
		uint16_t literal[1 << LZMA_LITERAL_CONTEXT][0x300];
	} p;
	uint8_t window[LZMA_WINDOW];
};

void lzma_open(struct lzma *z, const void *data, size_t size);

/* The next byte, 0 to 255; -EBADMSG for ever after the end, and where the stream is damaged. */
int lzma_byte(struct lzma *z);

#endif
