/* Consoles: where text for a person goes to and comes from.
 *
 * Rules
 * - A driver fills a struct console and adds it with console_add, once; it then shows the log from its beginning.
 * - `write` and `flush` are called with the consoles' lock held (or in a panic, with all else stopped). Text is UTF-8
 *   with ECMA-48 sequences; a driver gets lines with CR LF at their end, as terminals want them, while everybody else
 *   writes '\n' alone.
 * - `write` may delay what is seen; `flush` makes it seen now. `read` returns a byte or -EAGAIN and never waits. All
 *   but write may be NULL.
 * - console_write and its like are for output that was asked for (the monitor's); what the kernel has to say on its own
 *   goes to the log. */
#ifndef KERNEL_CORE_CONSOLE_H
#define KERNEL_CORE_CONSOLE_H

#include "lib/types.h"

struct console {
	const char *name;
	void (*write)(struct console *c, const char *text, size_t size);
	void (*flush)(struct console *c);
	int (*read)(struct console *c);
	bool (*ready)(struct console *c);	/* would read have a byte? NULL: no interrupt tells, it must be polled */
	bool colour;			/* a person looks at it: the log is coloured, long output stops at each page */
	unsigned columns, rows;		/* 0: not known */
	uint64_t log_position;
	struct console *next;
};

void console_add(struct console *c);
struct console *console_first(void);

void console_write(const char *text, size_t size);
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_flush(void);

/* A byte from any console, or -EAGAIN. */
int console_read(void);

/* The console that the last byte came from, NULL before the first. */
const struct console *console_reader(void);

/* The size that fits on every console whose size is known; 0 where none is. */
void console_size(unsigned *ret_columns, unsigned *ret_rows);

/* Wait for a while, or until there may be a byte or a wiped prompt; no longer than until a time of clock_now(). Without a
 * waiting set it returns at once. */
void console_idle(void);
void console_idle_until(nsec_t deadline);

/* How to wait, from those who can (kernel/drivers/console/waiting.c): `wait` while not console_ready(); `wake` ends
 * that, in any context in which a driver may be; wake_later soon does, from within the log. */
struct console_waiting {
	void (*wait)(nsec_t deadline);
	void (*wake)(void);
	void (*wake_later)(void);
};
void console_set_waiting(const struct console_waiting *w);

/* A driver's interrupt has got bytes, which its console's read will give. */
void console_input_came(void);

/* Is there a byte, or a wiped prompt? Must some console be polled, as no interrupt tells? */
bool console_ready(void);
bool console_is_polled(void);

/* While a prompt stands on the consoles (set it before drawing it) the log wipes it before it writes.
 * console_prompt_wiped says so, once, and its owner draws it again. */
void console_prompt_set(bool stands);
bool console_prompt_wiped(void);

/* For the log and the panic alone. */
void console_prompt_wipe(void);
void console_emit(struct console *c, const char *text, size_t size);
bool console_trylock(void);
void console_release(void);

/* Whoever got the lock otherwise gives it back with this: what was logged meanwhile is shown. */
void console_unlock(void);

/* In a panic: the lock's holder may be stopped, so it is taken by force. */
void console_break_lock(void);

#endif
