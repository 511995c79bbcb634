/* Keyboards and mice: what their drivers report becomes bytes for the console, and places and buttons of a pointer.
 *
 *	static struct input_device keyboard = { .name = "USB keyboard", .keyboard = true, .set_leds = leds };
 *	input_add(&keyboard);
 *	input_report_key(&keyboard, KEY_A, true);
 *
 * Rules
 * - Codes are evdev's (<abi/linux/input-event-codes.h>). A driver reports what keys do, in any order and as often as it
 *   likes: pressing a key that is down and releasing one that is up change nothing. Repeating a held key is the layer's
 *   work, so what a keyboard repeats by itself needs no care.
 * - All keyboards type together: a Shift held on one counts on the others, lamps are the same on all.
 * - Reports are made in thread or interrupt context, also for different devices on several CPUs at once, between
 *   input_add and input_remove. After input_remove returns, every key that the device held is up, and its memory may go.
 * - set_leds is called with interrupts off and the layer's lock held, in any context: it notes what is wanted, starts
 *   the sending and returns; it calls nothing of this header. It is called once by input_add, and at each change. */
#ifndef KERNEL_DRIVERS_INPUT_INPUT_H
#define KERNEL_DRIVERS_INPUT_INPUT_H

#include <abi/linux/input-event-codes.h>
#include "lib/types.h"

struct input_device {
	const char *name;		/* for people: "USB keyboard" */
	bool keyboard, mouse;		/* what it is; may be both */
	bool announced;			/* its driver tells people that it comes and goes */
	void (*set_leds)(struct input_device *d, unsigned leds);	/* bits 1 << LED_…; NULL: it has none */
	/* The layer's own. */
	uint8_t held[KEY_CNT / 8];	/* a bit for each key that is down */
	struct input_device *next;
};

/* Read keymap= and add the keyboards' side of the console. Once, when there are timers. */
void input_init(void);

void input_add(struct input_device *d);
void input_remove(struct input_device *d);

/* A key or button goes down or up. */
void input_report_key(struct input_device *d, unsigned code, bool down);

/* A mouse moved, or its wheel was turned: REL_X right, REL_Y down, REL_WHEEL away from the user, REL_HWHEEL right. */
void input_report_rel(struct input_device *d, unsigned axis, int32_t value);

/* Is there any keyboard now? */
bool input_have_keyboard(void);

/* What Ctrl-Alt-Del does; called in interrupt context. */
void input_set_reboot(void (*reboot)(void));

#endif
