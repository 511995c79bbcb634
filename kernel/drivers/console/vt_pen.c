/* The terminal's pen: attributes in, two colours out.
 *
 * Cells hold colours only, so each attribute is folded into them when it is set, which is rare, and nothing remains to
 * be decided when a character is written or drawn, which is not:
 *   bold       the palette's bright half for colours 0 to 7, white for the default foreground; other colours stay
 *   dim        the foreground half-way to the background
 *   underline  the foreground half-way to white (a cell has no room for a line)
 *   reverse    both exchanged, last of all
 * As on Linux's console, bold and dim exclude each other and erased cells take the background without reverse. */
#include "kernel/drivers/console/vt_internal.h"

enum { COLOUR_DEFAULT = -1, COLOUR_RGB = -2 };
enum { BRIGHT = 8, WHITE = 0xffffff };

/* Readable on the dark default background, each with a bright form that still differs. */
static const uint32_t palette[16] = {
	0x1c2228, 0xe5645f, 0x7fbf6a, 0xd9b25a, 0x5c9fe8, 0xc07fd8, 0x4fbcc4, 0xc8ccd0,
	0x6b747d, 0xff8a80, 0xa5e08c, 0xf5d67a, 0x8fc1ff, 0xdca6f5, 0x82e0e6, WHITE,
};

/* The rest of the 256 colours as xterm has them: a 6x6x6 cube of the levels 0, 95, 135 ... 255, and 24 greys, 8 to
 * 238. */
static uint32_t cube_level(unsigned step)
{
	return step ? 55 + 40 * step : 0;
}

static uint32_t colour_of_index(unsigned index)
{
	if (index < 16)
		return palette[index];
	if (index >= 232)
		return (8 + 10 * (index - 232)) * 0x010101;
	index -= 16;
	return cube_level(index / 36) << 16 | cube_level(index / 6 % 6) << 8 | cube_level(index % 6);
}

static uint32_t half_way(uint32_t a, uint32_t b)
{
	/* The lowest bit of each channel goes first, or it would be carried into the next channel. */
	return (a >> 1 & 0x7f7f7f) + (b >> 1 & 0x7f7f7f);
}

static uint32_t foreground_of(const struct vt_pen *pen)
{
	switch (pen->foreground) {
	case COLOUR_DEFAULT:
		return pen->bold ? WHITE : VT_FOREGROUND;
	case COLOUR_RGB:
		return pen->foreground_rgb;
	}
	return colour_of_index((unsigned)pen->foreground + (pen->bold && pen->foreground < BRIGHT ? BRIGHT : 0));
}

static uint32_t background_of(const struct vt_pen *pen)
{
	switch (pen->background) {
	case COLOUR_DEFAULT:
		return VT_BACKGROUND;
	case COLOUR_RGB:
		return pen->background_rgb;
	}
	return colour_of_index((unsigned)pen->background);
}

void vt_pen_apply(struct vt *vt)
{
	const struct vt_pen *pen = &vt->pen;
	uint32_t foreground = foreground_of(pen), background = background_of(pen);

	vt->blank = cell_make(font_glyph_ascii(' '), VT_FOREGROUND, background);
	if (pen->dim)
		foreground = half_way(foreground, background);
	if (pen->underline)
		foreground = half_way(foreground, WHITE);
	vt->pen_cell = pen->reverse ? cell_make(0, background, foreground) : cell_make(0, foreground, background);
}

void vt_pen_reset(struct vt *vt)
{
	vt->pen = (struct vt_pen){ .foreground = COLOUR_DEFAULT, .background = COLOUR_DEFAULT };
	vt_pen_apply(vt);
}

/* The colour behind a parameter 38 or 48 at `at`: 5;n or 2;r;g;b. Returns how many parameters belong to it; where it
 * makes no sense, index and rgb stay. */
static unsigned select_extended(const struct vt *vt, unsigned at, int16_t *ret_index, uint32_t *ret_rgb)
{
	const uint16_t *p = vt->parameters + at + 1;
	unsigned left = vt->parameter_count - at - 1;

	if (left >= 2 && p[0] == 5) {
		if (p[1] < 256)
			*ret_index = (int16_t)p[1];
		return 2;
	}
	if (left >= 4 && p[0] == 2) {
		*ret_index = COLOUR_RGB;
		*ret_rgb = MIN(p[1], 255u) << 16 | MIN(p[2], 255u) << 8 | MIN(p[3], 255u);
		return 4;
	}
	/* Cut short: what is left is no list of attributes of its own. */
	return left;
}

/* A parameter that is one colour: 30-37, 39, 40-47, 49, 90-97, 100-107. */
static void select_colour(struct vt_pen *pen, unsigned parameter)
{
	unsigned tens = parameter / 10, ones = parameter % 10;
	bool bright = tens >= 9;
	int16_t *colour = tens == 3 || tens == 9 ? &pen->foreground : &pen->background;

	if (ones < 8 && (tens == 3 || tens == 4 || tens == 9 || tens == 10))
		*colour = (int16_t)(ones + (bright ? BRIGHT : 0));
	else if (parameter == 39 || parameter == 49)
		*colour = COLOUR_DEFAULT;
}

void vt_pen_select(struct vt *vt)
{
	struct vt_pen *pen = &vt->pen;

	for (unsigned i = 0; i < vt->parameter_count; i++) {
		switch (vt->parameters[i]) {
		case 0:
			vt_pen_reset(vt);
			break;
		case 1:
		case 2:
		case 22:
			pen->bold = vt->parameters[i] == 1;
			pen->dim = vt->parameters[i] == 2;
			break;
		case 4:
		case 24:
			pen->underline = vt->parameters[i] == 4;
			break;
		case 7:
		case 27:
			pen->reverse = vt->parameters[i] == 7;
			break;
		case 38:
			i += select_extended(vt, i, &pen->foreground, &pen->foreground_rgb);
			break;
		case 48:
			i += select_extended(vt, i, &pen->background, &pen->background_rgb);
			break;
		default:
			select_colour(pen, vt->parameters[i]);
		}
	}
	vt_pen_apply(vt);
}
