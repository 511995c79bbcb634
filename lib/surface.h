/* Drawing on a linear framebuffer of any pixel format, pitch and rotation.
 *
 * Rules
 * - Video memory is written, never read: reading it is a hundred times slower on real machines.
 * - Colours are 0xRRGGBB. Coordinates are logical: after rotation, (0, 0) is the top left corner as the person sees it.
 * - What reaches over the edge is cut off. No allocation, no globals.
 * - Stores are as wide as the format allows (8 bytes for 32-bit pixels without rotation), left to right, so that
 *   write-combining works, and at any address: alignment is the hardware's business. */
#ifndef LIB_SURFACE_H
#define LIB_SURFACE_H

#include "lib/font.h"
#include "lib/types.h"

struct pixel_format {
	uint8_t bytes;					/* 1 to 4 */
	uint8_t red_shift, green_shift, blue_shift;
	uint8_t red_bits, green_bits, blue_bits;	/* 1 to 8 used; more bits in the mask: the highest 8 */
};

/* From masks; bytes is 1 to 4. 0; -EINVAL where a mask is empty, not one run of bits, overlaps another or needs more
 * bytes. */
int pixel_format_from_masks(struct pixel_format *ret, uint32_t red, uint32_t green, uint32_t blue, unsigned bytes);

/* Bytes of a pixel with these masks: up to the highest bit (UEFI 2.10, section 12.9.2: PixelBitMask). */
unsigned pixel_bytes_from_masks(uint32_t red, uint32_t green, uint32_t blue, uint32_t reserved);

uint32_t pixel_encode(const struct pixel_format *format, uint32_t rgb);

struct surface {
	volatile uint8_t *origin;	/* the logical top left pixel */
	ptrdiff_t step_x, step_y;	/* bytes from one logical pixel to its right and lower neighbour */
	uint32_t width, height;		/* logical pixels */
	struct pixel_format format;
};

/* width, height and pitch (bytes) are the framebuffer's own; rotation is 0 to 3 quarter turns clockwise of the picture.
 * 0, or -EINVAL where a line does not fit the pitch or the lines do not fit the size. */
int surface_init(struct surface *ret, void *base, uint64_t size, uint32_t width, uint32_t height, uint32_t pitch,
		 const struct pixel_format *format, unsigned rotation);

void surface_fill(const struct surface *s, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t rgb);

/* Draw one glyph, each of its pixels scale x scale, foreground and background both. font->width * scale is at most 64
 * (8x16: scale 1 to 8, 16x32: 1 to 4); with another scale, or a glyph that the font does not have, nothing is drawn. */
void surface_glyph(const struct surface *s, uint32_t x, uint32_t y, const struct font *font, uint16_t glyph, unsigned scale,
		   uint32_t foreground, uint32_t background);

/* Draw UTF-8 text in one line; returns the x behind it. */
uint32_t surface_text(const struct surface *s, uint32_t x, uint32_t y, const struct font *font, unsigned scale, const char *text,
		      uint32_t foreground, uint32_t background);

#endif
