/* The log's ring: what goes in comes out, whole, in order, also when it wraps and when messages are long. */
#include "kernel/core/log.h"

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
