/* `top`: what the CPUs do and which threads keep them busy, once a second, in place of what stood there before
 * (ECMA-48: cursor home, erase to the end of the line and of the page). Where nobody looks, in exec= or with a number
 * of frames, the same as plain text.
 *
 * A thread's share is what it ran between two samples, in which its id finds it; one that began in between had run
 * nothing before. */
#include <abi/linux/errno.h>
#include "kernel/arch/percpu.h"
#include "kernel/core/console.h"
#include "kernel/core/monitor.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/sample.h"
#include "kernel/sched/sched.h"
#include "kernel/smp/cpus.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define EVERY		NSEC_PER_SEC
#define COLUMNS		80
#define ROWS		24
#define COLUMNS_LEAST	40	/* of the screen, and … */
#define BAR_LEAST	26	/* … of a CPU's bar with its number */
#define BAR_AROUND	12	/* what stands beside it */
#define ROWS_THREADS	6	/* that are kept for them */
#define FRAMES_MOST	1000u

struct top {
	bool live;
	unsigned columns, rows, row;
	char line[2048];			/* a row as it is made */
	size_t size;
	nsec_t at, span;			/* the last sample, and from the one before */
	nsec_t *idle;				/* of each CPU, at the last sample and … */
	nsec_t *idle_lately;			/* … since the one before */
	struct thread_samples before, now;
};

static unsigned permille(const struct top *top, nsec_t of)
{
	return (unsigned)MIN(MAX(of * 1000 / top->span, (nsec_t)0), (nsec_t)1000);
}

/* ---- Sampling ---- */

static bool is_older(const struct thread_sample *a, const struct thread_sample *b)
{
	return a->id < b->id;
}

static bool ran_more_lately(const struct thread_sample *a, const struct thread_sample *b)
{
	return a->lately != b->lately ? a->lately > b->lately : a->id < b->id;
}

static void sample_cpus(struct top *top)
{
	struct sched_counts c;

	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		if (!cpu_is_online(cpu))
			continue;
		sched_count(cpu, &c);
		top->idle_lately[cpu] = c.idle - top->idle[cpu];
		top->idle[cpu] = c.idle;
	}
}

/* Both samples are in the order of ids. */
static void compare(struct top *top)
{
	unsigned old = 0;

	for (unsigned i = 0; i < top->now.count; i++) {
		struct thread_sample *r = &top->now.rows[i];
		while (old < top->before.count && top->before.rows[old].id < r->id)
			old++;
		bool found = old < top->before.count && top->before.rows[old].id == r->id;
		r->lately = r->ran - (found ? top->before.rows[old].ran : 0);
	}
}

static int sample(struct top *top)
{
	nsec_t now = clock_now();

	threads_sample_free(&top->before);
	top->before = top->now;
	int error = threads_sample(&top->now);
	if (error) {
		top->now = (struct thread_samples){ 0 };
		return error;
	}
	top->span = MAX(now - top->at, (nsec_t)1);
	top->at = now;
	sample_cpus(top);
	threads_sort(&top->before, is_older);
	compare(top);
	threads_sort(&top->now, ran_more_lately);
	return 0;
}

/* ---- Drawing ---- */

static __attribute__((format(printf, 2, 3))) void put(struct top *top, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int size = kvsnprintf(top->line + top->size, sizeof(top->line) - top->size, format, arguments);
	va_end(arguments);
	top->size = MIN(top->size + (size_t)size, sizeof(top->line) - 1);
}

/* Live, the row takes the place of an older one. There is no line feed behind the last, which would scroll. */
static void row_end(struct top *top)
{
	top->row++;
	if (top->live) {
		put(top, "\033[m");
		console_write("\033[K", 3);	/* before the row: behind a full one it would take the last cell */
	}
	if (!top->live || top->row < top->rows)
		put(top, "\n");
	(top->live ? console_write : monitor_write)(top->line, top->size);	/* not through the pager */
	top->size = 0;
}

static bool has_room(const struct top *top, unsigned rows)
{
	return top->row + rows <= top->rows;
}

static void draw_head(struct top *top)
{
	unsigned runnable = 0;
	char text[128];

	for (unsigned i = 0; i < top->now.count; i++)
		runnable += top->now.rows[i].state[0] == 'r';	/* running and ready */
	ksnprintf(text, sizeof(text), "up %lld s, %u CPU%s, %u threads, %u of them runnable, %llu MiB free%s",
		  top->at / NSEC_PER_SEC, cpus_online(), cpus_online() == 1 ? "" : "s", top->now.count, runnable,
		  (unsigned long long)(frames_free_bytes() / MIB(1)), top->live ? "; a key ends it" : "");
	put(top, "%.*s", (int)top->columns, text);
	row_end(top);
}

static void draw_bar(struct top *top, cpu_id_t cpu, unsigned width)
{
	unsigned busy = permille(top, top->span - top->idle_lately[cpu]), room = width - BAR_AROUND, full = (busy * room + 500) / 1000;

	put(top, "%4u ", cpu);
	if (top->live)
		put(top, "\033[%um", busy >= 900 ? 91 : busy >= 500 ? 93 : 92);
	for (unsigned i = 0; i < room; i++)
		put(top, "%s", i < full ? "█" : "·");
	put(top, "%s %3u %% ", top->live ? "\033[m" : "", (busy + 5) / 10);
}

/* As many bars beside each other as leave two thirds of the screen for threads. */
static void draw_bars(struct top *top)
{
	unsigned most = MAX(top->columns / BAR_LEAST, 1u), across = 1, column = 0, shown = 0;

	while (across < most && cpus_online() > across * (top->rows / 3))
		across++;
	for (cpu_id_t cpu = 0; cpu < percpu_count && has_room(top, ROWS_THREADS); cpu++) {
		if (!cpu_is_online(cpu))
			continue;
		draw_bar(top, cpu, MIN(top->columns / across, (unsigned)COLUMNS));
		shown++;
		column = (column + 1) % across;
		if (!column)
			row_end(top);
	}
	if (column)
		row_end(top);
	if (shown < cpus_online()) {
		put(top, "     and %u CPUs more", cpus_online() - shown);
		row_end(top);
	}
}

static void draw_thread(struct top *top, const struct thread_sample *r)
{
	unsigned share = permille(top, r->lately);
	char text[128];

	ksnprintf(text, sizeof(text), "%6u %-15s %4u.%u %-8s %4u %-5s %4d %8lld.%03d", r->id, r->name, share / 10, share % 10, r->state,
		  r->cpu, r->policy, r->priority, r->ran / NSEC_PER_SEC, (int)(r->ran % NSEC_PER_SEC / NSEC_PER_MSEC));
	put(top, "%.*s", (int)top->columns, text);
	row_end(top);
}

static void draw_threads(struct top *top)
{
	static const char heading[] = "    id name             CPU % state     CPU class nice        ran s";

	put(top, "%s%-*.*s", top->live ? "\033[7m" : "", top->live ? (int)top->columns : 0, (int)top->columns, heading);
	row_end(top);
	for (unsigned i = 0; i < top->now.count && has_room(top, 1); i++)
		draw_thread(top, &top->now.rows[i]);
}

static void draw(struct top *top)
{
	unsigned columns, rows;

	console_size(&columns, &rows);
	top->columns = MAX(columns ? columns : COLUMNS, (unsigned)COLUMNS_LEAST);
	top->rows = rows ? rows : ROWS;
	top->row = 0;
	if (top->live)
		put(top, "\033[H");
	draw_head(top);
	draw_bars(top);
	draw_threads(top);
	if (top->live && top->row < top->rows)
		console_write("\033[J", 3);
	console_flush();
}

/* ---- The command ---- */

/* True where a key ended the wait. */
static bool wait(const struct top *top)
{
	nsec_t end = top->at + EVERY;

	if (!top->live) {
		thread_sleep_until(end);
		return false;
	}
	while (clock_now() < end) {
		if (console_read() >= 0)
			return true;
		console_idle_until(end);
	}
	return false;
}

static int run(struct top *top, unsigned frames)
{
	int error = sample(top);

	while (!error && (top->live || frames--) && !wait(top)) {
		error = sample(top);
		if (!error)
			draw(top);
	}
	if (top->live)
		console_printf("\033[%u;1H\n", top->row);
	return error;
}

/* Live for who typed it. */
static int top_command(int argc, char **argv)
{
	struct top top = { .live = argc == 1 && console_reader() };
	uint64_t frames = 1;

	if (argc > 2 || (argc == 2 && (cmdline_parse_number(argv[1], strlen(argv[1]), &frames) || !frames || frames > FRAMES_MOST)))
		return -EINVAL;
	top.idle = kzalloc(2 * percpu_count * sizeof(*top.idle));
	if (!top.idle)
		return -ENOMEM;
	top.idle_lately = top.idle + percpu_count;
	if (top.live)
		console_printf("\033[H\033[2J");
	int error = run(&top, (unsigned)frames);
	threads_sample_free(&top.before);
	threads_sample_free(&top.now);
	kfree(top.idle);
	return error;
}
MONITOR_COMMAND(top, "[FRAMES]", "CPUs and the threads that keep them busy, live", top_command,
	.text = "Once a second, until a key is pressed. With FRAMES, and in exec=, that many frames of plain text.");
