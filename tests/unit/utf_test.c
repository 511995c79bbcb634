/* lib/utf.c: exhaustive over code points and over sequences of up to three bytes, and the examples of the Unicode
 * Standard. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/utf.h"

static bool is_scalar(uint32_t code_point)
{
	return code_point < 0xd800 || (code_point > 0xdfff && code_point <= 0x10ffff);
}

/* Well-formed by definition: the one sequence that encoding gives, shortest form and scalar value. */
static bool valid_by_definition(const uint8_t *s, size_t size)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code_point;
	size_t length;

	for (; size; s += length, size -= length) {
		length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
		if (!length || length > size)
			return false;
		code_point = length == 1 ? s[0] : s[0] & (0x7fu >> length);
		for (size_t i = 1; i < length; i++) {
			if (s[i] >> 6 != 2)
				return false;
			code_point = code_point << 6 | (s[i] & 0x3f);
		}
		if (code_point < least[length] || !is_scalar(code_point))
			return false;
	}
	return true;
}

TEST(every_code_point_survives)
{
	for (uint32_t c = 0; c <= 0x110100; c++) {
		struct utf8_decoder d = { 0 };
		char bytes[4];
		const size_t size = utf8_encode(c, bytes);
		uint32_t points[2] = { 0 };
		unsigned count = 0;

		for (size_t i = 0; i < size; i++) {
			if (count)
				TEST_FAIL("U+%04X came after %zu of %zu bytes", c, i, size);
			count = utf8_decode(&d, (uint8_t)bytes[i], points);
		}
		if (count != 1 || points[0] != (is_scalar(c) ? c : UTF_REPLACEMENT) || !utf8_valid(bytes, size))
			TEST_FAIL("U+%04X came back as U+%04X, count %u", c, points[0], count);
	}
}

TEST(every_sequence_of_three_bytes)
{
	uint8_t s[3];

	/* All that begin with no ASCII, and some of the others. */
	for (uint32_t n = 0; n < 1 << 24; n += n < 0x800000 ? 251 : 1) {
		s[0] = (uint8_t)(n >> 16), s[1] = (uint8_t)(n >> 8), s[2] = (uint8_t)n;
		if (utf8_valid((char *)s, 3) != valid_by_definition(s, 3))
			TEST_FAIL("%02x %02x %02x", s[0], s[1], s[2]);
	}
	for (uint32_t n = 0; n < 1 << 16; n++) {
		s[0] = (uint8_t)(n >> 8), s[1] = (uint8_t)n;
		if (utf8_valid((char *)s, 2) != valid_by_definition(s, 2))
			TEST_FAIL("%02x %02x", s[0], s[1]);
	}
}

TEST(sequences_of_four_bytes_at_the_limits)
{
	static const uint8_t edges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff };

	for (unsigned lead = 0xef; lead <= 0xff; lead++) {
		for (unsigned n = 0; n < 512; n++) {
			const uint8_t s[4] = { (uint8_t)lead, edges[n & 7], edges[n >> 3 & 7], edges[n >> 6] };

			if (utf8_valid((const char *)s, 4) != valid_by_definition(s, 4))
				TEST_FAIL("%02x %02x %02x %02x", s[0], s[1], s[2], s[3]);
		}
	}
}

/* Decode and compare with the code points expected, 0 last. */
static void decodes_to(const char *text, const uint32_t *expected)
{
	struct utf8_decoder d = { 0 };
	uint32_t points[2];

	for (const char *p = text; *p; p++) {
		const unsigned count = utf8_decode(&d, (uint8_t)*p, points);

		for (unsigned i = 0; i < count; i++)
			CHECK_EQ(points[i], *expected++);
	}
	CHECK_EQ(*expected, 0);
}

/* The Unicode Standard 15.0, tables 3-8 to 3-11. */
TEST(broken_sequences_as_in_the_standard)
{
	enum { R = UTF_REPLACEMENT };

	decodes_to("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", (uint32_t[]){ R, R, R, R, R, R, R, R, 0x41, 0 });
	decodes_to("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", (uint32_t[]){ R, R, R, R, R, R, R, R, 0x41, 0 });
	decodes_to("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", (uint32_t[]){ R, R, R, R, R, 0x41, R, R, 0x42, 0 });
	decodes_to("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", (uint32_t[]){ R, R, R, R, 0x41, 0 });
}

TEST(a_broken_sequence_and_its_breaker)
{
	struct utf8_decoder d = { 0 };
	uint32_t points[2] = { 0 };

	CHECK_EQ(utf8_decode(&d, 0xe2, points), 0);
	CHECK_EQ(utf8_decode(&d, 'x', points), 2);
	CHECK(points[0] == UTF_REPLACEMENT && points[1] == 'x');
	CHECK_EQ(utf8_decode(&d, 0xe2, points), 0);
	CHECK_EQ(utf8_decode(&d, 0xff, points), 2);
	CHECK(points[0] == UTF_REPLACEMENT && points[1] == UTF_REPLACEMENT);
	CHECK_EQ(utf8_decode(&d, 0xe2, points), 0);
	CHECK_EQ(utf8_decode(&d, 0xc3, points), 1);	/* the breaker begins a sequence itself */
	CHECK_EQ(utf8_decode(&d, 0xa4, points), 1);
	CHECK_EQ(points[0], 0xe4);
}

TEST(a_real_replacement_character_is_valid)
{
	CHECK(utf8_valid("\xef\xbf\xbd", 3));
	CHECK(!utf8_valid("\xef\xbf", 2));
	CHECK(utf8_valid("", 0));
	CHECK(utf8_valid("a\0b", 3));
}

TEST(utf16_to_utf8_converts)
{
	static const uint16_t text[] = { 'a', 0xdf, 0x20ac, 0xd83d, 0xde00, 0xdbff, 0xdfff, 0xd800, 0xdc00,
					 0xffff, 0, 'x' };
	char ret[32];

	CHECK_EQ(utf16_to_utf8(text, 12, ret, sizeof(ret)), 1 + 2 + 3 + 4 + 4 + 4 + 3);
	CHECK_STR(ret, "a\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\xef\xbf\xbf");
	CHECK_EQ(utf16_to_utf8(text, 0, ret, sizeof(ret)), 0);
	CHECK_STR(ret, "");
	CHECK_EQ(utf16_to_utf8(text, 2, ret, sizeof(ret)), 3);	/* without a NUL unit */
}

TEST(utf16_surrogates_come_in_pairs)
{
	static const uint16_t bad[][3] = { { 0xd800, 'a', 'b' }, { 'a', 0xdc00, 'b' }, { 'a', 'b', 0xd83d },
					   { 0xd83d, 0xd83d, 0xde00 }, { 0xd83d, 0, 0xde00 },
					   { 0xde00, 0xd83d, 'a' }, { 0xd83d, 0xe000, 'a' },
					   { 0xdc00, 0xdc00, 'a' } };
	char ret[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(utf16_to_utf8(bad[i], 3, ret, sizeof(ret)), -EILSEQ);
}

TEST(utf16_to_utf8_at_the_end_of_the_room)
{
	static const uint16_t text[] = { 'a', 0xd83d, 0xde00 };
	char ret[8];

	for (size_t size = 0; size < sizeof(ret); size++) {
		memset(ret, '#', sizeof(ret));
		CHECK_EQ(utf16_to_utf8(text, 3, ret, size), size < 6 ? -E2BIG : 5);
		CHECK_EQ(ret[size], '#');
	}
	CHECK_EQ(utf16_to_utf8(text, 0, ret, 0), -E2BIG);
}

TEST(control_characters)
{
	CHECK(utf_is_control(0) && utf_is_control(0x1f) && utf_is_control(0x7f));
	CHECK(utf_is_control(0x80) && utf_is_control(0x9f));
	CHECK(!utf_is_control(0x20) && !utf_is_control(0x7e) && !utf_is_control(0xa0) && !utf_is_control(0x10ffff));
}

static void cleans_to(const char *text, size_t most, size_t size, const char *expected)
{
	char ret[32];

	memset(ret, '#', sizeof(ret));
	CHECK_EQ(utf8_clean(text, most, ret, size), strlen(expected));
	CHECK_STR(ret, expected);
	CHECK(ret[size] == '#');
}

TEST(texts_are_cleaned)
{
	cleans_to("Dell Inc.   ", 12, 31, "Dell Inc.");
	cleans_to("  ", 2, 31, "");
	cleans_to("a\x1b[31mb\x7f\xc2\x9b", 11, 31, "a?[31mb??");
	cleans_to("J\xc3\xa4ger\xe2", 7, 31, "J\xc3\xa4ger?");
	cleans_to("\xe2x\xff", 3, 31, "?x?");
	cleans_to("ab\0cd", 5, 31, "ab");
	cleans_to("abc", 2, 31, "ab");
	cleans_to("abc", 0, 31, "");
	cleans_to("ab\xe2\x82\xac", 5, 6, "ab\xe2\x82\xac");
	cleans_to("ab\xe2\x82\xac", 5, 5, "ab");	/* not a part of a character */
	cleans_to("a bcd", 5, 3, "a");			/* a blank that becomes the last goes too */
	cleans_to("abc", 3, 1, "");
}

TEST_MAIN
