/* The terminal's cells and cursor.
 *
 * The rows are a ring. Scrolling the whole screen, which a log does once a line, turns the ring by one and blanks the
 * row that comes in; everything else that shifts rows (a scroll region, inserted and deleted lines) copies them,
 * because the rows around must stay where they are.
 *
 * Blank cells take the pen's background ("bce", as Linux's console does), so a program that sets a background and
 * clears gets a coloured screen. */
#include "kernel/drivers/console/vt_internal.h"
#include "lib/string.h"

void vt_move(struct vt *vt, int64_t x, int64_t y)
{
	int64_t lowest = vt->origin ? vt->region_top : 0, highest = (int64_t)(vt->origin ? vt->region_bottom : vt->rows) - 1;

	vt->x = (uint32_t)MAX(0, MIN(x, (int64_t)vt->columns - 1));
	vt->y = (uint32_t)MAX(lowest, MIN(y, highest));
}

void vt_move_from_origin(struct vt *vt, int64_t x, int64_t y)
{
	vt_move(vt, x, vt->origin ? y + vt->region_top : y);
}

void vt_save_cursor(struct vt *vt)
{
	vt->saved_x = vt->x;
	vt->saved_y = vt->y;
	vt->saved_pen = vt->pen;
}

void vt_restore_cursor(struct vt *vt)
{
	vt->x = vt->saved_x;
	vt->y = vt->saved_y;
	vt->pen = vt->saved_pen;
	vt_settle_unwrapped(vt);
	vt_pen_apply(vt);
}

void vt_erase(struct vt *vt, uint32_t row, uint32_t from, uint32_t to)
{
	cell_t *cells = vt_row(vt, row), blank = vt->blank;

	vt_touch(vt, row, MIN(row + 1, vt->rows));
	for (uint32_t x = from; x < to; x++)
		cells[x] = blank;
}

static void erase_rows(struct vt *vt, uint32_t from, uint32_t to)
{
	for (uint32_t row = from; row < to; row++)
		vt_erase(vt, row, 0, vt->columns);
}

void vt_line_feed(struct vt *vt)
{
	vt_settle(vt);
	if (vt->y + 1 != vt->region_bottom) {
		if (vt->y + 1 < vt->rows)
			vt->y++;
	} else if (vt->region_top == 0 && vt->region_bottom == vt->rows) {
		if (vt->leaving)
			vt->leaving(vt, vt_row(vt, 0));
		vt->top = vt->top + 1 == vt->history ? 0 : vt->top + 1;
		vt->scrolled++;
		vt_touch(vt, 0, vt->rows);
		vt_erase(vt, vt->rows - 1, 0, vt->columns);
	} else {
		vt_scroll_up(vt, vt->region_top, vt->region_bottom, 1);
	}
}

void vt_reverse_line_feed(struct vt *vt)
{
	vt_settle(vt);
	if (vt->y == vt->region_top)
		vt_scroll_down(vt, vt->region_top, vt->region_bottom, 1);
	else if (vt->y > 0)
		vt->y--;
}

static void copy_row(struct vt *vt, uint32_t to, uint32_t from)
{
	vt_touch(vt, to, to + 1);
	memcpy(vt_row(vt, to), vt_row(vt, from), vt->columns * sizeof(cell_t));
}

void vt_scroll_up(struct vt *vt, uint32_t top, uint32_t bottom, uint32_t count)
{
	count = MIN(count, bottom - top);
	for (uint32_t row = top; row < bottom - count; row++)
		copy_row(vt, row, row + count);
	erase_rows(vt, bottom - count, bottom);
}

void vt_scroll_down(struct vt *vt, uint32_t top, uint32_t bottom, uint32_t count)
{
	count = MIN(count, bottom - top);
	for (uint32_t row = bottom; row > top + count; row--)
		copy_row(vt, row - 1, row - 1 - count);
	erase_rows(vt, top, top + count);
}

void vt_insert_cells(struct vt *vt, uint32_t count)
{
	vt_settle(vt);
	cell_t *at = vt_row(vt, vt->y) + vt->x;
	uint32_t behind = vt->columns - vt->x;

	count = MIN(count, behind);
	memmove(at + count, at, (behind - count) * sizeof(cell_t));
	vt_erase(vt, vt->y, vt->x, vt->x + count);
}

void vt_delete_cells(struct vt *vt, uint32_t count)
{
	vt_settle(vt);
	cell_t *at = vt_row(vt, vt->y) + vt->x;
	uint32_t behind = vt->columns - vt->x;

	count = MIN(count, behind);
	memmove(at, at + count, (behind - count) * sizeof(cell_t));
	vt_erase(vt, vt->y, vt->columns - count, vt->columns);
}

void vt_erase_line(struct vt *vt, unsigned what)
{
	vt_settle(vt);
	if (what <= 2)
		vt_erase(vt, vt->y, what == 0 ? vt->x : 0, what == 1 ? vt->x + 1 : vt->columns);
}

void vt_erase_display(struct vt *vt, unsigned what)
{
	switch (what) {
	case 0:
		vt_erase_line(vt, 0);
		erase_rows(vt, vt->y + 1, vt->rows);
		break;
	case 1:
		erase_rows(vt, 0, vt->y);
		vt_erase_line(vt, 1);
		break;
	case 2:
		vt_settle(vt);
		erase_rows(vt, 0, vt->rows);
		break;
	case 3:
		/* Row numbers go round the ring: those behind the screen's last are the history. */
		vt_settle(vt);
		erase_rows(vt, 0, vt->history);
		if (vt->leaving)
			vt->leaving(vt, NULL);
		break;
	}
}
