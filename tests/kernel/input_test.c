/* The input layer with devices of our own; what they type is read where the console reads. */
#include "kernel/core/console.h"
#include "kernel/drivers/input/input.h"
#include "kernel/time/clock.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

static unsigned leds_seen, leds_calls;

static void leds_note(struct input_device *d, unsigned leds)
{
	leds_seen = leds;
	leds_calls++;
}

static struct input_device one = { .name = "test keyboard", .keyboard = true, .set_leds = leds_note };
static struct input_device other = { .name = "other test keyboard", .keyboard = true };

static void tap(struct input_device *d, unsigned code)
{
	input_report_key(d, code, true);
	input_report_key(d, code, false);
}

/* What was typed, up to a NUL. */
static const char *typed(void)
{
	static char text[64];
	unsigned size = 0;
	int byte;

	while ((byte = console_read()) >= 0 && size < sizeof(text) - 1)
		text[size++] = (char)byte;
	text[size] = '\0';
	return text;
}

KERNEL_TEST(keyboards_type_together)
{
	input_add(&one);
	input_add(&other);
	KT_CHECK(input_have_keyboard());
	input_report_key(&one, KEY_LEFTSHIFT, true);
	tap(&other, KEY_A);
	input_report_key(&other, KEY_LEFTSHIFT, true);
	input_report_key(&one, KEY_LEFTSHIFT, false);
	tap(&one, KEY_B);
	input_remove(&other);			/* with its Shift down */
	tap(&one, KEY_C);
	input_remove(&one);
	KT_CHECK(strcmp(typed(), "ABc") == 0);
	return KT_PASS;
}

KERNEL_TEST(keys_count_once)
{
	input_add(&one);
	input_report_key(&one, KEY_A, false);
	input_report_key(&one, KEY_A, true);
	input_report_key(&one, KEY_A, true);
	input_report_key(&one, KEY_A, false);
	input_report_key(&one, KEY_RESERVED, true);
	input_report_key(&one, KEY_CNT, true);
	input_report_key(&one, ~0u, true);
	input_remove(&one);
	KT_CHECK(strcmp(typed(), "a") == 0);
	return KT_PASS;
}

KERNEL_TEST(held_keys_repeat_until_released)
{
	input_add(&one);
	nsec_t start = clock_now(), end = start + 10 * NSEC_PER_SEC;
	long long count = 0;
	input_report_key(&one, KEY_X, true);
	while (count < 3 && clock_now() < end)
		count += console_read() == 'x';
	input_report_key(&one, KEY_X, false);
	long long held = (clock_now() - start) / NSEC_PER_MSEC;
	count += (long long)strlen(typed());
	KT_CHECK(count >= 3 && count <= 2 + (held - 250) / 33);
	clock_delay(100 * NSEC_PER_MSEC);
	KT_CHECK(console_read() < 0);
	input_report_key(&one, KEY_X, true);
	input_remove(&one);			/* held while it was unplugged */
	typed();
	clock_delay(400 * NSEC_PER_MSEC);
	KT_CHECK(console_read() < 0);
	return KT_PASS;
}

KERNEL_TEST(lamps_are_told)
{
	leds_calls = 0;
	input_add(&one);
	KT_CHECK(leds_calls == 1);
	unsigned before = leds_seen;
	tap(&one, KEY_CAPSLOCK);
	KT_CHECK(leds_seen == (before ^ 1u << LED_CAPSL));
	tap(&one, KEY_A);
	KT_CHECK(leds_calls == 2);
	tap(&one, KEY_CAPSLOCK);
	input_remove(&one);
	KT_CHECK(leds_seen == before);
	typed();
	return KT_PASS;
}

KERNEL_TEST(typing_ahead_loses_whole_keys)
{
	unsigned count = 0;

	input_add(&one);
	for (unsigned i = 0; i < 1000; i++)
		tap(&one, KEY_UP);
	input_remove(&one);
	for (int byte, at = 0; (byte = console_read()) >= 0; at = (at + 1) % 3, count++)
		KT_CHECK(byte == "\033[A"[at]);
	KT_CHECK(count >= 900 && count % 3 == 0);
	return KT_PASS;
}
