/* The ring of old lines.
 *
 * A cell has eight bytes, and a screen's worth of blanks stands at the end of most lines. A kept line is cut behind its
 * last cell that is not blank, and is a list of runs: a run's colours (six bytes), how many cells it has, and each cell's
 * glyph, in one byte up to 7Fh (where the font has ASCII) and in two from there on. Its length stands before and behind
 * it, so that the ring can be walked from both ends: lines are dropped at the old one and looked up from the new one. */
#include "kernel/drivers/console/scrollback.h"

#include "lib/string.h"

#define LENGTH_BYTES 2u
#define RUN_HEAD 7u		/* colours and the number of cells */
#define RUN_CELLS 255u
#define COLOURS 0xffffffffffffull

static uint8_t byte_at(const struct scrollback *s, uint32_t offset)
{
	uint32_t at = s->start + offset;

	return s->memory[at >= s->size ? at - s->size : at];
}

/* Put a byte behind the last line; the caller has made room. */
static void put(struct scrollback *s, uint8_t byte)
{
	uint32_t at = s->start + s->used++;

	s->memory[at >= s->size ? at - s->size : at] = byte;
}

static void put_length(struct scrollback *s, uint32_t length)
{
	put(s, (uint8_t)length);
	put(s, (uint8_t)(length >> 8));
}

static uint32_t length_at(const struct scrollback *s, uint32_t offset)
{
	return byte_at(s, offset) | (uint32_t)byte_at(s, offset + 1) << 8;
}

static void drop_oldest(struct scrollback *s)
{
	uint32_t bytes = length_at(s, 0) + 2 * LENGTH_BYTES;

	s->start = (s->start + bytes) % s->size;
	s->used -= bytes;
	s->lines--;
}

static uint32_t run_cells(const cell_t *cells, uint32_t count)
{
	uint32_t n = 1;

	while (n < count && n < RUN_CELLS && !((cells[n] ^ cells[0]) & COLOURS))
		n++;
	return n;
}

static uint32_t glyph_bytes(const cell_t *cells, uint32_t count)
{
	uint32_t bytes = count;

	for (uint32_t i = 0; i < count; i++)
		bytes += cell_glyph(cells[i]) > 0x7f;
	return bytes;
}

static void put_run(struct scrollback *s, const cell_t *cells, uint32_t count)
{
	for (unsigned shift = 0; shift < 48; shift += 8)
		put(s, (uint8_t)(cells[0] >> shift));
	put(s, (uint8_t)count);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t glyph = cell_glyph(cells[i]);
		if (glyph > 0x7f)
			put(s, (uint8_t)(0x80 | glyph >> 8));
		put(s, (uint8_t)glyph);
	}
}

void scrollback_init(struct scrollback *s, void *memory, uint32_t size)
{
	*s = (struct scrollback){ .memory = memory, .size = memory ? size : 0 };
}

void scrollback_clear(struct scrollback *s)
{
	s->used = s->lines = 0;
}

void scrollback_add(struct scrollback *s, const cell_t *cells, uint32_t columns, cell_t blank)
{
	uint32_t length = 0;

	while (columns && cells[columns - 1] == blank)
		columns--;
	for (uint32_t x = 0, n; x < columns; x += n) {
		n = run_cells(cells + x, columns - x);
		length += RUN_HEAD + glyph_bytes(cells + x, n);
	}
	if (length + 2 * LENGTH_BYTES > s->size)
		return;
	while (s->lines == SCROLLBACK_LINES || s->used + length + 2 * LENGTH_BYTES > s->size)
		drop_oldest(s);
	put_length(s, length);
	for (uint32_t x = 0, n; x < columns; x += n) {
		n = run_cells(cells + x, columns - x);
		put_run(s, cells + x, n);
	}
	put_length(s, length);
	s->lines++;
}

/* Unpack the line at offset; cells beyond `columns` are not wanted. */
static void unpack(const struct scrollback *s, uint32_t offset, uint32_t length, cell_t *ret, uint32_t columns)
{
	uint32_t x = 0;

	for (uint32_t end = offset + length; offset < end;) {
		cell_t colours = 0;
		for (unsigned shift = 0; shift < 48; shift += 8)
			colours |= (cell_t)byte_at(s, offset++) << shift;
		for (uint32_t n = byte_at(s, offset++); n; n--) {
			uint16_t glyph = byte_at(s, offset++);
			if (glyph & 0x80)
				glyph = (uint16_t)((glyph & 0x7f) << 8 | byte_at(s, offset++));
			if (x < columns)
				ret[x++] = colours | (cell_t)glyph << 48;
		}
	}
}

void scrollback_get(const struct scrollback *s, uint32_t back, cell_t *ret, uint32_t columns, cell_t blank)
{
	uint32_t end = s->used, length = 0;

	for (uint32_t x = 0; x < columns; x++)
		ret[x] = blank;
	if (!back || back > s->lines)
		return;
	for (; back; back--) {
		length = length_at(s, end - LENGTH_BYTES);
		end -= length + 2 * LENGTH_BYTES;
	}
	unpack(s, end + LENGTH_BYTES, length, ret, columns);
}
