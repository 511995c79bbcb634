/* What keyboards and mice say on a PS/2 port: bytes in, keys and movements out.
 *
 * Rules: pure, any bytes. The state of a port is all zero at first, and again whenever its device starts anew. */
#ifndef KERNEL_DRIVERS_INPUT_PS2_H
#define KERNEL_DRIVERS_INPUT_PS2_H

#include "lib/types.h"

struct ps2_keyboard {
	bool set2;		/* scan code set 2 as keyboards send it; else 1, as the controller translates it */
	bool extended;		/* E0 came */
	bool release;		/* F0 came (set 2) */
	uint8_t pause;		/* E1 came: bytes still to come */
};

/* True where the byte completes a key's change; its code is evdev's. */
bool ps2_keyboard_byte(struct ps2_keyboard *k, uint8_t byte, unsigned *ret_code, bool *ret_down);

struct ps2_mouse {
	bool wheel;		/* packets of four bytes */
	uint8_t count;
	uint8_t packet[4];
};

struct ps2_motion {
	uint8_t buttons;	/* bit 0 left, 1 right, 2 middle */
	int16_t right, down;
	int8_t wheel;		/* away from the user */
};

/* True where the byte completes a packet. */
bool ps2_mouse_byte(struct ps2_mouse *m, uint8_t byte, struct ps2_motion *ret);

#endif
