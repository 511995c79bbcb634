/* A bitmap font of one cell size.
 *
 * Rules: glyph 0 is the one for what the font does not have; U+0020 to U+007E are always glyphs 1 to 95, so that they
 * need no look-up; letters that look alike (Latin A, Greek Alpha, Cyrillic A) share one. A glyph is `height` rows of
 * `(width + 7) / 8` bytes, the leftmost pixel the highest bit of the first byte. Ranges are sorted by first code point
 * and do not overlap. The data is made at build time by tools/mkfont from the Terminus font's package. */
#ifndef LIB_FONT_H
#define LIB_FONT_H

#include <stdint.h>

struct font_range {
	uint32_t first;		/* code point */
	uint16_t count;
	uint16_t glyph;		/* of the first; the others follow */
};

struct font {
	uint8_t width, height;	/* pixels: 8x16 or 16x32 */
	uint16_t glyph_count;
	uint16_t range_count;
	const struct font_range *ranges;
	const uint8_t *bitmaps;
};

/* Of a printable ASCII character, in any of our fonts. */
static inline uint16_t font_glyph_ascii(char c) { return (uint16_t)(c - 0x1f); }

/* The glyph of a code point, 0 where the font has none. */
uint16_t font_glyph(const struct font *font, uint32_t code_point);

/* The same design in two sizes, with the same glyph numbers; the loader has only an ASCII part of the smaller one. */
extern const struct font font_small;	/* 8x16 */
extern const struct font font_large;	/* 16x32 */

#endif
