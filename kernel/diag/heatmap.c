/* The colours run from dark blue over green to yellow, evenly to the eye and to those who do not tell red from green
 * (after matplotlib's "viridis"). On a terminal without 24-bit colours the figures above the picture say the same. */
#include "kernel/diag/heatmap.h"

#include "kernel/core/console.h"
#include "kernel/core/monitor.h"

#define COLUMNS	80u		/* where nobody knows */
#define ROWS	25u
#define MARGIN	6u		/* columns for a row's number */
#define OTHER	7u		/* rows for the numbers of columns, the scale and the prompt */
#define SCALE	32u		/* cells of the scale */
#define LARGEST	6u		/* a dot's side, in half rows */

#define SHADES	32u		/* that are told apart: equal neighbours need no sequence of their own */

#define NOTHING	0x303438u	/* a value that is not there */

static uint32_t blend(uint32_t a, uint32_t b, uint32_t part)
{
	uint32_t mixed = 0;

	for (unsigned shift = 0; shift < 24; shift += 8)
		mixed |= ((a >> shift & 255) * (256 - part) + (b >> shift & 255) * part) / 256 << shift;
	return mixed;
}

static uint32_t colour(const struct heatmap *h, uint32_t value)
{
	static const uint32_t stops[] = { 0x440154, 0x3b528b, 0x21918c, 0x5ec962, 0xfde725 };
	const uint32_t inside = MIN(MAX(value, h->least), h->most) - h->least;

	if (!value)
		return NOTHING;
	const uint32_t shade = (uint32_t)((uint64_t)inside * (SHADES - 1) / MAX(h->most - h->least, 1u));
	const uint32_t at = shade * 256 * (ARRAY_SIZE(stops) - 1) / SHADES;
	return blend(stops[at / 256], stops[at / 256 + 1], at % 256);
}

/* How many values share a dot, a side; or how many half rows a dot has. One of them is 1. */
struct grid {
	unsigned shared, size, dots;
};

static struct grid grid_for(unsigned count)
{
	unsigned columns, rows;

	console_size(&columns, &rows);
	columns = columns ? columns : COLUMNS;
	rows = rows ? rows : ROWS;
	const unsigned room = MIN(columns > MARGIN ? columns - MARGIN : 1, rows > OTHER ? 2 * (rows - OTHER) : 1);
	const unsigned shared = (count + room - 1) / room;
	const unsigned dots = (count + shared - 1) / shared;
	return (struct grid){ shared, MIN(room / dots, LARGEST), dots };
}

static uint32_t dot(const struct heatmap *h, const struct grid *g, unsigned row, unsigned column)
{
	uint64_t sum = 0;
	uint32_t values = 0;

	for (unsigned y = row * g->shared; y < MIN((row + 1) * g->shared, h->count); y++) {
		for (unsigned x = column * g->shared; x < MIN((column + 1) * g->shared, h->count); x++) {
			const uint32_t value = h->value(y, x);
			sum += value;
			values += value != 0;
		}
	}
	return values ? (uint32_t)(sum / values) : 0;
}

/* Foreground and background as they are set. */
struct pen {
	uint32_t colours[2];
};

#define PEN_UNSET ((struct pen){ { UINT32_MAX, UINT32_MAX } })

static void put_colour(struct pen *pen, bool background, uint32_t rgb)
{
	if (pen->colours[background] == rgb)
		return;
	pen->colours[background] = rgb;
	monitor_printf("\033[%u;2;%u;%u;%um", background ? 48 : 38, rgb >> 16, rgb >> 8 & 255, rgb & 255);
}

/* A row of cells: the half rows 2 * row and the one below, which may be past the end. */
static void print_row(const struct heatmap *h, const struct grid *g, unsigned row)
{
	const unsigned upper = 2 * row / g->size, lower = (2 * row + 1) / g->size;
	struct pen pen = PEN_UNSET;

	if (upper * g->size / 2 == row)
		monitor_printf("%5u ", upper * g->shared);
	else
		monitor_printf("      ");
	for (unsigned column = 0; column < g->dots; column++) {
		put_colour(&pen, false, colour(h, dot(h, g, upper, column)));
		if (lower < g->dots)
			put_colour(&pen, true, colour(h, dot(h, g, lower, column)));
		for (unsigned i = 0; i < g->size; i++)
			monitor_printf("▀");
	}
	monitor_printf("\033[0m\n");
}

/* The columns' numbers, as many as there is room for. */
static void print_numbers(const struct grid *g)
{
	unsigned at = 0;

	monitor_printf("      ");
	for (unsigned column = 0; column < g->dots; column++) {
		if (column * g->size < at)
			continue;
		for (; at < column * g->size; at++)
			monitor_printf(" ");
		monitor_printf("%-4u", column * g->shared);
		at += 4;
	}
	monitor_printf("\n");
}

static void print_scale(const struct heatmap *h)
{
	struct pen pen = PEN_UNSET;

	monitor_printf("\n%5u ", h->least);
	for (unsigned i = 0; i < SCALE; i++) {
		const uint64_t value = h->least + (uint64_t)(h->most - h->least) * i / (SCALE - 1);
		put_colour(&pen, true, colour(h, (uint32_t)MAX(value, 1ull)));
		monitor_printf(" ");
	}
	monitor_printf("\033[0m %u %s\n", h->most, h->unit);
}

void heatmap_print(const struct heatmap *h)
{
	const struct grid g = grid_for(h->count);

	print_numbers(&g);
	for (unsigned row = 0; 2 * row < g.dots * g.size; row++)
		print_row(h, &g, row);
	print_scale(h);
}
