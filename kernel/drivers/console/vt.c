/* The terminal's parser.
 *
 * Nearly everything written to a console is printable ASCII, so vt_write() first copies such a run straight into cells,
 * as far as the row goes. What stops a run (control, escape, another script) goes one code point at a time through a
 * small state machine after Paul Williams' VT500 parser diagram, as far as a console needs it.
 *
 * Bytes are decoded as UTF-8 before they are parsed, also inside sequences; a code point above U+007E ends the sequence
 * that it breaks into and is lost with it. Control characters inside a sequence act at once, as on a VT; ESC, CAN and
 * SUB break it off.
 *
 * A character in the last column leaves the cursor behind it (x == columns): only the next character wraps, so that
 * text as wide as the screen followed by a new line leaves no empty row. */
#include "kernel/drivers/console/vt_internal.h"
#include "lib/string.h"

enum vt_state {
	GROUND,
	ESCAPE,			/* after ESC */
	ESCAPE_SKIP,		/* after ESC and an intermediate (character sets and the like): one more character follows */
	CSI_START,		/* after CSI: a private marker may come */
	CSI_PARAMETERS,
	CSI_IGNORE,		/* a form that we do not know: up to its final character */
	STRING,			/* OSC, DCS, PM, APC, SOS: up to BEL or ST (ESC \); any other ESC ends it too */
};

enum { BEL = 7, BS = 8, HT = 9, LF = 10, VT = 11, FF = 12, CR = 13, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, DEL = 0x7f, C1_CSI = 0x9b };

/* Everything but the cells. */
static void reset(struct vt *vt)
{
	vt->wrap = vt->cursor_visible = true;
	vt->insert = vt->origin = false;
	vt->region_top = 0;
	vt->region_bottom = vt->rows;
	/* A stop in every eighth column: one bit a byte. */
	memset(vt->tab_stops, 1, sizeof(vt->tab_stops));
	vt->state = GROUND;
	vt->x = vt->y = 0;
	vt_pen_reset(vt);
	vt_save_cursor(vt);
}

void vt_init(struct vt *vt, const struct font *font, cell_t *cells, uint32_t columns, uint32_t rows, uint32_t history)
{
	*vt = (struct vt){ .font = font, .cells = cells, .columns = columns, .rows = rows, .history = history };
	reset(vt);
	vt_erase_display(vt, 3);
}

/* Where the next character goes: wraps where the last one asked for it. */
static void wrap_pending(struct vt *vt)
{
	if (vt->x < vt->columns)
		return;
	vt_line_feed(vt);
	vt->x = 0;
}

static inline bool is_printable_ascii(char c)
{
	return (uint8_t)(c - 0x20) < DEL - 0x20;
}

/* Print the printable ASCII at the start of [text, end), one row's worth at most. Returns what is left. */
static const char *print_run(struct vt *vt, const char *text, const char *end)
{
	if (vt->insert || !is_printable_ascii(*text))
		return text;
	wrap_pending(vt);
	vt_touch(vt, vt->y, vt->y + 1);

	cell_t *cell = vt_row(vt, vt->y) + vt->x, pen = vt->pen_cell;
	size_t room = vt->columns - vt->x;
	const char *start = text;
	if ((size_t)(end - text) > room)
		end = text + room;
	do
		*cell++ = pen | (cell_t)font_glyph_ascii(*text) << 48;
	while (++text < end && is_printable_ascii(*text));
	vt->x += (uint32_t)(text - start);
	vt_settle_unwrapped(vt);
	return text;
}

static void print(struct vt *vt, uint32_t code_point)
{
	uint16_t glyph = font_glyph(vt->font, code_point);

	/* The font has no such marks, so what it has needs no search. */
	if (!glyph && utf_is_zero_width(code_point))
		return;
	wrap_pending(vt);
	if (vt->insert)
		vt_insert_cells(vt, 1);
	vt_touch(vt, vt->y, vt->y + 1);
	vt_row(vt, vt->y)[vt->x++] = vt->pen_cell | (cell_t)glyph << 48;
	vt_settle_unwrapped(vt);
}

static bool is_tab_stop(const struct vt *vt, uint32_t x)
{
	return vt->tab_stops[x / 8] >> x % 8 & 1;
}

static void tab(struct vt *vt)
{
	vt_settle(vt);
	while (vt->x + 1 < vt->columns && !is_tab_stop(vt, ++vt->x))
		;
}

static void control(struct vt *vt, uint32_t code)
{
	switch (code) {
	case BS:
		vt_settle(vt);
		vt->x -= vt->x > 0;
		break;
	case HT:
		tab(vt);
		break;
	case LF:
	case VT:
	case FF:
		vt_line_feed(vt);
		break;
	case CR:
		vt->x = 0;
		break;
	case CAN:
	case SUB:
		vt->state = GROUND;
		break;
	case ESC:
		vt->state = ESCAPE;
		break;
	}
}

static void escape(struct vt *vt, uint32_t code)
{
	vt->state = GROUND;
	switch (code) {
	case '[':
		vt->state = CSI_START;
		break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		vt->state = STRING;
		break;
	case '7':
		vt_save_cursor(vt);
		break;
	case '8':
		vt_restore_cursor(vt);
		break;
	case 'c':
		reset(vt);
		vt_erase_display(vt, 2);
		break;
	case 'D':
		vt_line_feed(vt);
		break;
	case 'E':
		vt_line_feed(vt);
		vt->x = 0;
		break;
	case 'H':
		vt_settle(vt);
		vt->tab_stops[vt->x / 8] |= (uint8_t)(1 << vt->x % 8);
		break;
	case 'M':
		vt_reverse_line_feed(vt);
		break;
	default:
		if (code >= 0x20 && code <= 0x2f)
			vt->state = ESCAPE_SKIP;
	}
}

static void csi_collect(struct vt *vt, char c)
{
	if (vt->state == CSI_START) {
		memset(vt->parameters, 0, sizeof(vt->parameters));
		vt->parameter_count = 0;
		vt->private = c == '?';
		vt->state = CSI_PARAMETERS;
		if (vt->private)
			return;
	}
	if (c >= '0' && c <= '9') {
		if (vt->parameter_count < VT_PARAMETERS) {
			uint16_t *p = &vt->parameters[vt->parameter_count];
			*p = (uint16_t)MIN(*p * 10u + (unsigned)(c - '0'), VT_PARAMETER_MAX);
		}
	} else if (c == ';') {
		vt->parameter_count += vt->parameter_count < VT_PARAMETERS;
	} else if (c >= 0x40) {
		vt->state = GROUND;
		vt_csi_dispatch(vt, c);
	} else {
		vt->state = CSI_IGNORE;
	}
}

/* One code point in any state. */
static void accept(struct vt *vt, uint32_t code)
{
	if (vt->state == STRING && code != ESC && code != CAN && code != SUB) {
		if (code == BEL)
			vt->state = GROUND;
		return;
	}
	if (code < 0x20) {
		control(vt, code);
		return;
	}
	/* Fill from the days of paper tape. */
	if (code == DEL)
		return;
	if (vt->state == GROUND) {
		if (code == C1_CSI)
			vt->state = CSI_START;
		else
			print(vt, code);
		return;
	}
	if (code > DEL) {
		vt->state = GROUND;
		return;
	}
	switch (vt->state) {
	case ESCAPE:
		escape(vt, code);
		break;
	case ESCAPE_SKIP:
		/* More intermediates may come before the final character. */
		if (code >= 0x30)
			vt->state = GROUND;
		break;
	case CSI_START:
	case CSI_PARAMETERS:
		csi_collect(vt, (char)code);
		break;
	case CSI_IGNORE:
		if (code >= 0x40)
			vt->state = GROUND;
		break;
	}
}

void vt_write(struct vt *vt, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		if (vt->state == GROUND && !vt->utf8.missing) {
			text = print_run(vt, text, end);
			if (text == end)
				break;
		}
		uint8_t byte = (uint8_t)*text++;
		if (byte < 0x80 && !vt->utf8.missing) {
			accept(vt, byte);
			continue;
		}
		uint32_t code_points[2];
		unsigned count = utf8_decode(&vt->utf8, byte, code_points);
		for (unsigned i = 0; i < count; i++)
			accept(vt, code_points[i]);
	}
}
