/* A controller that says anything. The input is what its two ports read as, one after another, over and over; every run
 * must end, and whatever keys come must be good for the keyboard. */
#include <stdlib.h>

#include "kernel/drivers/input/i8042_machine.h"
#include "kernel/drivers/input/keyboard.h"

static const uint8_t *bytes;
static size_t count, next;
static unsigned accesses;
static struct keyboard keyboard;

static uint8_t read_any(uint8_t port)
{
	accesses++;
	return bytes[next++ % count];
}

static void write_nowhere(uint8_t port, uint8_t value)
{
	accesses++;
}

static void changed(struct i8042_machine *m)
{
}

static void key(unsigned code, bool down)
{
	struct keyboard_result result;

	keyboard_key(&keyboard, code, down ? KEY_PRESSED : KEY_RELEASED, &result);
	if (result.size > sizeof(result.bytes))
		abort();
}

static void motion(const struct ps2_motion *m)
{
	if (m->buttons > 7 || m->right < -256 || m->right > 255 || m->down < -255 || m->down > 256 || m->wheel < -7 || m->wheel > 8)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct i8042_io io = { read_any, write_nowhere, changed, changed, key, motion };
	struct i8042_machine machine = { .io = &io };
	nsec_t now = 1;

	if (!size)
		return 0;
	bytes = data;
	count = size;
	next = 0;
	keyboard_init(&keyboard, &keymaps[data[0] % keymap_count]);
	for (unsigned i = 0; i < 300; i++) {
		accesses = 0;
		machine.leds = (uint8_t)(i / 50 % 8);
		i8042_machine_run(&machine, now);
		if (accesses > 2 * I8042_RUN_MAX)
			abort();
		now += 1000000 << i % 7;
	}
	return 0;
}
