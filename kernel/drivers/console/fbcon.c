/* The terminal's cells on the framebuffer.
 *
 * Writing changes cells in RAM only (vt.c). A refresh compares them with what is on the screen, which is remembered in
 * RAM too, and draws the cells that differ: so a screen that scrolled a thousand lines since the last refresh costs as
 * much as one that scrolled a single line, what did not change is not touched, and video memory is never read.
 * Refreshes are paced: one every 33 ms while output flows, and at once when someone flushes, which everybody does who
 * waits for input or is done. Until the boot is complete every line is shown at once, so that the last one before a
 * hang is on the screen.
 *
 * Lines that leave the screen are kept (scrollback.c). While a person looks at them the screen is a window that begins
 * `view` lines above the terminal's first; any output ends that. */
#include "kernel/drivers/console/fbcon.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/core/bench.h"
#include "kernel/core/console.h"
#include "kernel/core/log.h"
#include "kernel/drivers/console/display.h"
#include "kernel/drivers/console/scrollback.h"
#include "kernel/drivers/console/vt.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/memory.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/format.h"
#include "lib/string.h"

#define REFRESH_EVERY (33 * NSEC_PER_MSEC)
#define RETRY_AFTER NSEC_PER_MSEC
#define SCROLLBACK_BYTES KIB(512)	/* 2,000 lines of 240 characters; in machines with little memory fewer */
#define SCROLLBACK_SHARE 128		/* of all memory, at most */
#define SCROLLBACK_LEAST KIB(8)
#define BLANK cell_make(font_glyph_ascii(' '), VT_FOREGROUND, VT_BACKGROUND)

static struct {
	struct console console;
	const struct surface *surface;
	const struct font *font;
	unsigned scale;
	uint32_t left, top;		/* pixels around the cells */
	struct vt vt;
	cell_t *shown;			/* what is on the screen, row after row */
	uint32_t cursor_row;		/* of the screen, where the cursor was drawn */
	struct scrollback back;
	uint32_t view;			/* lines of it on the screen */
	cell_t *old_row;		/* one of them, unpacked */
	int scroll_wanted;		/* atomic: half screens upwards */
	nsec_t refreshed;
	bool eager;
	bool forgotten;			/* atomic: what is on the screen is not what `shown` says */
	struct timer timer;		/* for what is written and not flushed */
	bool timer_armed;		/* with the consoles' lock */
} fbcon;

static void draw(uint32_t x, uint32_t y, cell_t cell)
{
	surface_glyph(fbcon.surface, fbcon.left + x * fbcon.font->width * fbcon.scale, fbcon.top + y * fbcon.font->height * fbcon.scale,
		      fbcon.font, cell_glyph(cell), fbcon.scale, cell_foreground(cell), cell_background(cell));
}

static cell_t reversed(cell_t c)
{
	return cell_make(cell_glyph(c), cell_background(c), cell_foreground(c));
}

static const cell_t *screen_row(uint32_t y)
{
	struct vt *vt = &fbcon.vt;

	if (y >= fbcon.view)
		return vt_row(vt, y - fbcon.view);
	scrollback_get(&fbcon.back, fbcon.view - y, fbcon.old_row, vt->columns, BLANK);
	return fbcon.old_row;
}

/* The cursor is a cell in reverse. It is written into `shown` as it looks, so moving it needs no care: the old place
 * differs and is drawn. */
static void refresh_row(uint32_t y)
{
	struct vt *vt = &fbcon.vt;
	const cell_t *cells = screen_row(y);
	cell_t *shown = fbcon.shown + (size_t)y * vt->columns;
	uint32_t cursor = vt->cursor_visible && y == vt->y + fbcon.view ? MIN(vt->x, vt->columns - 1) : ~0u;

	for (uint32_t x = 0; x < vt->columns; x++) {
		cell_t want = x == cursor ? reversed(cells[x]) : cells[x];
		if (want != shown[x]) {
			shown[x] = want;
			draw(x, y, want);
		}
	}
}

/* No cell has all bits set, so all are drawn. */
static void forget(struct vt *vt)
{
	memset(fbcon.shown, 0xff, (size_t)vt->columns * vt->rows * sizeof(cell_t));
	vt->dirty_top = 0;
	vt->dirty_bottom = vt->rows;
}

/* The rows that changed, and those that the cursor came from and went to. */
static void refresh(void)
{
	struct vt *vt = &fbcon.vt;
	uint32_t cursor_row = MIN(vt->y + fbcon.view, vt->rows - 1);

	if (__atomic_exchange_n(&fbcon.forgotten, false, __ATOMIC_RELAXED))
		forget(vt);
	for (uint32_t y = vt->dirty_top; y < vt->dirty_bottom; y++)
		refresh_row(y);
	if (fbcon.cursor_row < vt->dirty_top || fbcon.cursor_row >= vt->dirty_bottom)
		refresh_row(fbcon.cursor_row);
	if (cursor_row < vt->dirty_top || cursor_row >= vt->dirty_bottom)
		refresh_row(cursor_row);
	fbcon.cursor_row = cursor_row;
	vt->dirty_top = vt->rows;
	vt->dirty_bottom = 0;
	cpu_drain_writes();
	fbcon.refreshed = clock_now();
}

static void view_set(uint32_t view)
{
	if (view == fbcon.view)
		return;
	fbcon.view = view;
	fbcon.vt.dirty_top = 0;
	fbcon.vt.dirty_bottom = fbcon.vt.rows;
}

static void row_leaves(struct vt *vt, const cell_t *row)
{
	if (row)
		scrollback_add(&fbcon.back, row, vt->columns, BLANK);
	else
		scrollback_clear(&fbcon.back);
}

static void fbcon_write(struct console *c, const char *text, size_t size)
{
	view_set(0);
	vt_write(&fbcon.vt, text, size);
	if (fbcon.eager || clock_now() - fbcon.refreshed >= REFRESH_EVERY || preempt_in_nmi())	/* which arms no timer */
		refresh();
	else if (!fbcon.timer_armed) {
		fbcon.timer_armed = true;
		timer_arm(&fbcon.timer, fbcon.refreshed + REFRESH_EVERY);
	}
}

static void scroll(void)
{
	int64_t lines = (int64_t)__atomic_exchange_n(&fbcon.scroll_wanted, 0, __ATOMIC_RELAXED) * (fbcon.vt.rows / 2 + 1);

	view_set((uint32_t)MAX(0ll, MIN(fbcon.view + lines, (int64_t)fbcon.back.lines)));
}

/* Nobody flushed in time, perhaps because the writer is busy or hangs; or somebody wants to see other lines. */
static void refresh_late(struct timer *t)
{
	if (!console_trylock()) {
		timer_arm(t, clock_now() + RETRY_AFTER);
		return;
	}
	fbcon.timer_armed = false;
	scroll();
	refresh();
	console_unlock();
}

void fbcon_scroll(int direction)
{
	if (!fbcon.shown)
		return;
	__atomic_add_fetch(&fbcon.scroll_wanted, direction, __ATOMIC_RELAXED);
	refresh_late(&fbcon.timer);
}

static void fbcon_flush(struct console *c)
{
	refresh();
}

void fbcon_redraw(void)
{
	__atomic_store_n(&fbcon.forgotten, true, __ATOMIC_RELAXED);
	console_flush();
}

void fbcon_set_eager(bool eager)
{
	fbcon.eager = eager;
}

bool fbcon_size(uint32_t *ret_columns, uint32_t *ret_rows)
{
	*ret_columns = fbcon.vt.columns;
	*ret_rows = fbcon.vt.rows;
	return fbcon.shown;
}

/* As much as can be had, by halves. */
static void keep_lines(void)
{
	uint64_t share = memory_total() / SCROLLBACK_SHARE;
	uint32_t size = (uint32_t)SCROLLBACK_BYTES;
	void *memory = NULL;

	while (size >= SCROLLBACK_LEAST && (size > share || !(memory = kmalloc(size))))
		size /= 2;
	fbcon.old_row = memory ? kmalloc(fbcon.vt.columns * sizeof(cell_t)) : NULL;
	if (!fbcon.old_row) {
		kfree(memory);
		return;
	}
	scrollback_init(&fbcon.back, memory, size);
	fbcon.vt.leaving = row_leaves;
}

void fbcon_init(void)
{
	const struct surface *s = display_surface();

	if (!s)
		return;
	fbcon.surface = s;
	fbcon.font = display_font(&fbcon.scale);
	uint32_t columns = MIN(s->width / (fbcon.font->width * fbcon.scale), (uint32_t)VT_COLUMNS_MAX);
	uint32_t rows = s->height / (fbcon.font->height * fbcon.scale);
	size_t bytes = (size_t)columns * rows * sizeof(cell_t);
	cell_t *cells = columns && rows ? kzalloc(bytes) : NULL;
	cell_t *shown = cells ? kzalloc(bytes) : NULL;
	if (!shown) {
		pr_warn("console: no memory for %ux%u cells", columns, rows);
		return;
	}
	fbcon.left = (s->width - columns * fbcon.font->width * fbcon.scale) / 2;
	fbcon.top = (s->height - rows * fbcon.font->height * fbcon.scale) / 2;
	vt_init(&fbcon.vt, fbcon.font, cells, columns, rows, rows);
	surface_fill(s, 0, 0, s->width, s->height, cell_background(fbcon.vt.blank));
	for (size_t i = 0; i < (size_t)columns * rows; i++)
		shown[i] = cells[i];
	keep_lines();
	fbcon.shown = shown;
	fbcon.eager = true;
	timer_init(&fbcon.timer, refresh_late);
	fbcon.console = (struct console){
		.name = "tty", .write = fbcon_write, .flush = fbcon_flush, .colour = true, .columns = columns, .rows = rows,
	};
	console_add(&fbcon.console);
	pr_info("console: %ux%u pixels, %ux%u characters of %ux%u", s->width, s->height, columns, rows,
		fbcon.font->width * fbcon.scale, fbcon.font->height * fbcon.scale);
}

/* Lines of 80 columns as a program would write them, each a write of its own; the ticks up to the last refresh's
 * end. */
static uint64_t bench_lines(unsigned first, unsigned count)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog 0123456789 +-*/ The Quick Brown Fox";
	char line[96];
	uint64_t start = cpu_ticks();

	for (unsigned i = first; i < first + count; i++) {
		int size = ksnprintf(line, sizeof(line), "line %05u %.69s\r\n", i, &text[i % 10]);
		fbcon_write(&fbcon.console, line, (size_t)size);
	}
	fbcon_flush(&fbcon.console);
	return cpu_ticks() - start;
}

static int console_bench(void)
{
	enum { PACED = 10000, EAGER = 200 };

	if (!fbcon.shown)
		return -ENODEV;
	while (!console_trylock())
		cpu_relax();
	bool eager = fbcon.eager;
	fbcon.eager = true;
	uint64_t eager_ticks = bench_lines(0, EAGER);
	fbcon.eager = false;
	uint64_t paced_ticks = bench_lines(0, PACED);
	fbcon.eager = eager;
	console_unlock();
	bench_report("console_10000_lines", paced_ticks, "ticks");
	bench_report("console_line", paced_ticks / PACED, "ticks");
	bench_report("console_line_eager", eager_ticks / EAGER, "ticks");
	return 0;
}
BENCH(console, "10,000 lines of 80 columns on the framebuffer, refreshes paced; and refreshed after each line", console_bench);
