/* The panic's text on the whole screen, drawn straight to the surface: nothing of the console is used, since it may be
 * what failed. The heading stands on a band of its own; what does not fit in height goes on in a second column where
 * the screen is wide. Where it does not fit then either, the older ones of the last messages are left out (they are on
 * the serial line and in the log); of what is too long still, all but the last line, which says whether it is saved.
 * Where there is room beside the first column its beginning stands in the lower right corner once more, as a QR code. */
#include "kernel/drivers/console/panic_screen.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/drivers/console/display.h"
#include "kernel/drivers/console/qr_screen.h"
#include "lib/string.h"

#define BACKGROUND	0x1b1f3bu
#define BAND		0xa3283fu
#define TEXT		0xd8d8e0u
#define TITLE		0xffffffu
#define SECTION		0xf2b8a0u
#define COLUMN_CHARS	82	/* the widest line of registers, and some room */
#define MARGIN		2	/* characters */
#define CODE_MODULE	4	/* pixels a module of the QR code, with the small font */

struct page {
	const struct surface *surface;
	const struct font *font;
	unsigned scale;
	uint32_t cell_width, cell_height;
	uint32_t column, row, columns, rows;	/* where the next line goes; how much there is, in characters */
	uint32_t code_rows;			/* of these the QR code takes away from further columns */
};

/* One line, cut at `width` bytes: the text is ASCII but for the firmware's names, which are cut a little earlier. */
static void draw_line(const struct page *p, const char *text, size_t size, size_t width, uint32_t colour, uint32_t background)
{
	char line[256];

	size = MIN(MIN(size, width), sizeof(line) - 1);
	memcpy(line, text, size);
	line[size] = '\0';
	surface_text(p->surface, p->column * p->cell_width, p->row * p->cell_height, p->font, p->scale, line, colour, background);
}

/* The heading may need several rows. */
static const char *draw_heading(struct page *p, const char *text)
{
	const char *end = strchr(text, '\n');
	size_t size = end ? (size_t)(end - text) : strlen(text), width = p->columns - 2 * MARGIN;
	uint32_t rows = (uint32_t)((size + width - 1) / width);

	surface_fill(p->surface, 0, 0, p->surface->width, (rows + 2) * p->cell_height, BAND);
	for (p->row = 1; p->row <= rows; p->row++) {
		draw_line(p, text, size, width, TITLE, BAND);
		text += MIN(size, width);
		size -= MIN(size, width);
	}
	p->row += 1;
	return end ? end + 1 : text;
}

/* "Registers", "Backtrace", "Last messages": a capital first, and no digit. */
static bool is_section(const char *text, size_t size)
{
	if (!size || text[0] < 'A' || text[0] > 'Z')
		return false;
	for (size_t i = 0; i < size; i++)
		if (text[i] >= '0' && text[i] <= '9')
			return false;
	return true;
}

/* Not again where making it is what failed: that comes back here. */
static void draw_code(struct page *p, const char *text)
{
	static bool drawing;
	uint32_t first_column = (MARGIN + COLUMN_CHARS) * p->cell_width, side;

	if (drawing || p->surface->width < first_column)
		return;
	drawing = true;
	qr_screen_encode(text, strlen(text));
	side = qr_screen_draw(p->surface, MIN(p->surface->width - first_column, p->surface->height - p->row * p->cell_height),
			      CODE_MODULE * p->cell_width / font_small.width);
	p->code_rows = (side + p->cell_height - 1) / p->cell_height;
	drawing = false;
}

/* Behind the last line end that another line follows. */
static const char *last_line(const char *text)
{
	const char *last = text;

	for (const char *end; (end = strchr(text, '\n')) && end[1]; text = end + 1)
		last = end + 1;
	return last;
}

/* How many lines there is room for from here on; further columns begin at the row `first`. */
static uint32_t lines_left(const struct page *p, uint32_t first)
{
	uint32_t lines = 0;

	for (uint32_t column = p->column, row = p->row;; column += COLUMN_CHARS, row = first) {
		uint32_t end = p->rows - (column > MARGIN ? p->code_rows : 0);
		lines += end > row + 1 ? end - 1 - row : 0;
		if (column + 2 * COLUMN_CHARS > p->columns)
			return lines;
	}
}

/* The first line of these messages from which on all fits; panic.c indents them and begins with the time. */
static const char *skip_old_messages(const char *text, uint32_t room)
{
	uint32_t lines = 0;

	for (const char *end = text; (end = strchr(end, '\n')); end++)
		lines++;
	for (; lines > room && strncmp(text, "  [", 3) == 0; lines--)
		text = strchr(text, '\n') + 1;
	return text;
}

static void show(const char *text)
{
	struct page p = { .surface = display_surface() };

	p.font = display_font(&p.scale);
	p.cell_width = p.font->width * p.scale;
	p.cell_height = p.font->height * p.scale;
	p.columns = p.surface->width / p.cell_width;
	p.rows = p.surface->height / p.cell_height;
	p.column = MARGIN;
	if (p.columns < 20 || p.rows < 6)
		return;
	surface_fill(p.surface, 0, 0, p.surface->width, p.surface->height, BACKGROUND);
	const char *all = text;
	text = draw_heading(&p, text);
	draw_code(&p, all);
	for (uint32_t first = p.row; *text;) {
		const char *end = strchr(text, '\n');
		size_t size = end ? (size_t)(end - text) : strlen(text);
		if (p.row + 1 >= p.rows - (p.column > MARGIN ? p.code_rows : 0)) {
			if (p.column + 2 * COLUMN_CHARS > p.columns)
				break;
			p.column += COLUMN_CHARS;
			p.row = first;
		}
		size_t width = p.column + 2 * COLUMN_CHARS > p.columns ? p.columns - p.column : COLUMN_CHARS - 2;
		draw_line(&p, text, size, width, is_section(text, size) ? SECTION : TEXT, BACKGROUND);
		p.row++;
		bool messages = end && strncmp(text, "Last messages", size) == 0;
		text += size + (end != NULL);
		if (messages)
			text = skip_old_messages(text, lines_left(&p, first));
	}
	if (*text) {
		p.column = MARGIN;
		p.row = p.rows - 1;
		text = last_line(text);
		const char *end = strchr(text, '\n');
		draw_line(&p, text, end ? (size_t)(end - text) : strlen(text), p.columns - MARGIN, TEXT, BACKGROUND);
	}
	cpu_drain_writes();
}

void panic_screen_init(void)
{
	if (display_surface())
		panic_set_screen(show);
}
