/* Looking up glyphs.
 *
 * Nearly all text is ASCII, whose glyph numbers tools/mkfont fixes, so those cost a subtraction and a comparison. The
 * rest is found by bisection in some two hundred ranges: eight steps, which a terminal full of box drawing can
 * afford. */
#include "lib/font.h"

uint16_t font_glyph(const struct font *font, uint32_t code_point)
{
	if (code_point - 0x20 < 0x7f - 0x20)
		return font_glyph_ascii((char)code_point);

	/* Everything before `low` ends below the code point, everything from `high` on begins above it. */
	unsigned low = 0, high = font->range_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		const struct font_range *r = &font->ranges[middle];
		if (code_point < r->first)
			high = middle;
		else if (code_point - r->first >= r->count)
			low = middle + 1;
		else
			return (uint16_t)(r->glyph + (code_point - r->first));
	}
	return 0;
}
