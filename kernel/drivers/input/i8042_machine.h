/* The i8042 keyboard controller and what hangs on it, as a machine that never waits: it is run when an interrupt or a
 * timer says so, does what can be done now, and returns.
 *
 * Rules
 * - Pure but for the two functions that reach the ports, so that tests can be the controller. One caller at a time.
 * - The owner zeroes it, sets `io`, calls i8042_machine_run at once and then at each interrupt, and each millisecond
 *   while i8042_machine_busy.
 * - Whatever a controller does, a run ends after I8042_RUN_MAX accesses, and the probe within seconds. */
#ifndef KERNEL_DRIVERS_INPUT_I8042_MACHINE_H
#define KERNEL_DRIVERS_INPUT_I8042_MACHINE_H

#include "kernel/drivers/input/ps2.h"

#define I8042_RUN_MAX 64u
#define I8042_ANSWERS 3

struct i8042_machine;

struct i8042_io {
	uint8_t (*read)(uint8_t port);		/* 60h or 64h */
	void (*write)(uint8_t port, uint8_t value);
	/* What was found or has gone. */
	void (*keyboard_changed)(struct i8042_machine *m);
	void (*mouse_changed)(struct i8042_machine *m);
	void (*key)(unsigned code, bool down);
	void (*motion)(const struct ps2_motion *motion);
};

struct i8042_machine {
	const struct i8042_io *io;
	uint8_t step;			/* of i8042_machine.c's table */
	bool selected;			/* the mouse's turn is announced to the controller */
	bool waiting;			/* the step's byte is sent; answers are to come */
	uint8_t tries;
	uint8_t answer_count;
	uint8_t answers[I8042_ANSWERS];
	nsec_t deadline;		/* of the step; 0: it has not begun */
	uint8_t control;		/* the controller's command byte */
	bool absent, failed_self_test, mouse_port;
	bool keyboard, mouse;		/* one is there */
	uint8_t leds, leds_sent;	/* bits 0 Scroll, 1 Num, 2 Caps Lock */
	struct ps2_keyboard keys;
	struct ps2_mouse packets;
};

/* Take bytes and go on with what is to be done. True where a byte came. */
bool i8042_machine_run(struct i8042_machine *m, nsec_t now);

/* Is anything to be done without an interrupt? */
bool i8042_machine_busy(const struct i8042_machine *m);

#endif
