/* The ring of messages.
 *
 * A slot holds a part of a message; a message takes as many slots in a row as it needs, claimed together with one
 * addition to `head`. A slot's sequence number says whether it is whole: 0 while it is written, else its position + 1.
 * A reader compares it before and after copying, so a slot that is overwritten meanwhile is noticed and passed over. A
 * reader waits at a slot that is claimed and not yet whole: its writer was interrupted, and shows the message when it
 * goes on. Only a panic passes over it, since that writer may be stopped for good. */
#include "kernel/core/log.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/console.h"
#include "kernel/core/monitor.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define SLOTS 1024u		/* a power of two */
#define SLOT_TEXT 104
#define LINE_ROOM (LOG_STAMP + LOG_LINE_MAX + 24)	/* of a message: colours, and a newline */

struct slot {
	uint64_t sequence;	/* atomic: position + 1, or 0 */
	uint64_t ticks;
	uint8_t level;
	uint8_t size;
	uint8_t parts_left;	/* slots of the same message behind this one */
	bool first;
	char text[SLOT_TEXT];
};

enum slot_state { SLOT_WHOLE, SLOT_UNFINISHED, SLOT_GONE };

static struct slot ring[SLOTS];
static uint64_t head;		/* atomic: the next free position */
static uint64_t (*ticks_now)(void) = cpu_ticks;
static nsec_t (*ticks_to_nsec)(uint64_t ticks);
static enum log_level console_level = LOG_DEBUG;
static bool skip_unfinished;

static void slot_write(uint64_t position, const struct slot *content)
{
	struct slot *s = &ring[position % SLOTS];

	__atomic_store_n(&s->sequence, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy((char *)s + sizeof(s->sequence), (const char *)content + sizeof(s->sequence), sizeof(*s) - sizeof(s->sequence));
	__atomic_store_n(&s->sequence, position + 1, __ATOMIC_RELEASE);
}

static enum slot_state slot_read(uint64_t position, struct slot *ret)
{
	struct slot *s = &ring[position % SLOTS];
	uint64_t sequence = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE);

	if (sequence != position + 1)
		return sequence > position || skip_unfinished ? SLOT_GONE : SLOT_UNFINISHED;
	memcpy(ret, s, sizeof(*ret));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&s->sequence, __ATOMIC_RELAXED) == position + 1 ? SLOT_WHOLE : SLOT_GONE;
}

static void log_write(uint64_t ticks, enum log_level level, const char *format, va_list arguments)
{
	char text[LOG_LINE_MAX];
	int length = kvsnprintf(text, sizeof(text), format, arguments);
	size_t size = MIN((size_t)length, sizeof(text) - 1);
	unsigned parts = size ? (unsigned)((size + SLOT_TEXT - 1) / SLOT_TEXT) : 1;

	preempt_disable();	/* who reads waits for a message that is begun */
	uint64_t position = __atomic_fetch_add(&head, parts, __ATOMIC_RELAXED);
	/* The first part last: where it is whole, all are. */
	for (unsigned i = parts; i-- > 0;) {
		struct slot s = { .ticks = ticks, .level = (uint8_t)level, .first = i == 0, .parts_left = (uint8_t)(parts - 1 - i) };
		s.size = (uint8_t)MIN(size - i * SLOT_TEXT, (size_t)SLOT_TEXT);
		memcpy(s.text, text + i * SLOT_TEXT, s.size);
		slot_write(position + i, &s);
	}
	preempt_enable();
	log_show();
}

void log_at(uint64_t ticks, enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(ticks, level, format, arguments);
	va_end(arguments);
}

void log_message(enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(ticks_now(), level, format, arguments);
	va_end(arguments);
}

/* All parts of the message at `position`. */
static enum slot_state message_read(uint64_t position, struct log_record *ret, unsigned *ret_parts)
{
	struct slot s;
	enum slot_state state = slot_read(position, &s);

	if (state != SLOT_WHOLE || !s.first)
		return state == SLOT_WHOLE ? SLOT_GONE : state;
	*ret_parts = s.parts_left + 1u;
	ret->ticks = s.ticks;
	ret->level = s.level;
	ret->size = 0;
	for (unsigned i = 0;;) {
		memcpy(ret->text + ret->size, s.text, MIN(s.size, sizeof(ret->text) - 1 - ret->size));
		ret->size += MIN(s.size, sizeof(ret->text) - 1 - ret->size);
		if (++i == *ret_parts)
			break;
		state = slot_read(position + i, &s);
		if (state != SLOT_WHOLE || s.first)
			return state == SLOT_WHOLE ? SLOT_GONE : state;
	}
	ret->text[ret->size] = '\0';
	return SLOT_WHOLE;
}

bool log_read(uint64_t *position, struct log_record *ret)
{
	uint64_t end = __atomic_load_n(&head, __ATOMIC_ACQUIRE);
	unsigned parts;

	if (end > SLOTS && *position < end - SLOTS)
		*position = end - SLOTS;
	for (; *position < end; ++*position) {
		enum slot_state state = message_read(*position, ret, &parts);
		if (state == SLOT_WHOLE)
			*position += parts;
		if (state != SLOT_GONE)
			return state == SLOT_WHOLE;
	}
	return false;
}

uint64_t log_tail(unsigned count)
{
	uint64_t end = __atomic_load_n(&head, __ATOMIC_ACQUIRE);

	return end > count ? end - count : 0;
}

void log_skip_unfinished(void)
{
	skip_unfinished = true;
}

void log_set_clock(uint64_t (*now)(void), nsec_t (*to_nsec)(uint64_t ticks))
{
	ticks_now = now;
	ticks_to_nsec = to_nsec;
	log_show();
}

void log_stamp(uint64_t ticks, char ret[LOG_STAMP])
{
	nsec_t at = ticks_to_nsec ? ticks_to_nsec(ticks) : 0;

	if (ticks_to_nsec)
		ksnprintf(ret, LOG_STAMP, "[%5llu.%06llu] ", (unsigned long long)at / 1000000000, (unsigned long long)at / 1000 % 1000000);
	else
		ksnprintf(ret, LOG_STAMP, "[    ?.??????] ");
}

void log_init(void)
{
	uint64_t level;

	if (cmdline_flag(boot_cmdline(), "quiet"))
		console_level = LOG_WARNING;
	if (cmdline_number(boot_cmdline(), "loglevel", &level) == 0)
		console_level = (enum log_level)MIN(level, 8ull);
	if (cmdline_flag(boot_cmdline(), "debug"))
		console_level = LOG_DEBUG + 1;
}

void log_set_level(unsigned level)
{
	console_level = (enum log_level)level;
}

/* A message as a line of a console; its size. */
static size_t line_format(const struct log_record *r, bool coloured, char line[LINE_ROOM])
{
	const char *colour = r->level <= LOG_ERR ? "\033[91m" : r->level == LOG_WARNING ? "\033[93m" : "";
	char stamp[LOG_STAMP];

	log_stamp(r->ticks, stamp);
	if (coloured)
		return (size_t)ksnprintf(line, LINE_ROOM, "\033[32m%s\033[0m%s%s\033[0m\n", stamp, colour, r->text);
	return (size_t)ksnprintf(line, LINE_ROOM, "%s%s\n", stamp, r->text);
}

/* Linux prints levels below loglevel, so 7 leaves debug messages out. */
static void show_on(struct console *c)
{
	struct log_record record;
	char line[LINE_ROOM];

	while (log_read(&c->log_position, &record)) {
		if (record.level >= console_level)
			continue;
		const size_t size = line_format(&record, c->colour, line);
		console_prompt_wipe();
		console_emit(c, line, size);
	}
}

/* Is the next message of any console whole? */
static bool anything_to_show(void)
{
	uint64_t end = __atomic_load_n(&head, __ATOMIC_ACQUIRE);
	struct slot s;

	for (struct console *c = console_first(); c; c = c->next)
		if (c->log_position < end && slot_read(c->log_position, &s) != SLOT_UNFINISHED)
			return true;
	return false;
}

void log_show(void)
{
	if (!ticks_to_nsec)
		return;
	/* Who holds the lock looks again after giving it up, so nobody's message is left behind. */
	while (anything_to_show() && console_trylock()) {
		for (struct console *c = console_first(); c; c = c->next)
			show_on(c);
		console_release();
	}
}

/* In colours for who sits at the screen: all consoles get the same, and a program may read the serial line. */
static int log_command(int argc, char **argv)
{
	const struct console *reader = console_reader();
	struct log_record record;
	char line[LINE_ROOM];

	for (uint64_t position = 0; log_read(&position, &record);)
		monitor_write(line, line_format(&record, reader && reader->colour, line));
	return 0;
}
MONITOR_COMMAND(log, "", "the kernel's log, from the EFI entry point on", log_command,
	.text = "The last 1,024 messages, those that loglevel= kept from the consoles too. Times are seconds since the "
		"EFI entry point.");
