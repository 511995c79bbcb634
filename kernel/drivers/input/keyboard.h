/* From keys to what a terminal sends: modifiers, locks, dead keys, escape sequences.
 *
 * Rules
 * - Pure; the caller has a lock. keyboard_key is told each key's change once, and a held key again for each repeat.
 * - Bytes are UTF-8. Other keys send what Linux's console sends (console_codes(4), and ESC [ 1 ; n X for an arrow with
 *   modifiers as xterm): Up ESC [ A, Home ESC [ 1 ~, F1 ESC [ [ A. Alt puts ESC before a character. Backspace is DEL.
 * - In a layout without Latin letters, Ctrl and Shift pressed together and let go change between it and us, and the
 *   lamp of Scroll Lock is on while it is the one that types; keys with Ctrl or Alt are those of us. */
#ifndef KERNEL_DRIVERS_INPUT_KEYBOARD_H
#define KERNEL_DRIVERS_INPUT_KEYBOARD_H

#include "kernel/drivers/input/keymap.h"

enum keyboard_modifier { MODIFIER_SHIFT, MODIFIER_CTRL, MODIFIER_ALT, MODIFIER_RIGHT_ALT, MODIFIER_SYSRQ, MODIFIERS };

struct keyboard {
	const struct keymap *map;
	unsigned held[MODIFIERS];	/* how many such keys are down, on all keyboards */
	unsigned leds;			/* the locks, as bits 1 << LED_… */
	uint16_t accent;		/* the dead key that waits for its letter */
	bool second;			/* a layout that takes turns has its turn */
	bool changing;			/* Ctrl and Shift are down, and no other key was since */
};

enum keyboard_action { KEYBOARD_NOTHING, KEYBOARD_REBOOT, KEYBOARD_SYSRQ, KEYBOARD_PAGE_UP, KEYBOARD_PAGE_DOWN };

/* What is to be done after a key: bytes to send, or an action. */
struct keyboard_result {
	enum keyboard_action action;
	char letter;			/* of KEYBOARD_SYSRQ */
	uint8_t size;
	char bytes[8];
};

void keyboard_init(struct keyboard *k, const struct keymap *map);

/* Another layout. */
void keyboard_set_map(struct keyboard *k, const struct keymap *map);

enum key_change { KEY_RELEASED, KEY_PRESSED, KEY_REPEATED };

void keyboard_key(struct keyboard *k, unsigned code, enum key_change change, struct keyboard_result *ret);

#endif
