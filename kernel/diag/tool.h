/* What the tools that measure the machine have in common: a line that shows how far they are, the key that stops
 * them, and their result as JSON.
 *
 * Rules
 * - A tool's result is a section of the report, which is what `json` prints and `save` keeps; a tool that has not run
 *   has an empty one.
 * - q, Esc or Ctrl-C stops a tool; it shows what it has measured until then. */
#ifndef KERNEL_DIAG_TOOL_H
#define KERNEL_DIAG_TOOL_H

#include "kernel/diag/crew.h"

#define TOOL_BAR 128		/* bytes for a bar of up to 40 cells */

struct tool {
	bool quiet;		/* nothing but the result is shown */
	bool stopped;		/* atomic: by a key */
	nsec_t drawn;		/* when the line was drawn last */
};

/* Take "json" off the end of the arguments. */
void tool_begin(struct tool *t, int *argc, char **argv);

/* How long to measure: the one argument in seconds, or without it so many; 0 where that makes no sense. */
nsec_t tool_duration(int argc, char **argv, unsigned seconds);

/* Wait for the crew, or for that time, and show how far it is meanwhile; `line` draws with tool_line. */
typedef void tool_draw(struct tool *t, void *context);
bool tool_wait(struct tool *t, struct crew *c, nsec_t until, tool_draw *line, void *context);

static inline bool tool_is_stopped(const struct tool *t)
{
	return __atomic_load_n(&t->stopped, __ATOMIC_RELAXED);
}

/* The line in place of what it was; text above it, which stays; and the line's end. */
void tool_line(struct tool *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tool_print(struct tool *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tool_end(struct tool *t);

/* The result as JSON. */
int tool_json(const char *section);

/* A bar of at most `cells` cells for a share of the whole; what is not nothing shows. */
const char *tool_bar(char text[TOOL_BAR], uint64_t share, uint64_t whole, unsigned cells);

/* "12.34", from hundredths. */
const char *tool_hundredths(char text[24], uint64_t value);

#endif
