/* The list of consoles and the one lock around them. The lock is a flag of its own, since the log is used below the
 * locks of kernel/sync, and waiting for it never happens in the log's path. */
#include "kernel/core/console.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/core/log.h"
#include "lib/format.h"
#include "lib/string.h"

static struct console *first, **last = &first;
static bool locked;

static enum { PROMPT_NONE, PROMPT_DRAWN, PROMPT_WIPED } prompt;	/* atomic */
static const struct console_waiting *waiting;

void console_prompt_set(bool stands)
{
	__atomic_store_n(&prompt, stands ? PROMPT_DRAWN : PROMPT_NONE, __ATOMIC_RELAXED);
}

/* With the lock. */
void console_prompt_wipe(void)
{
	if (__atomic_load_n(&prompt, __ATOMIC_RELAXED) != PROMPT_DRAWN)
		return;
	for (struct console *c = first; c; c = c->next)
		c->write(c, "\r\033[K", 4);
	__atomic_store_n(&prompt, PROMPT_WIPED, __ATOMIC_RELAXED);
	if (waiting)
		waiting->wake_later();
}

bool console_prompt_wiped(void)
{
	bool wiped = __atomic_load_n(&prompt, __ATOMIC_RELAXED) == PROMPT_WIPED;

	if (wiped)
		console_prompt_set(true);
	return wiped;
}

/* Its holder is not preempted: others spin for it. */
bool console_trylock(void)
{
	preempt_disable();
	if (!__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE))
		return true;
	preempt_enable();
	return false;
}

/* The log looks for a message behind this, and who did not get the lock has left one before it tried: with a barrier on
 * both sides one of them sees the other. */
void console_release(void)
{
	__atomic_store_n(&locked, false, __ATOMIC_SEQ_CST);
	preempt_enable();
}

void console_unlock(void)
{
	console_release();
	log_show();	/* what was logged meanwhile */
}

void console_break_lock(void)
{
	__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
}

static void console_lock(void)
{
	while (!console_trylock())
		cpu_relax();
}

void console_add(struct console *c)
{
	console_lock();
	*last = c;
	last = &c->next;
	console_unlock();
}

struct console *console_first(void)
{
	return first;
}

/* A terminal's line feed goes straight down; the carriage return is ours to add. */
void console_emit(struct console *c, const char *text, size_t size)
{
	for (const char *end = text + size; text < end;) {
		const char *line = text;
		while (text < end && *text != '\n')
			text++;
		if (text > line)
			c->write(c, line, (size_t)(text - line));
		if (text < end) {
			c->write(c, "\r\n", 2);
			text++;
		}
	}
}

void console_write(const char *text, size_t size)
{
	console_lock();
	for (struct console *c = first; c; c = c->next)
		console_emit(c, text, size);
	console_unlock();
}

void console_printf(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	kvsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	console_write(text, strlen(text));
}

void console_flush(void)
{
	console_lock();
	for (struct console *c = first; c; c = c->next)
		if (c->flush)
			c->flush(c);
	console_unlock();
}

void console_set_waiting(const struct console_waiting *w)
{
	waiting = w;
}

void console_idle_until(nsec_t deadline)
{
	if (waiting)
		waiting->wait(deadline);
	else
		cpu_relax();
}

void console_idle(void)
{
	console_idle_until(INT64_MAX);
}

void console_input_came(void)
{
	if (waiting)
		waiting->wake();
}

bool console_ready(void)
{
	for (struct console *c = first; c; c = c->next)
		if (c->ready && c->ready(c))
			return true;
	return __atomic_load_n(&prompt, __ATOMIC_RELAXED) == PROMPT_WIPED;
}

bool console_is_polled(void)
{
	for (struct console *c = first; c; c = c->next)
		if (c->read && !c->ready)
			return true;
	return false;
}

static const struct console *reader;

int console_read(void)
{
	for (struct console *c = first; c; c = c->next) {
		int byte = c->read ? c->read(c) : -EAGAIN;
		if (byte < 0)
			continue;
		reader = c;
		return byte;
	}
	return -EAGAIN;
}

const struct console *console_reader(void)
{
	return reader;
}

void console_size(unsigned *ret_columns, unsigned *ret_rows)
{
	unsigned columns = 0, rows = 0;

	for (const struct console *c = first; c; c = c->next) {
		columns = c->columns && (!columns || c->columns < columns) ? c->columns : columns;
		rows = c->rows && (!rows || c->rows < rows) ? c->rows : rows;
	}
	*ret_columns = columns;
	*ret_rows = rows;
}
