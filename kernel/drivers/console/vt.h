/* The terminal: text and escape sequences in, cells out. Pure: it draws nothing, knows no hardware and allocates
 * nothing.
 *
 * Rules
 * - One writer at a time (the console's lock). Any bytes are accepted; what is no sequence we know is passed over as a
 *   VT does.
 * - The cells are a ring of `history` rows, so that scrolling the whole screen moves nothing: row y of the screen is
 *   vt_row(vt, y).
 * - Understood (ECMA-48 5th edition, DEC VT100/VT220, as Linux's console_codes(4)): UTF-8; BS HT LF VT FF CR, BEL and
 *   DEL passed over; ESC 7 8 c D E H M; CSI @ A B C D E F G H J K L M P X ` a d e f g h l m n r s u, with ? 7 (wrap), ?
 *   25 (cursor), ? 6 (origin), 4 (insert); SGR 0 1 2 4 7 22 24 27 30-37 38;5;n 38;2;r;g;b 39 40-47 48;… 49 90-97
 *   100-107; OSC, DCS, PM, APC and SOS strings are read to their end (ST or BEL) and dropped. Parameters are bounded
 *   (16 of them, each at most 9999).
 * - LF, VT and FF move down and stay in the column: the owner writes CR LF for a new line. U+009B is CSI; of the other
 *   C1 controls nothing acts. A cell has no attribute bits: vt_pen.c says how bold, dim, underline and reverse become
 *   colours.
 * - Characters of width 0 are dropped; wide ones take one cell, as the font has no wide glyphs. */
#ifndef KERNEL_DRIVERS_CONSOLE_VT_H
#define KERNEL_DRIVERS_CONSOLE_VT_H

#include "lib/font.h"
#include "lib/types.h"
#include "lib/utf.h"

/* One cell: glyph << 48 | foreground << 24 | background; colours are 0xRRGGBB with all attributes already applied, so
 * that two cells look alike exactly where they are equal. */
typedef uint64_t cell_t;

static inline cell_t cell_make(uint16_t glyph, uint32_t foreground, uint32_t background)
{
	return (uint64_t)glyph << 48 | (uint64_t)foreground << 24 | background;
}
static inline uint16_t cell_glyph(cell_t c) { return c >> 48; }
static inline uint32_t cell_foreground(cell_t c) { return c >> 24 & 0xffffff; }
static inline uint32_t cell_background(cell_t c) { return c & 0xffffff; }

/* The default colours, also for what stands around the cells. */
#define VT_FOREGROUND 0xd0d4d8u
#define VT_BACKGROUND 0x101418u

#define VT_PARAMETERS 16u
#define VT_PARAMETER_MAX 9999u
#define VT_COLUMNS_MAX 1024

struct vt_pen {
	int16_t foreground, background;		/* palette index 0-255, or -1 default, or -2: the rgb below */
	uint32_t foreground_rgb, background_rgb;
	bool bold, dim, underline, reverse;
};

struct vt {
	const struct font *font;
	cell_t *cells;			/* history rows of columns cells */
	uint32_t columns, rows;
	uint32_t history;		/* rows in the ring, at least rows */
	uint32_t top;			/* ring index of the screen's first row */
	uint32_t dirty_top, dirty_bottom;	/* rows [top, bottom) may have changed since the owner set (rows, 0) */
	uint64_t scrolled;		/* rows that left the screen at the top, ever */
	void (*leaving)(struct vt *vt, const cell_t *row);	/* NULL, or told of each such row, and of NULL: forget them */
	uint32_t x, y;			/* cursor; x may be columns: the next character wraps */
	bool wrap, cursor_visible, insert, origin;
	uint32_t region_top, region_bottom;	/* scroll region, rows [top, bottom) */
	struct vt_pen pen, saved_pen;
	uint32_t saved_x, saved_y;
	cell_t blank;			/* a space in the pen's background and the default foreground */
	cell_t pen_cell;		/* glyph 0 in the pen's colours: or'ed with a glyph, it is a cell */
	uint8_t tab_stops[VT_COLUMNS_MAX / 8];
	/* the parser */
	uint8_t state;
	bool private;			/* the sequence began CSI ? */
	unsigned parameter_count;	/* while collecting: the parameter being read, VT_PARAMETERS for one too many */
	uint16_t parameters[VT_PARAMETERS];
	struct utf8_decoder utf8;
	/* what the terminal would answer (device status report), read and emptied by the owner */
	char answer[16];
	uint8_t answer_size;
};

/* Start with an empty screen. cells has columns * history members; columns is 1 to VT_COLUMNS_MAX, rows at least 1,
 * history at least rows. */
void vt_init(struct vt *vt, const struct font *font, cell_t *cells, uint32_t columns, uint32_t rows, uint32_t history);

void vt_write(struct vt *vt, const char *text, size_t size);

/* The columns cells of row y of the screen. */
static inline cell_t *vt_row(const struct vt *vt, uint32_t y)
{
	uint32_t index = vt->top + y;
	return vt->cells + (size_t)(index >= vt->history ? index - vt->history : index) * vt->columns;
}

#endif
