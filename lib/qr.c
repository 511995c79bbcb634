/* After ISO/IEC 18004:2015; sections and tables are that standard's.
 *
 * One version and level make all sizes constants. Text becomes 861 bytes, which are cut into eight blocks; each
 * block gets 28 bytes of Reed-Solomon code, the blocks are interleaved, and the bits fill what the fixed patterns
 * leave of the square, in columns of two modules from the right, up and down in turn. A mask then breaks up plain
 * areas. A reader takes any of the eight masks (which is best is to be judged by eye or points), so it is always the
 * chessboard, number 0: what is encoded is compressed, so it has no plain areas of its own. */
#include "lib/qr.h"

#include <abi/linux/errno.h>

#include "lib/base45.h"
#include "lib/string.h"

enum {
	DATA		= 861,	/* bytes (table 9) … */
	BLOCKS		= 8,
	SHORT_BLOCKS	= 3,	/* … of which these have a byte less */
	SHORT_SIZE	= 107,
	CHECK		= 28,	/* bytes of Reed-Solomon code a block */
	CODEWORDS	= DATA + BLOCKS * CHECK,
};

#define MODE_ALPHANUMERIC	2u		/* table 2 */
#define COUNT_BITS		11u		/* table 3, versions 10 to 26 */
#define FIELD			0x11du		/* x^8 + x^4 + x^3 + x^2 + 1, section 7.5.2 */
#define FORMAT			0x77c4u		/* level L with mask 0, table C.1 */
#define VERSION			0x149a6u	/* 20, table D.1 */

/* ---- Text to bits ---- */

struct bits {
	uint8_t bytes[DATA];
	unsigned used;		/* bits */
};

static void put_bits(struct bits *b, uint32_t value, unsigned count)
{
	while (count--) {
		b->bytes[b->used / 8] |= (uint8_t)((value >> count & 1) << (7 - b->used % 8));
		b->used++;
	}
}

/* Section 7.4.4: two characters in 11 bits, a last single one in 6. */
static int put_text(struct bits *b, const char *text, size_t size)
{
	uint32_t value = 0;

	put_bits(b, MODE_ALPHANUMERIC, 4);
	put_bits(b, (uint32_t)size, COUNT_BITS);
	for (size_t i = 0; i < size; i++) {
		const char *const found = strchr(BASE45_ALPHABET, text[i]);
		if (!found)
			return -EINVAL;
		value = value * 45 + (uint32_t)(found - BASE45_ALPHABET);
		if (i % 2) {
			put_bits(b, value, 11);
			value = 0;
		}
	}
	if (size % 2)
		put_bits(b, value, 6);
	return 0;
}

/* Section 7.4.10: an end of up to four zeros, zeros to a whole byte, then two bytes in turn. */
static void put_padding(struct bits *b)
{
	b->used += MIN(4u, DATA * 8 - b->used);
	b->used = (b->used + 7) / 8 * 8;
	for (uint32_t byte = 0xec; b->used < DATA * 8; byte ^= 0xec ^ 0x11)
		put_bits(b, byte, 8);
}

/* ---- Reed-Solomon ---- */

static uint8_t field_multiply(uint8_t a, uint8_t b)
{
	uint32_t product = 0;

	for (unsigned i = 8; i-- > 0;)
		product = (product << 1 ^ (product & 0x80 ? FIELD : 0)) ^ (b >> i & 1 ? a : 0);
	return (uint8_t)product;
}

/* The product of (x - 2^i) for i under CHECK, without its leading 1, the highest power first. */
static void generator_make(uint8_t ret[CHECK])
{
	uint8_t root = 1;

	memset(ret, 0, CHECK);
	ret[CHECK - 1] = 1;
	for (unsigned i = 0; i < CHECK; i++, root = field_multiply(root, 2))
		for (unsigned j = 0; j < CHECK; j++)
			ret[j] = field_multiply(ret[j], root) ^ (j + 1 < CHECK ? ret[j + 1] : 0);
}

/* The remainder of the data, as a polynomial, divided by the generator. */
static void block_check(const uint8_t *data, unsigned size, const uint8_t generator[CHECK], uint8_t ret[CHECK])
{
	memset(ret, 0, CHECK);
	for (unsigned i = 0; i < size; i++) {
		const uint8_t factor = data[i] ^ ret[0];

		memmove(ret, ret + 1, CHECK - 1);
		ret[CHECK - 1] = 0;
		for (unsigned j = 0; j < CHECK; j++)
			ret[j] ^= field_multiply(generator[j], factor);
	}
}

/* Section 7.6: the blocks' first bytes, their second bytes, …; the last ones of the long blocks; then their check
 * bytes in the same way. */
static void interleave(const uint8_t data[DATA], uint8_t ret[CODEWORDS])
{
	uint8_t generator[CHECK], check[CHECK];

	generator_make(generator);
	for (unsigned block = 0; block < BLOCKS; block++) {
		const unsigned size = SHORT_SIZE + (block >= SHORT_BLOCKS);

		for (unsigned i = 0; i < SHORT_SIZE; i++)
			ret[i * BLOCKS + block] = data[i];
		if (size > SHORT_SIZE)
			ret[SHORT_SIZE * BLOCKS + block - SHORT_BLOCKS] = data[SHORT_SIZE];
		block_check(data, size, generator, check);
		for (unsigned i = 0; i < CHECK; i++)
			ret[DATA + i * BLOCKS + block] = check[i];
		data += size;
	}
}

/* ---- The square ---- */

enum module { LIGHT, DARK, FREE };	/* FREE: for the codewords */

static unsigned distance(unsigned a, unsigned b)
{
	return a > b ? a - b : b - a;
}

/* Section 6.3.3: a dark 3x3 square, a light and a dark ring around it, and the light separator. */
static enum module finder(unsigned x, unsigned y, unsigned centre_x, unsigned centre_y)
{
	const unsigned ring = MAX(distance(x, centre_x), distance(y, centre_y));

	return ring > 4 ? FREE : ring != 2 && ring != 4 ? DARK : LIGHT;
}

/* Section 6.3.6 and annex E: 5x5 patterns at these coordinates, but not where the finders are. */
static enum module alignment(unsigned x, unsigned y)
{
	static const uint8_t centres[] = { 6, 34, 62, 90 };

	for (unsigned i = 0; i < ARRAY_SIZE(centres); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(centres); j++) {
			const unsigned ring = MAX(distance(x, centres[i]), distance(y, centres[j]));
			const bool corner = (i == 0 && j == 0) || (i == 0 && j == 3) || (i == 3 && j == 0);
			if (ring <= 2 && !corner)
				return ring == 1 ? LIGHT : DARK;
		}
	return FREE;
}

/* Section 7.9, figure 25: 15 bits along the top left finder, and again along the two others. The first of them is
 * the one at the top of column 8, and at the right end of row 8. */
static enum module format(unsigned x, unsigned y)
{
	unsigned bit;

	if (x == 8 && y == QR_SIZE - 8)
		return DARK;		/* always */
	if (x == 8 && y <= 8)
		bit = y - (y > 6);
	else if (y == 8 && x < 8)
		bit = 14 - x + (x > 6);
	else if (y == 8 && x >= QR_SIZE - 8)
		bit = QR_SIZE - 1 - x;
	else if (x == 8 && y > QR_SIZE - 8)
		bit = y - (QR_SIZE - 15);
	else
		return FREE;
	return FORMAT >> bit & 1 ? DARK : LIGHT;
}

/* Section 7.10: 18 bits in 3x6 modules beside the two outer finders. */
static enum module version(unsigned x, unsigned y)
{
	const unsigned across = MAX(x, y), along = MIN(x, y);

	if (along > 5 || across < QR_SIZE - 11 || across > QR_SIZE - 9)
		return FREE;
	return VERSION >> (along * 3 + across - (QR_SIZE - 11)) & 1 ? DARK : LIGHT;
}

static enum module fixed(unsigned x, unsigned y)
{
	enum module m = finder(x, y, 3, 3);

	if (m == FREE)
		m = finder(x, y, QR_SIZE - 4, 3);
	if (m == FREE)
		m = finder(x, y, 3, QR_SIZE - 4);
	if (m == FREE && (x == 6 || y == 6))	/* the timing patterns, which agree with the alignment patterns on them */
		m = (x + y) % 2 ? LIGHT : DARK;
	if (m == FREE)
		m = alignment(x, y);
	if (m == FREE)
		m = format(x, y);
	return m == FREE ? version(x, y) : m;
}

static void set_dark(struct qr *qr, unsigned x, unsigned y)
{
	qr->rows[y][x / 8] |= (uint8_t)(1u << x % 8);
}

/* Section 7.7.3; the column of the vertical timing pattern does not count. The masks' number 0 turns the modules round
 * whose coordinates have an even sum (table 10). Bits that are left at the end are zeros. */
static void place_codewords(struct qr *qr, const uint8_t codewords[CODEWORDS])
{
	unsigned bit = 0;

	for (unsigned pair = 0; pair < (QR_SIZE - 1) / 2; pair++)
		for (unsigned step = 0; step < 2 * QR_SIZE; step++) {
			const unsigned right = QR_SIZE - 1 - 2 * pair, down = step / 2;
			const unsigned x = right - (right <= 6) - step % 2, y = pair % 2 ? down : QR_SIZE - 1 - down;
			if (fixed(x, y) != FREE)
				continue;
			const bool one = bit < CODEWORDS * 8 && codewords[bit / 8] >> (7 - bit % 8) & 1;
			if (one != ((x + y) % 2 == 0))
				set_dark(qr, x, y);
			bit++;
		}
}

int qr_encode(const char *text, struct qr *ret)
{
	const size_t size = strnlen(text, QR_TEXT_MOST + 1);
	struct bits bits = { .used = 0 };
	uint8_t codewords[CODEWORDS];

	if (size > QR_TEXT_MOST || put_text(&bits, text, size))
		return -EINVAL;
	put_padding(&bits);
	interleave(bits.bytes, codewords);
	memset(ret, 0, sizeof(*ret));
	for (unsigned y = 0; y < QR_SIZE; y++)
		for (unsigned x = 0; x < QR_SIZE; x++)
			if (fixed(x, y) == DARK)
				set_dark(ret, x, y);
	place_codewords(ret, codewords);
	return 0;
}
