/* Reports of keyboards and mice in the boot protocol (HID 1.11, appendix B; the usages are those of HID Usage Tables
 * 1.3, section 10).
 *
 * Rules: pure. A report may be of any length and hold anything; one that is too short changes nothing. */
#ifndef KERNEL_DRIVERS_USB_HID_H
#define KERNEL_DRIVERS_USB_HID_H

#include "lib/types.h"

#define HID_KEYBOARD_BYTES	8
#define HID_CHANGES_MAX		20	/* 8 modifiers, 6 keys up, 6 keys down */

/* What a keyboard last said; all zero at first. */
struct hid_keyboard {
	uint8_t modifiers;
	uint8_t keys[6];
};

struct hid_change {
	uint16_t code;		/* evdev's: KEY_… */
	bool down;
};

/* What a report changes; how many changes. Keys that have no code are left out. While a keyboard says that too many
 * keys are down for it to tell which ("phantom state"), its keys stay as they were and its modifiers count. */
unsigned hid_keyboard_report(struct hid_keyboard *k, const uint8_t *report, size_t size,
			     struct hid_change ret[HID_CHANGES_MAX]);

/* The output report for the lamps, from bits 1 << LED_…. */
uint8_t hid_leds(unsigned leds);

struct hid_mouse {
	uint8_t buttons;	/* bit 0 the left one, then right, middle, side, extra */
	int8_t x, y, wheel;
};

bool hid_mouse_report(const uint8_t *report, size_t size, struct hid_mouse *ret);

#endif
