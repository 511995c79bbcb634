/* Any bytes into terminals of any small size. The first three bytes choose columns, rows and history; the rest is
 * written in two pieces, so that sequences are also cut. The cells are allocated to the byte, for the sanitizer to
 * guard. */
#include <stdlib.h>
#include <string.h>

#include "kernel/drivers/console/vt.h"

/* What must hold after any input (and says so loudly where it does not). */
static void check(const struct vt *vt)
{
	bool cursor = vt->x <= vt->columns && vt->y < vt->rows && (vt->x < vt->columns || vt->wrap);
	bool saved = vt->saved_x <= vt->columns && vt->saved_y < vt->rows;
	bool region = vt->region_top < vt->region_bottom && vt->region_bottom <= vt->rows;
	bool ring = vt->top < vt->history && vt->scrolled % vt->history == vt->top;
	bool parser = vt->parameter_count <= VT_PARAMETERS && vt->answer_size <= sizeof(vt->answer);

	if (!cursor || !saved || !region || !ring || !parser)
		abort();
	for (unsigned i = 0; i < VT_PARAMETERS; i++)
		if (vt->parameters[i] > VT_PARAMETER_MAX)
			abort();
	for (size_t i = 0; i < (size_t)vt->columns * vt->history; i++)
		if (cell_glyph(vt->cells[i]) >= vt->font->glyph_count)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	uint32_t columns = data[0] % 40 + 1, rows = data[1] % 12 + 1, history = rows + data[2] % 8;
	const char *text = (const char *)data + 3;
	size_t first = (size - 3) / 2;
	struct vt vt;
	cell_t *cells = malloc((size_t)columns * history * sizeof(cell_t));

	/* Every cell is written by vt_init, or this glyph number gives it away. */
	memset(cells, 0xff, (size_t)columns * history * sizeof(cell_t));
	vt_init(&vt, &font_small, cells, columns, rows, history);
	check(&vt);
	vt_write(&vt, text, first);
	check(&vt);
	vt_write(&vt, text + first, size - 3 - first);
	check(&vt);
	free(cells);
	return 0;
}
