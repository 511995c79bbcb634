/* Drawing glyphs and rectangles.
 *
 * Rotation is no case of its own: a surface is an origin and two steps in bytes, either of which may be negative, and
 * every loop walks by them. What is worth its own code is the layout that nearly every machine has, 4-byte pixels whose
 * logical rows run upwards in memory. There two pixels are one 8-byte store, looked up by two bits of the glyph, which
 * needs neither a branch nor a shift a pixel; and for the smallest font, unscaled and whole, the four pairs of a row
 * stay in registers until the row's bits change (letters are mostly vertical strokes and empty rows).
 *
 * A glyph's row is a 64-bit word, leftmost pixel on top, in which each bit already stands `scale` times. So scale costs
 * nothing in the loops.
 *
 * Stores need no alignment (a pitch need not be a multiple of the pixel, and x86 stores anywhere), but are never wider
 * than the pixels they are for: what lies behind the last one belongs to somebody else. */
#include "lib/surface.h"

#include <abi/linux/errno.h>

#include "lib/utf.h"

/* Stores of each width at any address: `packed` for the alignment, `may_alias` because the memory has no C type. */
struct store16 { uint16_t value; } __attribute__((packed, may_alias));
struct store32 { uint32_t value; } __attribute__((packed, may_alias));
struct store64 { uint64_t value; } __attribute__((packed, may_alias));

static inline void store16(volatile uint8_t *to, uint32_t v) { ((volatile struct store16 *)to)->value = (uint16_t)v; }
static inline void store32(volatile uint8_t *to, uint32_t v) { ((volatile struct store32 *)to)->value = v; }
static inline void store64(volatile uint8_t *to, uint64_t v) { ((volatile struct store64 *)to)->value = v; }

static inline void store_pixel(volatile uint8_t *to, unsigned bytes, uint32_t pixel)
{
	switch (bytes) {
	case 1:
		to[0] = (uint8_t)pixel;
		break;
	case 2:
		store16(to, pixel);
		break;
	case 3:
		store16(to, pixel);
		to[2] = (uint8_t)(pixel >> 16);
		break;
	default:
		store32(to, pixel);
	}
}

/* One more than the number of the highest bit set; 0 for 0. */
static unsigned bit_width(uint32_t value)
{
	return value ? 32 - (unsigned)__builtin_clz(value) : 0;
}

static bool mask_read(uint32_t mask, unsigned bytes, uint8_t *ret_shift, uint8_t *ret_bits)
{
	if (!mask || bit_width(mask) > bytes * 8)
		return false;
	unsigned shift = (unsigned)__builtin_ctz(mask), bits = bit_width(mask >> shift);
	/* One run of ones and one more is a power of two. */
	uint64_t run = (uint64_t)(mask >> shift) + 1;
	if (run & (run - 1))
		return false;
	/* Colours have 8 bits: of a wider field (10-10-10, say) the highest 8 are used. */
	unsigned unused = bits > 8 ? bits - 8 : 0;
	*ret_shift = (uint8_t)(shift + unused);
	*ret_bits = (uint8_t)(bits - unused);
	return true;
}

int pixel_format_from_masks(struct pixel_format *ret, uint32_t red, uint32_t green, uint32_t blue, unsigned bytes)
{
	struct pixel_format f = { .bytes = (uint8_t)bytes };

	if (bytes < 1 || bytes > 4 || (red & green) || (red & blue) || (green & blue))
		return -EINVAL;
	if (!mask_read(red, bytes, &f.red_shift, &f.red_bits) || !mask_read(green, bytes, &f.green_shift, &f.green_bits) ||
	    !mask_read(blue, bytes, &f.blue_shift, &f.blue_bits))
		return -EINVAL;
	*ret = f;
	return 0;
}

unsigned pixel_bytes_from_masks(uint32_t red, uint32_t green, uint32_t blue, uint32_t reserved)
{
	return (bit_width(red | green | blue | reserved) + 7) / 8;
}

uint32_t pixel_encode(const struct pixel_format *format, uint32_t rgb)
{
	uint32_t red = rgb >> 16 & 0xff, green = rgb >> 8 & 0xff, blue = rgb & 0xff;

	return red >> (8 - format->red_bits) << format->red_shift | green >> (8 - format->green_bits) << format->green_shift |
	       blue >> (8 - format->blue_bits) << format->blue_shift;
}

int surface_init(struct surface *ret, void *base, uint64_t size, uint32_t width, uint32_t height, uint32_t pitch,
		 const struct pixel_format *format, unsigned rotation)
{
	unsigned bytes = format->bytes;

	if (!width || !height || bytes < 1 || bytes > 4 || rotation > 3)
		return -EINVAL;
	/* The last line need not have its padding. */
	uint64_t line = (uint64_t)width * bytes, before_last = (uint64_t)(height - 1) * pitch;
	if (line > pitch || size < line || size - line < before_last)
		return -EINVAL;

	ptrdiff_t right = (ptrdiff_t)bytes, down = (ptrdiff_t)pitch;
	ptrdiff_t rightmost = (ptrdiff_t)line - right, bottom = (ptrdiff_t)before_last;
	/* Where the picture's top left corner, its rows and its columns lie, for each quarter turn. */
	const struct { ptrdiff_t origin, step_x, step_y; } turn[4] = {
		{ 0, right, down },
		{ rightmost, down, -right },
		{ rightmost + bottom, -right, -down },
		{ bottom, -down, right },
	};
	*ret = (struct surface){
		.origin = (volatile uint8_t *)base + turn[rotation].origin,
		.step_x = turn[rotation].step_x,
		.step_y = turn[rotation].step_y,
		.width = rotation % 2 ? height : width,
		.height = rotation % 2 ? width : height,
		.format = *format,
	};
	return 0;
}

static inline volatile uint8_t *pixel_address(const struct surface *s, uint32_t x, uint32_t y)
{
	return s->origin + (ptrdiff_t)x * s->step_x + (ptrdiff_t)y * s->step_y;
}

/* Rows of 4-byte pixels side by side, from low addresses to high ones? */
static inline bool is_plain(const struct surface *s)
{
	return s->format.bytes == 4 && s->step_x == 4;
}

static void fill_row_plain(volatile uint8_t *to, uint32_t count, uint32_t pixel)
{
	uint64_t pair = (uint64_t)pixel << 32 | pixel;

	for (; count >= 2; count -= 2, to += 8)
		store64(to, pair);
	if (count)
		store32(to, pixel);
}

static void fill_row(volatile uint8_t *to, ptrdiff_t step_x, uint32_t count, unsigned bytes, uint32_t pixel)
{
	for (; count; count--, to += step_x)
		store_pixel(to, bytes, pixel);
}

void surface_fill(const struct surface *s, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t rgb)
{
	if (x >= s->width || y >= s->height)
		return;
	uint32_t columns = MIN(width, s->width - x), rows = MIN(height, s->height - y);
	uint32_t pixel = pixel_encode(&s->format, rgb);

	for (uint32_t row = 0; row < rows; row++) {
		volatile uint8_t *to = pixel_address(s, x, y + row);
		if (is_plain(s))
			fill_row_plain(to, columns, pixel);
		else
			fill_row(to, s->step_x, columns, s->format.bytes, pixel);
	}
}

/* A row of a glyph, 8 or 16 pixels, as a word: the leftmost pixel in the highest bit, each bit `scale` times. */
static uint64_t row_bits(const uint8_t *row, unsigned width, unsigned scale)
{
	uint64_t bits = (uint64_t)row[0] << 56 | (width > 8 ? (uint64_t)row[1] << 48 : 0), scaled = 0;

	if (scale == 1)
		return bits;
	for (uint64_t one = ~0ull << (64 - scale); bits; bits <<= 1, one >>= scale)
		scaled |= bits >> 63 ? one : 0;
	return scaled;
}

static void draw_row_plain(volatile uint8_t *to, uint64_t bits, unsigned columns, const uint64_t pair[4])
{
	for (; columns >= 2; columns -= 2, bits <<= 2, to += 8)
		store64(to, pair[bits >> 62]);
	if (columns)
		store32(to, (uint32_t)pair[bits >> 62]);
}

static void draw_row(volatile uint8_t *to, ptrdiff_t step_x, uint64_t bits, unsigned columns, unsigned bytes, const uint32_t pixel[2])
{
	for (; columns; columns--, bits <<= 1, to += step_x)
		store_pixel(to, bytes, pixel[bits >> 63]);
}

/* A whole unscaled glyph 8 pixels wide on a plain surface: most of all that is ever drawn. */
static void draw_rows_8(volatile uint8_t *to, ptrdiff_t step_y, const uint8_t *bitmap, unsigned rows, const uint64_t pair[4])
{
	uint64_t a = pair[0], b = a, c = a, d = a;
	unsigned last = 0;

	for (; rows; rows--, to += step_y) {
		unsigned bits = *bitmap++;
		if (bits != last) {
			a = pair[bits >> 6];
			b = pair[bits >> 4 & 3];
			c = pair[bits >> 2 & 3];
			d = pair[bits & 3];
			last = bits;
		}
		store64(to, a);
		store64(to + 8, b);
		store64(to + 16, c);
		store64(to + 24, d);
	}
}

/* The rows of any other glyph. */
static void draw_rows(const struct surface *s, volatile uint8_t *to, unsigned columns, unsigned rows, const uint8_t *bitmap, unsigned width,
		      unsigned scale, const uint64_t pair[4])
{
	const uint32_t pixel[2] = { (uint32_t)pair[0], (uint32_t)pair[3] };
	/* Read once: for all the compiler knows, a store to video memory changes the surface. */
	const bool plain = is_plain(s);
	const ptrdiff_t step_x = s->step_x, step_y = s->step_y;
	const unsigned bytes = s->format.bytes;
	uint64_t bits = 0;

	for (unsigned row = 0, repeats = 0; row < rows; row++, repeats--, to += step_y) {
		if (!repeats) {
			bits = row_bits(bitmap, width, scale);
			bitmap += width / 8;
			repeats = scale;
		}
		if (plain)
			draw_row_plain(to, bits, columns, pair);
		else
			draw_row(to, step_x, bits, columns, bytes, pixel);
	}
}

void surface_glyph(const struct surface *s, uint32_t x, uint32_t y, const struct font *font, uint16_t glyph, unsigned scale,
		   uint32_t foreground, uint32_t background)
{
	unsigned width = font->width, height = font->height;
	if (x >= s->width || y >= s->height || glyph >= font->glyph_count || !scale || (uint64_t)width * scale > 64)
		return;
	unsigned columns = MIN(width * scale, s->width - x), rows = MIN(height * scale, s->height - y);
	const uint8_t *bitmap = font->bitmaps + (size_t)glyph * height * (width / 8);
	volatile uint8_t *to = pixel_address(s, x, y);
	/* By two bits of the glyph: the left pixel is the higher bit and, x86 being little-endian, the lower half. */
	uint64_t back = pixel_encode(&s->format, background), fore = pixel_encode(&s->format, foreground);
	const uint64_t pair[4] = { back << 32 | back, fore << 32 | back, back << 32 | fore, fore << 32 | fore };

	if (is_plain(s) && width == 8 && scale == 1 && columns == 8)
		draw_rows_8(to, s->step_y, bitmap, rows, pair);
	else
		draw_rows(s, to, columns, rows, bitmap, width, scale, pair);
}

uint32_t surface_text(const struct surface *s, uint32_t x, uint32_t y, const struct font *font, unsigned scale, const char *text,
		      uint32_t foreground, uint32_t background)
{
	struct utf8_decoder decoder = { 0 };
	uint32_t code_points[2];

	/* The final NUL goes through the decoder too, so that a sequence broken off by it is seen. */
	for (;; text++) {
		unsigned count = utf8_decode(&decoder, (uint8_t)*text, code_points);
		for (unsigned i = 0; i < count; i++) {
			if (!code_points[i])
				return x;
			surface_glyph(s, x, y, font, font_glyph(font, code_points[i]), scale, foreground, background);
			x += font->width * scale;
		}
	}
}
