/* Any bytes as keys, on a terminal of any small width. After each the terminal's row must be what a plain reading of the
 * buffer says, and nothing may be outside of it. The first byte chooses the width. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/lineedit.h"
#include "kernel/drivers/console/vt.h"

#define ROWS 3

static struct vt vt;

static void emit(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] == '\n' ? vt_write(&vt, "\r\n", 2) : vt_write(&vt, text + i, 1);
}

static bool words(const char *line, size_t word, unsigned index, char ret[LINEEDIT_WORD])
{
	static const char *const all[] = { "a", "ab", "abc", "abcdefghijklmnopqrstuvwxyz12345", "b", "b", "ü", "üä" };

	if (index >= ARRAY_SIZE(all))
		return false;
	strcpy(ret, all[index]);
	return true;
}

static void check(const struct lineedit *e, unsigned columns)
{
	char search[LINEEDIT_ROW];
	const char *text = e->searching ? search : e->text;
	size_t cursor = e->cursor, cells = 0;

	if (e->searching) {
		cursor = (size_t)sprintf(search, "(%s) %s", e->search_failed ? "no match" : "search", e->wanted);
		sprintf(search + cursor, ": %s", e->text);
	}
	for (size_t i = 0; i < cursor; i++)
		cells += ((uint8_t)text[i] & 0xc0) != 0x80;
	if (e->wanted_size > LINEEDIT_MAX || strlen(e->wanted) != e->wanted_size || !utf8_valid(e->wanted, e->wanted_size))
		abort();
	if (e->size > LINEEDIT_MAX || e->cursor > e->size || e->text[e->size] || strlen(e->text) != e->size || !utf8_valid(e->text, e->size))
		abort();
	if (vt.x < 2 || vt.x >= columns || vt.x - 2 > cells)
		abort();
	/* On the cursor's cell stands the character it is on. */
	struct utf8_decoder decoder = { 0 };
	uint32_t code_points[2] = { ' ' };
	for (size_t i = cursor; text[i] && !utf8_decode(&decoder, (uint8_t)text[i], code_points); i++)
		;
	if (cell_glyph(vt_row(&vt, vt.y)[vt.x]) != font_glyph(&font_small, code_points[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lineedit edit;

	if (!size)
		return 0;
	const unsigned columns = 12 + data[0] % 80;
	cell_t *cells = malloc(columns * ROWS * sizeof(cell_t));

	vt_init(&vt, &font_small, cells, columns, ROWS, ROWS);
	lineedit_init(&edit, "> ", 2, emit);
	edit.columns = columns;
	edit.words = words;
	lineedit_start(&edit);
	for (size_t i = 1; i < size; i++) {
		if (lineedit_byte(&edit, data[i]))
			lineedit_start(&edit);
		check(&edit, columns);
	}
	free(cells);
	return 0;
}
