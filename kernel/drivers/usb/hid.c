/* A boot keyboard sends what is down, not what changed: a byte of modifiers, one that is reserved, and six usages in
 * any order. Changes are found by comparing with the report before: first modifiers, so that a Shift that goes down
 * together with a letter counts for it, then what is gone, then what is new. */
#include "kernel/drivers/usb/hid.h"

#include <abi/linux/input-event-codes.h>

#define ROLLOVER_ERRORS	3	/* usages 1 to 3 stand for "too many keys", "self-test failed", "error" */

static const uint8_t modifier_codes[8] = {
	KEY_LEFTCTRL, KEY_LEFTSHIFT, KEY_LEFTALT, KEY_LEFTMETA,
	KEY_RIGHTCTRL, KEY_RIGHTSHIFT, KEY_RIGHTALT, KEY_RIGHTMETA,
};

/* By usage, from 4 on; 0: no key that we know. */
#define FIRST_USAGE 4
static const uint8_t key_codes[] = {
	KEY_A, KEY_B, KEY_C, KEY_D, KEY_E, KEY_F, KEY_G, KEY_H, KEY_I, KEY_J, KEY_K, KEY_L, KEY_M,
	KEY_N, KEY_O, KEY_P, KEY_Q, KEY_R, KEY_S, KEY_T, KEY_U, KEY_V, KEY_W, KEY_X, KEY_Y, KEY_Z,
	KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8, KEY_9, KEY_0,
	[0x28 - FIRST_USAGE] = KEY_ENTER, KEY_ESC, KEY_BACKSPACE, KEY_TAB, KEY_SPACE, KEY_MINUS, KEY_EQUAL,
	KEY_LEFTBRACE, KEY_RIGHTBRACE, KEY_BACKSLASH, KEY_BACKSLASH, KEY_SEMICOLON, KEY_APOSTROPHE, KEY_GRAVE,
	KEY_COMMA, KEY_DOT, KEY_SLASH, KEY_CAPSLOCK,
	KEY_F1, KEY_F2, KEY_F3, KEY_F4, KEY_F5, KEY_F6, KEY_F7, KEY_F8, KEY_F9, KEY_F10, KEY_F11, KEY_F12,
	KEY_SYSRQ, KEY_SCROLLLOCK, KEY_PAUSE, KEY_INSERT, KEY_HOME, KEY_PAGEUP, KEY_DELETE, KEY_END, KEY_PAGEDOWN,
	[0x4f - FIRST_USAGE] = KEY_RIGHT, KEY_LEFT, KEY_DOWN, KEY_UP, KEY_NUMLOCK,
	KEY_KPSLASH, KEY_KPASTERISK, KEY_KPMINUS, KEY_KPPLUS, KEY_KPENTER, KEY_KP1, KEY_KP2, KEY_KP3, KEY_KP4, KEY_KP5,
	KEY_KP6, KEY_KP7, KEY_KP8, KEY_KP9, KEY_KP0, KEY_KPDOT, KEY_102ND, KEY_COMPOSE, KEY_POWER, KEY_KPEQUAL,
	[0x68 - FIRST_USAGE] = KEY_F13, KEY_F14, KEY_F15, KEY_F16, KEY_F17, KEY_F18, KEY_F19, KEY_F20, KEY_F21,
	KEY_F22, KEY_F23, KEY_F24,
	[0x7f - FIRST_USAGE] = KEY_MUTE, KEY_VOLUMEUP, KEY_VOLUMEDOWN,
	[0x85 - FIRST_USAGE] = KEY_KPCOMMA,
	/* International 1 to 6 and languages 1 to 5: keys that Japanese, Korean and Brazilian keyboards have. */
	[0x87 - FIRST_USAGE] = KEY_RO, KEY_KATAKANAHIRAGANA, KEY_YEN, KEY_HENKAN, KEY_MUHENKAN, KEY_KPJPCOMMA,
	[0x90 - FIRST_USAGE] = KEY_HANGEUL, KEY_HANJA, KEY_KATAKANA, KEY_HIRAGANA, KEY_ZENKAKUHANKAKU,
};

static bool has(const uint8_t keys[6], uint8_t usage)
{
	for (unsigned i = 0; i < 6; i++)
		if (keys[i] == usage)
			return true;
	return false;
}

/* A change for each of `keys` that is not in `others`. */
static unsigned compare(const uint8_t keys[6], const uint8_t others[6], bool down, struct hid_change *ret)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 6; i++) {
		const uint8_t usage = keys[i];
		if (usage < FIRST_USAGE || usage - FIRST_USAGE >= (int)ARRAY_SIZE(key_codes) || has(others, usage))
			continue;
		if (key_codes[usage - FIRST_USAGE])
			ret[count++] = (struct hid_change){ key_codes[usage - FIRST_USAGE], down };
	}
	return count;
}

unsigned hid_keyboard_report(struct hid_keyboard *k, const uint8_t *report, size_t size,
			     struct hid_change ret[HID_CHANGES_MAX])
{
	unsigned count = 0;

	if (size < HID_KEYBOARD_BYTES)
		return 0;
	for (unsigned i = 0; i < 8; i++)
		if ((k->modifiers ^ report[0]) >> i & 1)
			ret[count++] = (struct hid_change){ modifier_codes[i], report[0] >> i & 1 };
	k->modifiers = report[0];
	for (unsigned i = 0; i < 6; i++)
		if (report[2 + i] && report[2 + i] <= ROLLOVER_ERRORS)
			return count;
	count += compare(k->keys, report + 2, false, ret + count);
	count += compare(report + 2, k->keys, true, ret + count);
	__builtin_memcpy(k->keys, report + 2, sizeof(k->keys));
	return count;
}

uint8_t hid_leds(unsigned leds)
{
	return (uint8_t)((leds >> LED_NUML & 1) | (leds >> LED_CAPSL & 1) << 1 | (leds >> LED_SCROLLL & 1) << 2);
}

bool hid_mouse_report(const uint8_t *report, size_t size, struct hid_mouse *ret)
{
	if (size < 3)
		return false;
	*ret = (struct hid_mouse){
		.buttons = report[0] & 0x1f, .x = (int8_t)report[1], .y = (int8_t)report[2],
		.wheel = size > 3 ? (int8_t)report[3] : 0,	/* left to the device, which uses it for a wheel */
	};
	return true;
}
