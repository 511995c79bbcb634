/* lib/string.c against plain loops: each size about the limits where it changes its way of copying, each alignment,
 * each overlap, with guard bytes on both sides. The functions get other names here, because the C library's own are
 * in this program too. */
#include "tests/unit/test.h"

#define memcpy k_memcpy
#define memmove k_memmove
#define memset k_memset
#define memcmp k_memcmp
#define strlen k_strlen
#define strnlen k_strnlen
#define strcmp k_strcmp
#define strncmp k_strncmp
#define strchr k_strchr
#include "lib/string.c"	// NOLINT(bugprone-suspicious-include)
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

enum { ROOM = 1024, MIDDLE = 256, MOST = 300 };

/* Bytes none of which is equal to one of its neighbours. */
static void number(uint8_t *bytes, unsigned seed)
{
	for (unsigned i = 0; i < ROOM; i++)
		bytes[i] = (uint8_t)(i * 7 + seed + (i >> 8));
}

/* What a move by single bytes leaves behind, by way of a copy. */
static void move_slowly(uint8_t *bytes, size_t to, size_t from, size_t size)
{
	uint8_t copy[ROOM];

	for (size_t i = 0; i < size; i++)
		copy[i] = bytes[from + i];
	for (size_t i = 0; i < size; i++)
		bytes[to + i] = copy[i];
}

static bool same(const uint8_t *a, const uint8_t *b)
{
	for (unsigned i = 0; i < ROOM; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

TEST(memcpy_each_size_and_alignment)
{
	static uint8_t from[ROOM], to[ROOM], expected[ROOM];

	number(from, 3);
	for (size_t size = 0; size <= MOST; size++) {
		for (size_t shift = 0; shift < 64; shift++) {
			const size_t a = shift % 8, b = shift / 8;

			number(to, 100);
			number(expected, 100);
			for (size_t i = 0; i < size; i++)
				expected[MIDDLE + a + i] = from[b + i];
			CHECK(k_memcpy(to + MIDDLE + a, from + b, size) == to + MIDDLE + a);
			if (!same(to, expected))
				TEST_FAIL("%zu bytes from alignment %zu to %zu", size, b, a);
		}
	}
}

TEST(memmove_each_overlap)
{
	static uint8_t bytes[ROOM], expected[ROOM];
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 63, 64, 127, 128, 129, 136, 200, MOST };

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (int distance = -140; distance <= 140; distance++) {
			const size_t to = (size_t)(MIDDLE + distance);

			number(bytes, 9);
			number(expected, 9);
			move_slowly(expected, to, MIDDLE, sizes[s]);
			CHECK(k_memmove(bytes + to, bytes + MIDDLE, sizes[s]) == bytes + to);
			if (!same(bytes, expected))
				TEST_FAIL("%zu bytes by %d", sizes[s], distance);
		}
	}
}

TEST(memset_each_size_and_alignment)
{
	static uint8_t to[ROOM], expected[ROOM];
	static const int values[] = { 0, 1, 0x80, 0xff, -1, 0x1a5 };	/* only the low byte counts */

	for (size_t size = 0; size <= MOST; size++) {
		for (size_t shift = 0; shift < 8; shift++) {
			const int value = values[(size + shift) % 6];

			number(to, 5);
			number(expected, 5);
			for (size_t i = 0; i < size; i++)
				expected[MIDDLE + shift + i] = (uint8_t)value;
			CHECK(k_memset(to + MIDDLE + shift, value, size) == to + MIDDLE + shift);
			if (!same(to, expected))
				TEST_FAIL("%zu bytes of %#x at alignment %zu", size, (unsigned)value, shift);
		}
	}
}

/* A megabyte: a function that called itself would have run out of stack. */
TEST(large_blocks)
{
	const size_t size = (1 << 20) + 13;
	uint8_t *a = malloc(size), *b = malloc(size);
	size_t wrong = 0;

	if (!a || !b)
		exit(1);
	for (size_t i = 0; i < size; i++)
		a[i] = (uint8_t)(i ^ i >> 8);
	k_memset(b, 0xaa, size);
	CHECK(b[0] == 0xaa && b[size / 2] == 0xaa && b[size - 1] == 0xaa);
	k_memcpy(b, a, size);
	CHECK_EQ(k_memcmp(a, b, size), 0);
	k_memmove(b + 1, b, size - 1);
	for (size_t i = 1; i < size; i++)
		wrong += b[i] != a[i - 1];
	CHECK_EQ(wrong, 0);
	free(a);
	free(b);
}

TEST(memcmp_finds_the_first_difference)
{
	uint8_t a[64], b[64];

	k_memset(a, 0x7f, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		k_memset(b, 0x7f, sizeof(b));
		b[i] = 0x80;	/* larger, though negative as a signed char */
		if (i + 1 < sizeof(b))
			b[i + 1] = 0;
		CHECK(k_memcmp(a, b, sizeof(a)) < 0);
		CHECK(k_memcmp(b, a, sizeof(a)) > 0);
		CHECK_EQ(k_memcmp(a, b, i), 0);
	}
}

TEST(strlen_and_strnlen)
{
	const char unterminated[3] = { 'a', 'b', 'c' };

	CHECK_EQ(k_strlen(""), 0);
	CHECK_EQ(k_strlen("seven c"), 7);
	CHECK_EQ(k_strnlen(unterminated, 3), 3);
	CHECK_EQ(k_strnlen("abc", 2), 2);
	CHECK_EQ(k_strnlen("abc", 10), 3);
	CHECK_EQ(k_strnlen(NULL, 0), 0);
}

TEST(strcmp_compares_unsigned_bytes)
{
	CHECK_EQ(k_strcmp("", ""), 0);
	CHECK_EQ(k_strcmp("abc", "abc"), 0);
	CHECK(k_strcmp("abc", "abcd") < 0);
	CHECK(k_strcmp("abcd", "abc") > 0);
	CHECK(k_strcmp("\x80", "\x7f") > 0);
	CHECK(k_strcmp("", "\xff") < 0);
	CHECK_EQ(k_strncmp("abcX", "abcY", 3), 0);
	CHECK(k_strncmp("abcX", "abcY", 4) < 0);
	CHECK_EQ(k_strncmp("abc", "abc", 100), 0);
	CHECK_EQ(k_strncmp("x", "y", 0), 0);
}

TEST(strchr_finds_the_first)
{
	const char *text = "key=a=b";

	CHECK(k_strchr(text, '=') == text + 3);
	CHECK(k_strchr(text, 0) == text + 7);
	CHECK(k_strchr(text, 'z') == NULL);
	CHECK(k_strchr("\xff", 0xff) != NULL);	/* an int, converted to char */
}

TEST_MAIN
