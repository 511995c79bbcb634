/* The line is a prompt to the consoles: what is logged wipes it and takes its place, and it is drawn again below. It
 * goes past the pager, as it is no output that somebody reads page by page. */
#include "kernel/diag/tool.h"

#include "kernel/core/console.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/sched/thread.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define LOOK_EVERY	(50 * NSEC_PER_MSEC)	/* for a key */
#define DRAW_EVERY	(200 * NSEC_PER_MSEC)
#define SECONDS_MOST	1000000u
#define COLUMNS		80u			/* where nobody knows */
#define CTRL_C		0x03
#define ESCAPE		0x1b

void tool_begin(struct tool *t, int *argc, char **argv)
{
	*t = (struct tool){ .quiet = *argc > 1 && strcmp(argv[*argc - 1], "json") == 0 };
	*argc -= t->quiet;
}

nsec_t tool_duration(int argc, char **argv, unsigned seconds)
{
	uint64_t number = seconds;

	if (argc > 2 || (argc == 2 && cmdline_parse_number(argv[1], strlen(argv[1]), &number)) || number > SECONDS_MOST)
		return 0;
	return (nsec_t)number * NSEC_PER_SEC;
}

/* All that was typed is read, here and once more at the end, so that the rest of a cursor key's sequence does not end up
 * at the prompt. */
static bool stop_was_typed(void)
{
	bool stop = false;

	for (int byte; (byte = console_read()) >= 0;)
		stop = stop || byte == 'q' || byte == ESCAPE || byte == CTRL_C;
	return stop;
}

bool tool_wait(struct tool *t, struct crew *c, nsec_t until, tool_draw *line, void *context)
{
	bool done;

	do {
		nsec_t now = clock_now();
		if (stop_was_typed())
			__atomic_store_n(&t->stopped, true, __ATOMIC_RELAXED);
		if (!t->quiet && (now - t->drawn >= DRAW_EVERY || console_prompt_wiped())) {
			t->drawn = now;
			line(t, context);
		}
		done = crew_wait(c, MIN(now + LOOK_EVERY, until));
	} while (!done && clock_now() < until);
	return done;
}

/* It must not wrap: a terminal has no way back to the first row. A turned screen may have 60 columns. */
void tool_line(struct tool *t, const char *format, ...)
{
	char text[COLUMNS];
	unsigned columns, rows;
	va_list arguments;

	console_size(&columns, &rows);
	va_start(arguments, format);
	kvsnprintf(text, MIN(columns ? columns : COLUMNS, COLUMNS), format, arguments);
	va_end(arguments);
	console_prompt_set(true);
	console_printf("\r%s\033[K", text);
	console_flush();
}

void tool_print(struct tool *t, const char *format, ...)
{
	char text[256];
	va_list arguments;

	if (t->quiet)
		return;
	va_start(arguments, format);
	kvsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	console_printf("\r\033[K%s\n", text);
	t->drawn = 0;
}

void tool_end(struct tool *t)
{
	console_prompt_set(false);
	if (t->stopped) {
		thread_sleep(LOOK_EVERY);
		stop_was_typed();
	}
	if (!t->quiet)
		console_printf("\r\033[K");
}

static void show(void *context, const char *text, size_t size)
{
	monitor_write(text, size);
}

int tool_json(const char *section)
{
	return report_write(section, REPORT_JSON, show, NULL);
}

const char *tool_bar(char text[TOOL_BAR], uint64_t share, uint64_t whole, unsigned cells)
{
	uint64_t full = whole ? (share * cells + whole / 2) / whole : 0;
	char *at = text;

	full = MAX(MIN(full, (uint64_t)cells), (uint64_t)(share != 0));
	for (*at = '\0'; full; full--, at += 3)
		memcpy(at, "▄", 4);	/* half as high as a line, so that bars stand apart */
	return text;
}

const char *tool_hundredths(char text[24], uint64_t value)
{
	ksnprintf(text, 24, "%llu.%02u", (unsigned long long)value / 100, (unsigned)(value % 100));
	return text;
}
