/* Drawing, compared with a slow and obvious second implementation: a scene is painted pixel by pixel from the font's
 * bits on a canvas of plain RGB, and each pixel is then put where format and rotation want it, bit by bit. A small
 * picture that people can read anchors both. */
#include "lib/surface.h"
#include "lib/utf.h"
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

enum { WIDTH = 61, HEIGHT = 47, CANARY = 0xa5, UNTOUCHED = -1 };

static const struct mask_case {
	const char *name;
	uint32_t red, green, blue;
	unsigned bytes;
} formats[] = {
	{ "RGBX", 0xff, 0xff00, 0xff0000, 4 },
	{ "BGRX", 0xff0000, 0xff00, 0xff, 4 },
	{ "10-10-10", 0x3ff00000, 0xffc00, 0x3ff, 4 },
	{ "24 bit", 0xff0000, 0xff00, 0xff, 3 },
	{ "565", 0xf800, 0x7e0, 0x1f, 2 },
	{ "555", 0x7c00, 0x3e0, 0x1f, 2 },
	{ "332", 0xe0, 0x1c, 0x03, 1 },
};

/* The canvas: logical pixels as RGB, or UNTOUCHED. */
struct canvas {
	int32_t pixel[WIDTH * HEIGHT];
	uint32_t width, height;
};

static void canvas_put(struct canvas *c, uint32_t x, uint32_t y, uint32_t rgb)
{
	if (x < c->width && y < c->height)
		c->pixel[y * c->width + x] = (int32_t)rgb;
}

static void canvas_text(struct canvas *c, uint32_t x, uint32_t y, const struct font *font, unsigned scale, const uint32_t *text,
			uint32_t foreground, uint32_t background)
{
	unsigned row_bytes = font->width / 8;

	for (; *text; text++, x += font->width * scale) {
		const uint8_t *bitmap = font->bitmaps + font_glyph(font, *text) * font->height * row_bytes;
		for (unsigned v = 0; v < font->height * scale; v++)
			for (unsigned u = 0; u < font->width * scale; u++) {
				unsigned column = u / scale, row = v / scale;
				bool ink = bitmap[row * row_bytes + column / 8] & (0x80 >> column % 8);
				canvas_put(c, x + u, y + v, ink ? foreground : background);
			}
	}
}

static void canvas_fill(struct canvas *c, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t rgb)
{
	for (uint32_t v = 0; v < height; v++)
		for (uint32_t u = 0; u < width; u++)
			canvas_put(c, x + u, y + v, rgb);
}

/* Spread a channel's bits over its mask, highest to highest. */
static uint32_t slow_channel(uint32_t mask, unsigned value)
{
	uint32_t pixel = 0;
	for (int bit = 31, from = 7; bit >= 0 && from >= 0; bit--)
		if (mask >> bit & 1)
			pixel |= (uint32_t)(value >> from-- & 1) << bit;
	return pixel;
}

static uint32_t slow_encode(const struct mask_case *f, uint32_t rgb)
{
	return slow_channel(f->red, rgb >> 16 & 0xff) | slow_channel(f->green, rgb >> 8 & 0xff) | slow_channel(f->blue, rgb & 0xff);
}

/* What the framebuffer must hold: canaries wherever the canvas is untouched, and in the padding. */
static void canvas_to_bytes(const struct canvas *c, const struct mask_case *f, unsigned rotation, uint8_t *bytes, size_t pitch, size_t size)
{
	memset(bytes, CANARY, size);
	for (uint32_t y = 0; y < c->height; y++)
		for (uint32_t x = 0; x < c->width; x++) {
			uint32_t at[4][2] = { { x, y }, { WIDTH - 1 - y, x }, { WIDTH - 1 - x, HEIGHT - 1 - y }, { y, HEIGHT - 1 - x } };
			uint8_t *to = bytes + at[rotation][1] * pitch + at[rotation][0] * f->bytes;
			int32_t rgb = c->pixel[y * c->width + x];
			if (rgb == UNTOUCHED)
				continue;
			for (unsigned i = 0; i < f->bytes; i++)
				to[i] = (uint8_t)(slow_encode(f, (uint32_t)rgb) >> 8 * i);
		}
}

static void draw_scene(const struct surface *s)
{
	CHECK_EQ(surface_text(s, 0, 0, &font_small, 1, "Sam\xc3\xa4\xe2\x95\xac\xf0\x9f\x98\x80" "ra!", 0xd0d4d8, 0x101418), 9 * 8);
	CHECK_EQ(surface_text(s, 3, 17, &font_small, 1, "x\xe2\x82", 0xff0000, 0x0000ff), 3 + 16);
	surface_text(s, 20, 18, &font_large, 1, "Q&", 0x00ff00, 0x800080);
	surface_text(s, 5, 33, &font_small, 3, "g", 0x123456, 0xfedcba);
	surface_glyph(s, WIDTH, 0, &font_small, 40, 1, 1, 2);
	surface_glyph(s, 0, WIDTH, &font_small, 40, 1, 1, 2);
	surface_glyph(s, 0xffffffff, 0xffffffff, &font_small, 40, 1, 1, 2);
	surface_glyph(s, 0, 0, &font_small, font_small.glyph_count, 1, 1, 2);
	surface_glyph(s, 0, 0, &font_small, 40, 0, 1, 2);
	surface_glyph(s, 0, 0, &font_small, 40, 9, 1, 2);
	surface_glyph(s, 0, 0, &font_large, 40, 0x10000001, 1, 2);
	surface_fill(s, 30, 40, 0xffffffff, 3, 0xabcdef);
	surface_fill(s, 1, 40, 3, 0xffffffff, 0x345678);
	surface_fill(s, 0, 0, 0, 5, 0);
	surface_fill(s, 0, 0, 5, 0, 0);
	surface_fill(s, 0xffffffff, 0, 5, 5, 0);
}

static void paint_scene(struct canvas *c)
{
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		c->pixel[i] = UNTOUCHED;
	canvas_text(c, 0, 0, &font_small, 1, (const uint32_t[]){ 'S', 'a', 'm', 0xe4, 0x256c, 0x1f600, 'r', 'a', '!', 0 }, 0xd0d4d8, 0x101418);
	canvas_text(c, 3, 17, &font_small, 1, (const uint32_t[]){ 'x', UTF_REPLACEMENT, 0 }, 0xff0000, 0x0000ff);
	canvas_text(c, 20, 18, &font_large, 1, (const uint32_t[]){ 'Q', '&', 0 }, 0x00ff00, 0x800080);
	canvas_text(c, 5, 33, &font_small, 3, (const uint32_t[]){ 'g', 0 }, 0x123456, 0xfedcba);
	canvas_fill(c, 30, 40, WIDTH, 3, 0xabcdef);
	canvas_fill(c, 1, 40, 3, WIDTH, 0x345678);
}

static void check_picture(const struct mask_case *f, unsigned rotation, unsigned padding)
{
	uint32_t pitch = WIDTH * f->bytes + padding;
	size_t size = (size_t)pitch * (HEIGHT - 1) + WIDTH * f->bytes;	/* exactly: the sanitizer watches the end */
	uint8_t *drawn = malloc(size), *wanted = malloc(size);
	struct canvas *c = malloc(sizeof(*c));
	struct pixel_format format;
	struct surface s;

	memset(drawn, CANARY, size);
	CHECK_EQ(pixel_format_from_masks(&format, f->red, f->green, f->blue, f->bytes), 0);
	CHECK_EQ(surface_init(&s, drawn, size, WIDTH, HEIGHT, pitch, &format, rotation), 0);
	c->width = rotation % 2 ? HEIGHT : WIDTH;
	c->height = rotation % 2 ? WIDTH : HEIGHT;
	CHECK_EQ(s.width, c->width);
	CHECK_EQ(s.height, c->height);
	draw_scene(&s);
	paint_scene(c);
	canvas_to_bytes(c, f, rotation, wanted, pitch, size);
	size_t at = 0;
	while (at < size && drawn[at] == wanted[at])
		at++;
	if (at < size)
		TEST_FAIL("%s, rotation %u, padding %u: byte %zu of line %zu is %02x, not %02x", f->name, rotation, padding, at % pitch, at / pitch,
			  drawn[at], wanted[at]);
	free(c);
	free(wanted);
	free(drawn);
}

TEST(scene_in_every_format_rotation_and_pitch)
{
	static const unsigned paddings[] = { 0, 1, 7, 64 };

	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		for (unsigned rotation = 0; rotation < 4; rotation++)
			for (size_t p = 0; p < ARRAY_SIZE(paddings); p++)
				check_picture(&formats[f], rotation, paddings[p]);
}

/* Every scale, at every right edge, in both fonts. */
TEST(scales_and_clipped_columns)
{
	const struct mask_case *f = &formats[1];
	struct canvas *c = malloc(sizeof(*c)), *drawn = malloc(sizeof(*drawn));
	struct pixel_format format;
	struct surface s;

	CHECK_EQ(pixel_format_from_masks(&format, f->red, f->green, f->blue, f->bytes), 0);
	CHECK_EQ(surface_init(&s, drawn->pixel, sizeof(drawn->pixel), WIDTH, HEIGHT, WIDTH * 4, &format, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct font *font = i ? &font_large : &font_small;
		for (unsigned scale = 1; scale * font->width <= 64; scale++)
			for (uint32_t x = 0; x < WIDTH; x++) {
				memset(c->pixel, 0xff, sizeof(c->pixel));
				memset(drawn->pixel, 0xff, sizeof(drawn->pixel));
				c->width = WIDTH, c->height = HEIGHT;
				canvas_text(c, x, x / 2, font, scale, (const uint32_t[]){ '@', 0 }, 0x111111, 0x222222);
				surface_glyph(&s, x, x / 2, font, font_glyph(font, '@'), scale, 0x111111, 0x222222);
				if (memcmp(c->pixel, drawn->pixel, sizeof(c->pixel)))
					TEST_FAIL("width %u, scale %u, x %" PRIu32, font->width, scale, x);
			}
	}
	free(drawn);
	free(c);
}

/* 'A' whole, 'g' cut by the right and the lower edge, a rectangle cut by the upper right corner. */
static const char *const golden[] = {
	"...............=====",
	".--------......=====",
	".--------...........",
	".--####--...........",
	".-#----#-.....------",
	".-#----#-.....------",
	".-#----#-.....------",
	".-#----#-.....------",
	".-######-.....------",
	".-#----#-.....--####",
	".-#----#-.....-#----",
	".-#----#-.....-#----",
	".-#----#-.....-#----",
	".--------.....-#----",
	".--------.....-#----",
	".--------.....--####",
	".--------.....------",
};

TEST(golden_picture)
{
	enum { W = 20, H = ARRAY_SIZE(golden) };
	uint32_t pixels[H][W] = { 0 };
	struct pixel_format format;
	struct surface s;

	CHECK_EQ(pixel_format_from_masks(&format, 0xff0000, 0xff00, 0xff, 4), 0);
	CHECK_EQ(surface_init(&s, pixels, sizeof(pixels), W, H, sizeof(pixels[0]), &format, 0), 0);
	surface_glyph(&s, 1, 1, &font_small, font_glyph(&font_small, 'A'), 1, '#', '-');
	surface_glyph(&s, 14, 4, &font_small, font_glyph(&font_small, 'g'), 1, '#', '-');
	surface_fill(&s, 15, 0, 9, 2, '=');
	for (unsigned y = 0; y < H; y++) {
		char row[W + 1] = { 0 };
		for (unsigned x = 0; x < W; x++)
			row[x] = pixels[y][x] ? (char)pixels[y][x] : '.';
		CHECK_STR(row, golden[y]);
	}
}

/* Turned clockwise, the picture's top left corner goes to the top right, the bottom right, the bottom left. */
TEST(rotation_is_clockwise)
{
	static const char *const corners[] = { "1.2...3.4", "3.1...4.2", "4.3...2.1", "2.4...1.3" };
	struct pixel_format format = { .bytes = 1, .red_bits = 8, .green_bits = 8, .blue_bits = 8 };

	for (unsigned rotation = 0; rotation < 4; rotation++) {
		char picture[] = ".........";	/* 3 x 3 */
		struct surface s;
		CHECK_EQ(surface_init(&s, picture, 9, 3, 3, 3, &format, rotation), 0);
		surface_fill(&s, 0, 0, 1, 1, '1');
		surface_fill(&s, 2, 0, 1, 1, '2');
		surface_fill(&s, 0, 2, 1, 1, '3');
		surface_fill(&s, 2, 2, 1, 1, '4');
		CHECK_STR(picture, corners[rotation]);
	}
}

TEST(bad_geometry_is_refused)
{
	struct pixel_format format = { 4, 16, 8, 0, 8, 8, 8 }, none = { 0 }, wide = { .bytes = 5 };
	struct surface s;
	uint8_t memory[64];

	CHECK_EQ(surface_init(&s, memory, 64, 4, 4, 16, &format, 0), 0);
	CHECK_EQ(surface_init(&s, memory, 63, 4, 4, 16, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 60, 3, 4, 16, &format, 0), 0);
	CHECK_EQ(surface_init(&s, memory, 59, 3, 4, 16, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 4, 4, 15, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 0, 4, 16, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 4, 0, 16, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 4, 4, 16, &format, 4), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 4, 4, 16, &none, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 4, 4, 16, &wide, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 0x40000001, 4, 16, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 3, 1, 1, 16, &format, 0), -EINVAL);
	CHECK_EQ(surface_init(&s, memory, 64, 4, 0xffffffff, 0xffffffff, &format, 0), -EINVAL);
}

TEST(masks)
{
	static const struct {
		uint32_t red, green, blue;
		unsigned bytes;
		int result;
	} cases[] = {
		{ 0xff0000, 0xff00, 0xff, 4, 0 },
		{ 0xff0000, 0xff00, 0xff, 3, 0 },
		{ 0xff0000, 0xff00, 0xff, 2, -EINVAL },		/* needs more */
		{ 0xff0000, 0xff00, 0xff, 0, -EINVAL },
		{ 0xff0000, 0xff00, 0xff, 5, -EINVAL },
		{ 0xff000000, 0xff0000, 0xff00, 4, 0 },
		{ 0xff0000, 0, 0xff, 4, -EINVAL },		/* empty */
		{ 0xff0000, 0xf0f0, 0xff, 4, -EINVAL },		/* overlaps blue */
		{ 0xff0000, 0xf500, 0xff, 4, -EINVAL },		/* not one run */
		{ 0x10000, 0x100, 0x1, 4, 0 },
		{ 0xfff00000, 0xffc00, 0x3ff, 4, 0 },
		{ 0xffffffff, 0xff00, 0xff, 4, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pixel_format f = { .bytes = 77 };
		int result = pixel_format_from_masks(&f, cases[i].red, cases[i].green, cases[i].blue, cases[i].bytes);
		if (result != cases[i].result)
			TEST_FAIL("case %zu gives %d", i, result);
		CHECK_EQ(f.bytes, result ? 77 : cases[i].bytes);	/* written on success only */
	}
	CHECK_EQ(pixel_bytes_from_masks(0xff0000, 0xff00, 0xff, 0xff000000), 4);
	CHECK_EQ(pixel_bytes_from_masks(0xff0000, 0xff00, 0xff, 0), 3);
	CHECK_EQ(pixel_bytes_from_masks(0xf800, 0x7e0, 0x1f, 0), 2);
	CHECK_EQ(pixel_bytes_from_masks(0x7c00, 0x3e0, 0x1f, 0), 2);
	CHECK_EQ(pixel_bytes_from_masks(0, 0, 0, 0), 0);
}

TEST(encode_against_bit_by_bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct mask_case *m = &formats[i];
		struct pixel_format f;
		CHECK_EQ(pixel_format_from_masks(&f, m->red, m->green, m->blue, m->bytes), 0);
		for (uint32_t rgb = 0; rgb < 0x1000000; rgb += 0x10307)
			CHECK_EQ(pixel_encode(&f, rgb), slow_encode(m, rgb));
	}
}

TEST_MAIN
