/* The list of consoles and the one lock around them. The lock is a flag of its own, since the log is used below the
 * locks of kernel/sync, and waiting for it never happens in the log's path. */
#include "kernel/core/console.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/core/log.h"
#include "lib/format.h"
#include "lib/string.h"

static struct console *first, **last = &first;
static bool locked;

static enum { PROMPT_NONE, PROMPT_DRAWN, PROMPT_WIPED } prompt;	/* atomic */

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
}

bool console_prompt_wiped(void)
{
	bool wiped = __atomic_load_n(&prompt, __ATOMIC_RELAXED) == PROMPT_WIPED;

	if (wiped)
		console_prompt_set(true);
	return wiped;
}

bool console_trylock(void)
{
	return !__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE);
}

void console_unlock(void)
{
	__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
}

void console_break_lock(void)
{
	console_unlock();
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
	log_show();
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
	log_show();	/* what was logged meanwhile */
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
	log_show();
}

static void (*idle_function)(void);

void console_set_idle(void (*idle)(void))
{
	idle_function = idle;
}

void console_idle(void)
{
	if (idle_function)
		idle_function();
	else
		cpu_relax();
}

int console_read(void)
{
	for (struct console *c = first; c; c = c->next) {
		int byte = c->read ? c->read(c) : -EAGAIN;
		if (byte >= 0)
			return byte;
	}
	return -EAGAIN;
}
