/* The generated fonts and the look-up in them. */
#include "lib/font.h"
#include "tests/unit/test.h"

TEST(ascii_has_fixed_numbers)
{
	for (uint32_t c = 0x20; c < 0x7f; c++) {
		CHECK_EQ(font_glyph(&font_small, c), c - 0x1f);
		CHECK_EQ(font_glyph_ascii((char)c), c - 0x1f);
	}
	CHECK_EQ(font_glyph(&font_small, 0x1f), 0);
	CHECK_EQ(font_glyph(&font_small, 0x7f), 0);
}

TEST(ranges_are_sorted_and_inside_the_font)
{
	uint32_t next = 0;
	for (unsigned i = 0; i < font_small.range_count; i++) {
		const struct font_range *r = &font_small.ranges[i];
		CHECK(r->first >= next && r->count > 0);
		CHECK(r->glyph > 0 && r->glyph + r->count <= font_small.glyph_count);
		next = r->first + r->count;
	}
}

/* The bisection against a plain search, for all there is to ask. */
TEST(lookup_agrees_with_a_plain_search)
{
	unsigned wrong = 0;
	for (uint32_t c = 0; c < 0x11000; c++) {
		uint16_t glyph = 0;
		for (unsigned i = 0; i < font_small.range_count; i++) {
			const struct font_range *r = &font_small.ranges[i];
			if (c >= r->first && c < r->first + r->count)
				glyph = (uint16_t)(r->glyph + (c - r->first));
		}
		wrong += font_glyph(&font_small, c) != glyph;
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(font_glyph(&font_small, 0xffffffff), 0);
}

TEST(both_sizes_have_the_same_numbers)
{
	CHECK_EQ(font_small.width, 8);
	CHECK_EQ(font_small.height, 16);
	CHECK_EQ(font_large.width, 16);
	CHECK_EQ(font_large.height, 32);
	CHECK_EQ(font_small.glyph_count, font_large.glyph_count);
	CHECK_EQ(font_small.range_count, font_large.range_count);
	for (unsigned i = 0; i < font_small.range_count && i < font_large.range_count; i++)
		CHECK(!memcmp(&font_small.ranges[i], &font_large.ranges[i], sizeof(struct font_range)));
}

TEST(scripts_that_a_console_needs)
{
	static const struct { uint32_t first, last; } all[] = {
		{ 0xa0, 0x17e },			/* Latin-1, Latin Extended-A */
		{ 0x391, 0x3a1 }, { 0x3a3, 0x3c9 },	/* Greek */
		{ 0x400, 0x45f },			/* Cyrillic */
		{ 0x2018, 0x201e }, { 0x2026, 0x2026 }, { 0x20ac, 0x20ac }, { 0x2190, 0x2195 },
		{ 0x2500, 0x2503 }, { 0x250c, 0x254b }, { 0x2550, 0x2593 },	/* box drawing, blocks */
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (uint32_t c = all[i].first; c <= all[i].last; c++)
			if (!font_glyph(&font_small, c))
				TEST_FAIL("no glyph for U+%04" PRIX32, c);
	CHECK_EQ(font_glyph(&font_small, 0x4e00), 0);
	CHECK_EQ(font_glyph(&font_small, 0x0391), font_glyph(&font_small, 'A'));
}

/* One letter by hand, so that a reader's mistake (bit order, padding, place in the cell) is seen. */
TEST(letter_looks_right)
{
	static const uint8_t a[16] = { 0, 0, 0x3c, 0x42, 0x42, 0x42, 0x42, 0x7e, 0x42, 0x42, 0x42, 0x42, 0, 0, 0, 0 };
	static const uint8_t full[4] = { 0xff, 0xff, 0xff, 0xff };
	const uint8_t *block = font_large.bitmaps + font_glyph(&font_large, 0x2588) * 64;

	CHECK(!memcmp(font_small.bitmaps + font_glyph(&font_small, 'A') * 16, a, sizeof(a)));
	CHECK(!memcmp(block, full, 4) && !memcmp(block + 60, full, 4));
}

TEST_MAIN
