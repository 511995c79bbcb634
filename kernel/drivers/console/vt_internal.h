/* What the terminal's four files share: vt.c (the parser), vt_csi.c (control sequences), vt_pen.c (attributes to
 * colours), vt_screen.c (cells and cursor).
 *
 * Rules: rows and columns given are on the screen, counts are at least 1 and are cut to what there is. Whatever edits
 * the screen first takes the cursor out of the state "wrap before the next character" by vt_settle(). */
#ifndef KERNEL_DRIVERS_CONSOLE_VT_INTERNAL_H
#define KERNEL_DRIVERS_CONSOLE_VT_INTERNAL_H

#include "kernel/drivers/console/vt.h"

/* Carry out the control sequence whose parameters were collected. */
void vt_csi_dispatch(struct vt *vt, char final);

/* Default attributes. */
void vt_pen_reset(struct vt *vt);

/* Work out pen_cell and blank from the pen: after every change of it. */
void vt_pen_apply(struct vt *vt);

/* Select Graphic Rendition (ECMA-48, 8.3.117) with the parameters collected. */
void vt_pen_select(struct vt *vt);

/* A cursor that waits behind the last column stands on it again. */
static inline void vt_settle(struct vt *vt)
{
	if (vt->x >= vt->columns)
		vt->x = vt->columns - 1;
}

/* Without wrapping there is no such state: the last column is written again and again. */
static inline void vt_settle_unwrapped(struct vt *vt)
{
	if (!vt->wrap)
		vt_settle(vt);
}

/* The cells of rows [from, to) change. */
static inline void vt_touch(struct vt *vt, uint32_t from, uint32_t to)
{
	if (from < vt->dirty_top)
		vt->dirty_top = from;
	if (to > vt->dirty_bottom)
		vt->dirty_bottom = to;
}

/* Keep the cursor's place and the pen, and take them back. */
void vt_save_cursor(struct vt *vt);
void vt_restore_cursor(struct vt *vt);

/* Place the cursor, cut to the screen, or to the scroll region in origin mode. */
void vt_move(struct vt *vt, int64_t x, int64_t y);

/* The same with y counted from the top of the scroll region in origin mode. */
void vt_move_from_origin(struct vt *vt, int64_t x, int64_t y);

/* Down one row in the same column; at the bottom of the scroll region it scrolls. The reverse: up, at its top. */
void vt_line_feed(struct vt *vt);
void vt_reverse_line_feed(struct vt *vt);

/* Blank the columns [from, to) of a row. */
void vt_erase(struct vt *vt, uint32_t row, uint32_t from, uint32_t to);

/* Erase in Display and in Line (ECMA-48, 8.3.39 and 8.3.41): 0 from the cursor on, 1 up to and with it, 2 all, 3
 * (display) history too. */
void vt_erase_display(struct vt *vt, unsigned what);
void vt_erase_line(struct vt *vt, unsigned what);

/* Move the rows [top, bottom) up or down by count, blank rows following. */
void vt_scroll_up(struct vt *vt, uint32_t top, uint32_t bottom, uint32_t count);
void vt_scroll_down(struct vt *vt, uint32_t top, uint32_t bottom, uint32_t count);

/* Open or close a gap of count cells at the cursor. */
void vt_insert_cells(struct vt *vt, uint32_t count);
void vt_delete_cells(struct vt *vt, uint32_t count);

#endif
