/* How much text fits is not known before it is packed, so it is searched for by halving: text that is packed to the
 * end of the room is worth the dozen tries. */
#include "kernel/drivers/console/qr_screen.h"

#include "lib/base45.h"
#include "lib/lz4.h"
#include "lib/qr.h"
#include "lib/string.h"

#define PREFIX		"SAMARA:"
#define PREFIX_LENGTH	(sizeof(PREFIX) - 1)
#define BYTES_MOST	BASE45_BYTES(QR_TEXT_MOST - PREFIX_LENGTH)
#define MODULE_LEAST	3u		/* pixels */
#define MODULES		(QR_SIZE + 2 * QR_QUIET)
#define LIGHT		0xffffffu
#define DARK		0x000000u

static struct qr code;

size_t qr_screen_encode(const char *text, size_t size)
{
	static struct lz4_work work;
	static uint8_t packed[BYTES_MOST];
	static char letters[QR_TEXT_MOST + 1];
	size_t fits = 0, too_much = MIN(size, (size_t)LZ4_MOST) + 1;

	while (too_much - fits > 1) {
		size_t middle = fits + (too_much - fits) / 2;
		if (lz4_pack(&work, text, middle, packed, sizeof(packed)))
			fits = middle;
		else
			too_much = middle;
	}
	memcpy(letters, PREFIX, PREFIX_LENGTH);
	base45_encode(packed, lz4_pack(&work, text, fits, packed, sizeof(packed)), letters + PREFIX_LENGTH);
	return qr_encode(letters, &code) ? 0 : fits;
}

/* A row of the code: one rectangle for each run of dark modules. */
static void draw_row(const struct surface *s, uint32_t left, uint32_t top, uint32_t module, unsigned y)
{
	for (unsigned x = 0; x < QR_SIZE;) {
		unsigned first = x;
		while (x < QR_SIZE && qr_is_dark(&code, x, y))
			x++;
		if (x > first)
			surface_fill(s, left + first * module, top + y * module, (x - first) * module, module, DARK);
		else
			x++;
	}
}

uint32_t qr_screen_draw(const struct surface *s, uint32_t room, uint32_t module_most)
{
	uint32_t module = MIN(MIN(room, MIN(s->width, s->height)) / MODULES, module_most), side = module * MODULES;

	if (module < MODULE_LEAST)
		return 0;
	uint32_t left = s->width - side, top = s->height - side;
	surface_fill(s, left, top, side, side, LIGHT);
	for (unsigned y = 0; y < QR_SIZE; y++)
		draw_row(s, left + QR_QUIET * module, top + QR_QUIET * module, module, y);
	return side;
}
