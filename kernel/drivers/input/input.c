/* The input layer: one keyboard out of all keyboards, and its place among the consoles.
 *
 * A driver's report goes through the bits of what the device holds down (so that nothing is pressed twice, and all is
 * released when it is unplugged) into the one keyboard (keyboard.c), and what that makes of it into a queue that the
 * console reads. What is for the machine itself is done at the end, without the lock: an emergency key must work
 * whatever it interrupts.
 *
 * The last key that was pressed repeats, as Linux does it: after 250 ms, every 33 ms. The timer is never cancelled, since
 * a report may come with interrupts off; it finds out that its key is up. */
#include "kernel/drivers/input/input.h"

#include <abi/linux/errno.h>
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/sysrq.h"
#include "kernel/drivers/console/fbcon.h"
#include "kernel/drivers/input/keyboard.h"
#include "kernel/drivers/input/mouse.h"
#include "kernel/sync/spinlock.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define REPEAT_DELAY (250 * NSEC_PER_MSEC)
#define REPEAT_EVERY (33 * NSEC_PER_MSEC)
#define FOUND_WITHIN (5 * NSEC_PER_SEC)	/* slow hubs and keyboards included */
#define QUEUE_BYTES 1024u		/* a power of two */

static struct spinlock lock = SPINLOCK("input");

/* With the lock, but for what is said to be atomic. */
static struct input_device *devices;
static struct keyboard keyboard;
static unsigned leds_shown;
static unsigned repeating;		/* the key that repeats; KEY_RESERVED: none */
static nsec_t repeat_due;
static struct timer repeat_timer, found_timer;
static uint32_t queued, taken;		/* atomic: bytes ever put into the queue, and taken out of it */
static char queue[QUEUE_BYTES];
static uint64_t lost;			/* keys for which there was no room */
static void (*reboot_function)(void);

static int queue_read(struct console *c)
{
	if (__atomic_load_n(&queued, __ATOMIC_ACQUIRE) == taken)
		return -EAGAIN;
	uint8_t byte = (uint8_t)queue[taken % QUEUE_BYTES];
	__atomic_store_n(&taken, taken + 1, __ATOMIC_RELEASE);
	return byte;
}

static bool queue_ready(struct console *c)
{
	return __atomic_load_n(&queued, __ATOMIC_ACQUIRE) != taken;
}

/* All bytes of a key or none: half a sequence would be another key. */
static void queue_put(const struct keyboard_result *r)
{
	if (queued - __atomic_load_n(&taken, __ATOMIC_ACQUIRE) + r->size > QUEUE_BYTES) {
		lost++;
		return;
	}
	for (unsigned i = 0; i < r->size; i++)
		queue[(queued + i) % QUEUE_BYTES] = r->bytes[i];
	__atomic_store_n(&queued, queued + r->size, __ATOMIC_RELEASE);
}

static void leds_show(void)
{
	if (keyboard.leds == leds_shown)
		return;
	leds_shown = keyboard.leds;
	for (struct input_device *d = devices; d; d = d->next)
		if (d->set_leds)
			d->set_leds(d, leds_shown);
}

/* With the lock. What is left to do goes to ret. */
static void key_changed(unsigned code, enum key_change change, struct keyboard_result *ret)
{
	keyboard_key(&keyboard, code, change, ret);
	leds_show();
	queue_put(ret);
	bool repeats = ret->size || ret->action == KEYBOARD_PAGE_UP || ret->action == KEYBOARD_PAGE_DOWN;
	if (change == KEY_PRESSED && repeats) {
		repeating = code;
		repeat_due = clock_now() + REPEAT_DELAY;
		timer_arm(&repeat_timer, repeat_due);
	} else if (change == KEY_PRESSED || code == repeating) {
		repeating = change == KEY_REPEATED ? code : KEY_RESERVED;
	}
}

/* Without the lock. */
static void finish(const struct keyboard_result *r)
{
	if (r->size)
		console_input_came();
	switch (r->action) {
	case KEYBOARD_NOTHING:
		break;
	case KEYBOARD_REBOOT:
		if (reboot_function)
			reboot_function();
		break;
	case KEYBOARD_SYSRQ:
		sysrq_handle(r->letter);
		break;
	case KEYBOARD_PAGE_UP:
		fbcon_scroll(1);
		break;
	case KEYBOARD_PAGE_DOWN:
		fbcon_scroll(-1);
		break;
	}
}

static void repeat(struct timer *t)
{
	struct keyboard_result result = { 0 };
	uint64_t flags = spin_lock_irqsave(&lock);

	/* Another key may have been pressed while this waited for the lock. */
	if (repeating && clock_now() >= repeat_due) {
		key_changed(repeating, KEY_REPEATED, &result);
		repeat_due = clock_now() + REPEAT_EVERY;
		timer_arm(t, repeat_due);
	}
	spin_unlock_irqrestore(&lock, flags);
	finish(&result);
}

/* True where that is news. */
static bool held_change(struct input_device *d, unsigned code, bool down)
{
	uint8_t *byte = &d->held[code / 8], bit = (uint8_t)(1u << code % 8);

	if (!(*byte & bit) == !down)
		return false;
	*byte ^= bit;
	return true;
}

void input_report_key(struct input_device *d, unsigned code, bool down)
{
	struct keyboard_result result = { 0 };

	if (code == KEY_RESERVED || code >= KEY_CNT)
		return;
	uint64_t flags = spin_lock_irqsave(&lock);
	if (held_change(d, code, down)) {
		if (code >= BTN_LEFT && code <= BTN_EXTRA)
			mouse_button(code, down);
		else
			key_changed(code, down ? KEY_PRESSED : KEY_RELEASED, &result);
	}
	spin_unlock_irqrestore(&lock, flags);
	finish(&result);
}

void input_report_rel(struct input_device *d, unsigned axis, int32_t value)
{
	if (!value)
		return;
	uint64_t flags = spin_lock_irqsave(&lock);
	mouse_move(axis, value);
	spin_unlock_irqrestore(&lock, flags);
}

void input_add(struct input_device *d)
{
	uint64_t flags = spin_lock_irqsave(&lock);

	memset(d->held, 0, sizeof(d->held));
	d->next = devices;
	devices = d;
	if (d->set_leds)
		d->set_leds(d, leds_shown);
	spin_unlock_irqrestore(&lock, flags);
	log_message(d->announced ? LOG_DEBUG : LOG_INFO, "input: %s", d->name);
}

void input_remove(struct input_device *d)
{
	for (unsigned code = 0; code < KEY_CNT; code++)
		input_report_key(d, code, false);
	uint64_t flags = spin_lock_irqsave(&lock);
	for (struct input_device **link = &devices; *link; link = &(*link)->next)
		if (*link == d) {
			*link = d->next;
			break;
		}
	spin_unlock_irqrestore(&lock, flags);
	log_message(d->announced ? LOG_DEBUG : LOG_INFO, "input: %s is gone", d->name);
}

bool input_have_keyboard(void)
{
	bool found = false;
	uint64_t flags = spin_lock_irqsave(&lock);

	for (const struct input_device *d = devices; d; d = d->next)
		found = found || d->keyboard;
	spin_unlock_irqrestore(&lock, flags);
	return found;
}

void input_set_reboot(void (*reboot)(void))
{
	reboot_function = reboot;
}

static void look_for_keyboard(struct timer *t)
{
	if (input_have_keyboard())
		return;
	pr_warn("input: no keyboard found: plug one in now, another one, or into another socket");
	pr_warn("input: without one: exec=\"save; poweroff\" in \\samara\\cmdline.txt on the stick runs commands");
	pr_warn("input: or type on a serial line; the power button switches off");
}

static void map_set(const struct keymap *map)
{
	uint64_t flags = spin_lock_irqsave(&lock);

	keyboard_set_map(&keyboard, map);
	leds_show();
	spin_unlock_irqrestore(&lock, flags);
}

/* Its text goes to the screen by another console; the log is told that this one has seen everything. */
static void write_nowhere(struct console *c, const char *text, size_t size)
{
}

static struct console console = {
	.name = "keyboard", .write = write_nowhere, .read = queue_read, .ready = queue_ready, .colour = true, .log_position = UINT64_MAX,
};

void input_init(void)
{
	struct cmdline_word word;

	keyboard_init(&keyboard, &keymaps[0]);
	if (cmdline_find(boot_cmdline(), "keymap", &word)) {
		const struct keymap *map = keymap_find(word.value, word.value_size);
		if (map)
			keyboard_set_map(&keyboard, map);
		else
			pr_warn("input: there is no keymap=%.*s; `keymap` lists those there are", (int)word.value_size, word.value);
	}
	timer_init(&repeat_timer, repeat);
	timer_init(&found_timer, look_for_keyboard);
	timer_arm(&found_timer, clock_now() + FOUND_WITHIN);
	console_add(&console);
}

static const char *keymap_complete(unsigned argument, unsigned index)
{
	return argument == 1 && index < keymap_count ? keymaps[index].name : NULL;
}

static int keymap_command(int argc, char **argv)
{
	if (argc > 2)
		return -EINVAL;
	if (argc == 2) {
		const struct keymap *map = keymap_find(argv[1], strlen(argv[1]));
		if (!map)
			return -ENOENT;
		map_set(map);
		return 0;
	}
	for (unsigned i = 0; i < keymap_count; i++)
		monitor_printf("%s%s", keymap_complete(1, i), &keymaps[i] == keyboard.map ? "* " : " ");
	monitor_printf("\n");
	return 0;
}
MONITOR_COMMAND(keymap, "[NAME]", "the keyboards' layout; without a name, which there are", keymap_command, .complete = keymap_complete,
	.text = "The command line's keymap=NAME does the same from the start. In ru, Ctrl and Shift pressed together and let go change "
		"between Latin and Cyrillic letters; the lamp of Scroll Lock is on for Cyrillic.");

static int input_command(int argc, char **argv)
{
	char text[512] = "";
	int size = 0;
	uint64_t flags = spin_lock_irqsave(&lock);

	for (const struct input_device *d = devices; d && size < (int)sizeof(text); d = d->next)
		size += ksnprintf(text + size, sizeof(text) - (size_t)size, "%s%s%s\n", d->name, d->keyboard ? ", keyboard" : "",
				  d->mouse ? ", mouse" : "");
	spin_unlock_irqrestore(&lock, flags);
	monitor_printf("%s%u bytes typed, %llu keys lost\n", text, queued, (unsigned long long)lost);
	return 0;
}
MONITOR_COMMAND(input, "", "keyboards and mice", input_command);
