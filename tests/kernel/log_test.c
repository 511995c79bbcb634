/* The log's ring: what goes in comes out, whole, in order, also when it wraps and when messages are long. */
#include "kernel/core/log.h"

#include "kernel/arch/percpu.h"
#include "kernel/core/console.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

/* The last message of a burst that starts where the log now ends. */
static bool last_message(uint64_t from, struct log_record *ret)
{
	bool found = false;

	while (log_read(&from, ret))
		found = true;
	return found;
}

KERNEL_TEST(log_keeps_a_long_message_whole)
{
	char text[400];
	struct log_record record;

	for (unsigned i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	text[sizeof(text) - 1] = '\0';
	uint64_t from = log_tail(0);
	pr_debug("%s", text);
	KT_CHECK(log_read(&from, &record));
	KT_CHECK(record.size == strlen(text) && strcmp(record.text, text) == 0);
	KT_CHECK(record.level == LOG_DEBUG);
	return KT_PASS;
}

KERNEL_TEST(log_cuts_a_message_that_is_too_long)
{
	struct log_record record;
	uint64_t from = log_tail(0);

	pr_debug("%0600d", 7);
	KT_CHECK(last_message(from, &record));
	KT_CHECK(record.size == LOG_LINE_MAX - 1);
	return KT_PASS;
}

KERNEL_TEST(log_wraps_in_order)
{
	struct log_record record;
	unsigned expected = 0, seen = 0;

	for (unsigned i = 0; i < 3000; i++)
		pr_debug("wrap %u %*s", i, (int)(i % 200), "");
	for (uint64_t position = 0; log_read(&position, &record);) {
		char text[32];
		if (strncmp(record.text, "wrap ", 5) != 0)
			continue;
		if (!seen++) {
			/* the oldest that is left: take its number, and all others follow */
			for (const char *c = record.text + 5; *c >= '0' && *c <= '9'; c++)
				expected = expected * 10 + (unsigned)(*c - '0');
		}
		int size = ksnprintf(text, sizeof(text), "wrap %u ", expected++);
		KT_CHECK(strncmp(record.text, text, (size_t)size) == 0);
	}
	KT_CHECK(expected == 3000 && seen > 300);
	return KT_PASS;
}

KERNEL_TEST(log_stamps_are_ordered)
{
	struct log_record record;
	uint64_t last = 0, position = log_tail(100);

	while (log_read(&position, &record)) {
		KT_CHECK(record.ticks >= last);
		last = record.ticks;
	}
	return KT_PASS;
}

/* Whoever logs while the consoles are busy leaves its message to who is busy with them. */
KERNEL_TEST(log_shows_what_came_while_the_consoles_were_busy)
{
	KT_CHECK(console_trylock());
	pr_debug("busy");
	uint64_t end = log_tail(0);
	console_unlock();
	for (const struct console *c = console_first(); c; c = c->next)
		KT_CHECK(c->log_position >= end);
	return KT_PASS;
}

static bool nmi_logged;		/* atomic */

static void log_in_nmi(const struct trap_frame *frame)
{
	console_prompt_set(true);	/* the log wipes it, and wakes who draws it again */
	pr_info("a message out of an NMI");
	console_prompt_set(false);
	__atomic_store_n(&nmi_logged, true, __ATOMIC_RELEASE);
}

static void timer_never(struct timer *t)
{
}

/* On a CPU that arms and cancels a timer meanwhile, so that it holds the lock of its timers half of the time. */
static void be_interrupted(void *argument)
{
	struct timer timer;
	nsec_t end = clock_now() + NSEC_PER_SEC;

	timer_init(&timer, timer_never);
	while (!__atomic_load_n(&nmi_logged, __ATOMIC_ACQUIRE) && clock_now() < end) {
		timer_arm(&timer, end + NSEC_PER_SEC);
		timer_cancel(&timer);
	}
}

KERNEL_TEST(log_works_in_an_nmi_whatever_that_interrupts)
{
	struct smp_call call = { .function = be_interrupted };

	if (!cpu_is_online(1))
		return KT_SKIP;
	for (unsigned i = 0; i < 20; i++) {
		nmi_logged = false;
		smp_call_start(1, &call);
		clock_delay((10 + i) * NSEC_PER_USEC);
		smp_ask(1, log_in_nmi);
		smp_call_wait(&call, 1);
		KT_CHECK(nmi_logged);
	}
	return KT_PASS;
}
