/* The terminal's control sequences: what CSI, parameters and a final character do (ECMA-48, 5th edition, section 8.3).
 *
 * An unknown final character does nothing. Parameters that were not given are 0, which for counts and positions means
 * 1. Where the standard, DEC and Linux differ, it is as on Linux's console: relative moves do not stop at the scroll
 * region's margins unless origin mode is on. */
#include "kernel/drivers/console/vt_internal.h"
#include "lib/string.h"

static unsigned parameter(const struct vt *vt, unsigned index)
{
	return index < vt->parameter_count ? vt->parameters[index] : 0;
}

/* A count or position: none and 0 mean 1. */
static unsigned parameter_or_1(const struct vt *vt, unsigned index)
{
	return MAX(parameter(vt, index), 1u);
}

static void set_mode(struct vt *vt, unsigned mode, bool on)
{
	if (!vt->private) {
		if (mode == 4)
			vt->insert = on;
		return;
	}
	switch (mode) {
	case 6:
		vt->origin = on;
		vt_move_from_origin(vt, 0, 0);
		break;
	case 7:
		vt->wrap = on;
		vt_settle_unwrapped(vt);
		break;
	case 25:
		vt->cursor_visible = on;
		break;
	}
}

static void set_region(struct vt *vt)
{
	unsigned top = parameter_or_1(vt, 0), bottom = parameter(vt, 1);

	if (!bottom)
		bottom = vt->rows;
	if (top >= bottom || bottom > vt->rows)
		return;
	vt->region_top = top - 1;
	vt->region_bottom = bottom;
	vt_move_from_origin(vt, 0, 0);
}

/* Append a number of at most four digits to the answer. */
static void answer_number(struct vt *vt, unsigned number)
{
	number = MIN(number, VT_PARAMETER_MAX);
	for (unsigned power = 1000; power; power /= 10)
		if (number >= power || power == 1)
			vt->answer[vt->answer_size++] = (char)('0' + number / power % 10);
}

/* Device Status Report (ECMA-48, 8.3.35): 5 asks whether all is well, 6 where the cursor is. */
static void answer_status(struct vt *vt)
{
	unsigned what = parameter(vt, 0);

	if (what != 5 && what != 6)
		return;
	/* An answer that nobody fetched is replaced, so there is always room. */
	vt->answer[0] = '\033';
	vt->answer[1] = '[';
	vt->answer_size = 2;
	if (what == 5) {
		vt->answer[vt->answer_size++] = '0';
	} else {
		answer_number(vt, vt->y - (vt->origin ? vt->region_top : 0) + 1);
		vt->answer[vt->answer_size++] = ';';
		answer_number(vt, MIN(vt->x, vt->columns - 1) + 1);
	}
	vt->answer[vt->answer_size++] = what == 5 ? 'n' : 'R';
}

static void clear_tab_stops(struct vt *vt)
{
	unsigned what = parameter(vt, 0);

	vt_settle(vt);
	if (what == 0)
		vt->tab_stops[vt->x / 8] &= (uint8_t)~(1 << vt->x % 8);
	else if (what == 3)
		memset(vt->tab_stops, 0, sizeof(vt->tab_stops));
}

/* Insert or delete lines at the cursor, within the scroll region: outside nothing happens. */
static void shift_lines(struct vt *vt, void (*scroll)(struct vt *, uint32_t, uint32_t, uint32_t))
{
	vt_settle(vt);
	if (vt->y >= vt->region_top && vt->y < vt->region_bottom)
		scroll(vt, vt->y, vt->region_bottom, parameter_or_1(vt, 0));
}

/* The final characters that move the cursor; false for another. */
static bool csi_move(struct vt *vt, char final)
{
	int64_t n = parameter_or_1(vt, 0), x = MIN(vt->x, vt->columns - 1), y = vt->y;

	switch (final) {
	case 'A':
		vt_move(vt, x, y - n);
		break;
	case 'B':
	case 'e':
		vt_move(vt, x, y + n);
		break;
	case 'C':
	case 'a':
		vt_move(vt, x + n, y);
		break;
	case 'D':
		vt_move(vt, x - n, y);
		break;
	case 'E':
		vt_move(vt, 0, y + n);
		break;
	case 'F':
		vt_move(vt, 0, y - n);
		break;
	case 'G':
	case '`':
		vt_move(vt, n - 1, y);
		break;
	case 'd':
		vt_move_from_origin(vt, x, n - 1);
		break;
	case 'H':
	case 'f':
		vt_move_from_origin(vt, (int64_t)parameter_or_1(vt, 1) - 1, n - 1);
		break;
	default:
		return false;
	}
	return true;
}

static void csi_edit(struct vt *vt, char final)
{
	switch (final) {
	case '@':
		vt_insert_cells(vt, parameter_or_1(vt, 0));
		break;
	case 'J':
		vt_erase_display(vt, parameter(vt, 0));
		break;
	case 'K':
		vt_erase_line(vt, parameter(vt, 0));
		break;
	case 'L':
		shift_lines(vt, vt_scroll_down);
		break;
	case 'M':
		shift_lines(vt, vt_scroll_up);
		break;
	case 'P':
		vt_delete_cells(vt, parameter_or_1(vt, 0));
		break;
	case 'X':
		vt_settle(vt);
		vt_erase(vt, vt->y, vt->x, MIN(vt->x + parameter_or_1(vt, 0), vt->columns));
		break;
	case 'g':
		clear_tab_stops(vt);
		break;
	case 'm':
		vt_pen_select(vt);
		break;
	case 'n':
		answer_status(vt);
		break;
	case 'r':
		set_region(vt);
		break;
	case 's':
		vt_save_cursor(vt);
		break;
	case 'u':
		vt_restore_cursor(vt);
		break;
	}
}

void vt_csi_dispatch(struct vt *vt, char final)
{
	/* The parameter being read is one of them, even where nothing was read. */
	vt->parameter_count = MIN(vt->parameter_count + 1, VT_PARAMETERS);
	if (final == 'h' || final == 'l') {
		for (unsigned i = 0; i < vt->parameter_count; i++)
			set_mode(vt, vt->parameters[i], final == 'h');
	} else if (!vt->private && !csi_move(vt, final)) {
		csi_edit(vt, final);
	}
}
