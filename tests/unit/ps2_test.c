/* Scan codes, mouse packets, and the i8042's machine against controllers of all kinds, most of them bad. */
#include "kernel/drivers/input/i8042_machine.h"

#include <abi/linux/input-event-codes.h>
#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define MSEC 1000000ll

/* ---- decoders ---- */

static char keys[512];

static void decode(bool set2, const char *bytes, size_t size)
{
	struct ps2_keyboard k = { .set2 = set2 };
	unsigned code;
	bool down;

	keys[0] = '\0';
	for (size_t i = 0; i < size; i++)
		if (ps2_keyboard_byte(&k, (uint8_t)bytes[i], &code, &down))
			sprintf(keys + strlen(keys), "%s%u ", down ? "+" : "-", code);
}

#define SET1(bytes, text) do { decode(false, bytes, sizeof(bytes) - 1); CHECK_STR(keys, text); } while (0)
#define SET2(bytes, text) do { decode(true, bytes, sizeof(bytes) - 1); CHECK_STR(keys, text); } while (0)

TEST(set_1)
{
	SET1("\x1e\x9e", "+30 -30 ");
	SET1("\xe0\x48\xe0\xc8\x48\xc8", "+103 -103 +72 -72 ");
	SET1("\xe0\x2a\xe0\x53\xe0\xd3\xe0\xaa", "+111 -111 ");		/* Delete with Num Lock: made-up shifts */
	SET1("\xe1\x1d\x45\xe1\x9d\xc5\x1e", "+119 -119 +30 ");
	SET1("\x54\xd4\xe0\x37\xe0\xb7", "+99 -99 +99 -99 ");
	SET1("\x57\x58\x56", "+87 +88 +86 ");
	SET1("\xe0\xe0\x1c\x7f\xff\x00\x80", "+96 ");
	SET1("\xe1\x1d\xe0\x1c", "+96 ");				/* broken off */
}

TEST(set_2)
{
	SET2("\x1c\xf0\x1c", "+30 -30 ");
	SET2("\xe0\x75\xe0\xf0\x75\x75\xf0\x75", "+103 -103 +72 -72 ");
	SET2("\xe0\x12\xe0\x71\xe0\xf0\x71\xe0\xf0\x12", "+111 -111 ");
	SET2("\xe1\x14\x77\xe1\xf0\x14\xf0\x77\x1c", "+119 -119 +30 ");
	SET2("\x83\x84\xf0\x84\x78\x07\x61", "+65 +99 -99 +87 +88 +86 ");
	SET2("\xe0\x1f\xe0\xf0\x1f", "+125 -125 ");
	SET2("\xf0\xf0\x1c\x00\xff", "-30 ");
}

/* Each key of one set is a key of the other. */
TEST(sets_agree)
{
	bool seen[256] = { 0 };

	for (unsigned byte = 0; byte < 256; byte++) {
		struct ps2_keyboard k = { .set2 = true };
		unsigned code;
		bool down;
		if (ps2_keyboard_byte(&k, (uint8_t)byte, &code, &down)) {
			CHECK(down && code < 256 && !seen[code]);
			seen[code] = true;
		}
	}
	for (unsigned code = KEY_ESC; code <= KEY_KPDOT; code++)
		CHECK(seen[code]);
	CHECK(seen[KEY_102ND] && seen[KEY_F11] && seen[KEY_F12] && seen[KEY_SYSRQ]);
}

static struct ps2_motion packet(bool wheel, const char *bytes, size_t size, unsigned expected)
{
	struct ps2_mouse m = { .wheel = wheel };
	struct ps2_motion motion = { 0 };
	unsigned count = 0;

	for (size_t i = 0; i < size; i++)
		count += ps2_mouse_byte(&m, (uint8_t)bytes[i], &motion);
	CHECK_EQ(count, expected);
	return motion;
}

TEST(mouse_packets)
{
	struct ps2_motion m = packet(false, "\x09\x05\x03", 3, 1);
	CHECK_EQ(m.buttons, 1); CHECK_EQ(m.right, 5); CHECK_EQ(m.down, -3);
	m = packet(false, "\x3a\xff\x00", 3, 1);
	CHECK_EQ(m.buttons, 2); CHECK_EQ(m.right, -1); CHECK_EQ(m.down, 256);
	m = packet(false, "\xcc\xff\xff", 3, 1);	/* too far to tell */
	CHECK_EQ(m.buttons, 4); CHECK_EQ(m.right, 0); CHECK_EQ(m.down, 0);
	m = packet(true, "\x08\x00\x00\x0f\x08\x00\x00\x01", 8, 2);
	CHECK_EQ(m.wheel, -1);
	m = packet(true, "\x08\x00\x00\x0f", 4, 1);
	CHECK_EQ(m.wheel, 1);
	m = packet(false, "\x00\x07\x08\x01\x02", 5, 1);	/* out of step at first */
	CHECK_EQ(m.right, 1); CHECK_EQ(m.down, -2);
}

/* ---- a controller ---- */

enum fault {
	NONE = 0, NO_MOUSE_PORT = 1, NO_KEYBOARD = 2, NO_MOUSE = 4, NO_WHEEL = 8, SELF_TEST_FAILS = 16, INPUT_STUCK = 32,
	SILENT = 64, ABSENT = 128, BABBLES = 256, RESENDS = 512, OUTPUT_STUCK = 1024, STARTS_ONLY = 2048,
};

static struct {
	unsigned faults;
	uint8_t control, expects;	/* the command whose data byte comes next */
	struct { uint8_t byte; bool mouse; } queue[64];
	unsigned head, tail;
	unsigned resends, accesses;
	uint8_t keyboard_expects, leds, rates[3], mouse_expects;
	bool mouse_next, scanning, reporting;
} controller;

static struct i8042_machine machine;
static unsigned keys_seen, last_key, motions, keyboard_changes, mouse_changes;
static struct ps2_motion last_motion;

static void say(uint8_t byte, bool mouse)
{
	if (controller.head - controller.tail < 64) {
		controller.queue[controller.head % 64].byte = byte;
		controller.queue[controller.head++ % 64].mouse = mouse;
	}
}

static uint8_t fake_read(uint8_t port)
{
	controller.accesses++;
	if (controller.faults & ABSENT)
		return 0xff;
	bool full = controller.head != controller.tail;
	if (port == 0x64) {
		if (controller.faults & BABBLES)
			return (uint8_t)(1 | (random_next() & 0x20));
		if (controller.faults & OUTPUT_STUCK)
			return 1;
		return (uint8_t)((full ? 1 : 0) | (full && controller.queue[controller.tail % 64].mouse ? 0x20 : 0) |
				 (controller.faults & INPUT_STUCK ? 2 : 0));
	}
	if (controller.faults & BABBLES)
		return (uint8_t)random_under(256);
	return full ? controller.queue[controller.tail++ % 64].byte : 0;
}

static void to_keyboard(uint8_t byte)
{
	if (controller.faults & NO_KEYBOARD)
		return;
	if (controller.faults & RESENDS && controller.resends++ % 2 == 0) {
		say(0xfe, false);
		return;
	}
	if (controller.faults & STARTS_ONLY && byte != 0xf4) {
		say(0xfe, false);
		return;
	}
	say(0xfa, false);
	if (controller.keyboard_expects == 0xed)
		controller.leds = byte;
	controller.keyboard_expects = controller.keyboard_expects ? 0 : byte == 0xed || byte == 0xf0 ? byte : 0;
	if (byte == 0xf2) {
		say(0xab, false);
		say(0x41, false);
	}
	controller.scanning = byte == 0xf4 || (controller.scanning && byte != 0xf5);
}

static void to_mouse(uint8_t byte)
{
	if (controller.faults & (NO_MOUSE | NO_MOUSE_PORT)) {
		say(0xfe, true);
		return;
	}
	say(0xfa, true);
	if (controller.mouse_expects) {
		controller.rates[0] = controller.rates[1];
		controller.rates[1] = controller.rates[2];
		controller.rates[2] = byte;
		controller.mouse_expects = 0;
		return;
	}
	controller.mouse_expects = byte == 0xf3;
	bool knocked = controller.rates[0] == 200 && controller.rates[1] == 100 && controller.rates[2] == 80;
	if (byte == 0xff) {
		say(0xaa, true);
		say(0, true);
	} else if (byte == 0xf2) {
		say(knocked && !(controller.faults & NO_WHEEL) ? 3 : 0, true);
	}
	controller.reporting = byte == 0xf4 || (controller.reporting && byte != 0xff);
}

static void fake_write(uint8_t port, uint8_t value)
{
	controller.accesses++;
	if (controller.faults & (SILENT | INPUT_STUCK))
		return;
	if (port == 0x64) {
		controller.expects = value;
		if (value == 0x20)
			say(controller.control, false);
		else if (value == 0xaa)
			say(controller.faults & SELF_TEST_FAILS ? 0xfc : 0x55, false);
		else if (value == 0xab || value == 0xa9)
			say(value == 0xa9 && controller.faults & NO_MOUSE_PORT ? 0xff : 0, false);
		else if (value == 0xa8 && !(controller.faults & NO_MOUSE_PORT))
			controller.control &= (uint8_t)~0x20;
		else if (value == 0xae)
			controller.control &= (uint8_t)~0x10;
		return;
	}
	if (controller.expects == 0x60)
		controller.control = value;
	else if (controller.expects == 0xd4)
		to_mouse(value);
	else
		to_keyboard(value);
	controller.expects = 0;
}

static void keyboard_changed(struct i8042_machine *m) { keyboard_changes++; }
static void mouse_changed(struct i8042_machine *m) { mouse_changes++; }
static void key(unsigned code, bool down) { keys_seen++; last_key = down ? code : code | 0x1000; }
static void motion(const struct ps2_motion *m) { motions++; last_motion = *m; }

static const struct i8042_io io = { fake_read, fake_write, keyboard_changed, mouse_changed, key, motion };

/* Run it each millisecond while it is busy; how many that took. */
static unsigned run(unsigned limit)
{
	static nsec_t now;
	unsigned rounds = 0;

	do {
		unsigned before = controller.accesses;
		i8042_machine_run(&machine, now += MSEC);
		CHECK(controller.accesses - before <= 2 * I8042_RUN_MAX);
	} while (++rounds < limit && i8042_machine_busy(&machine));
	return rounds;
}

static unsigned probe(unsigned faults)
{
	memset(&controller, 0, sizeof(controller));
	controller.faults = faults;
	controller.control = 0x47;
	machine = (struct i8042_machine){ .io = &io };
	keys_seen = motions = keyboard_changes = mouse_changes = 0;
	return run(20000);
}

TEST(everything_is_there)
{
	CHECK(probe(NONE) < 10);
	CHECK(machine.keyboard && machine.mouse && machine.packets.wheel && !machine.absent && !machine.failed_self_test);
	CHECK_EQ(controller.control, 0x43 | (0x47 & 4));
	CHECK(controller.scanning && controller.reporting);
	CHECK_EQ(keyboard_changes, 1);
	CHECK_EQ(mouse_changes, 1);
	CHECK(!i8042_machine_busy(&machine));
	CHECK_EQ(keys_seen + motions, 0);
}

TEST(keys_and_movements_come)
{
	probe(NONE);
	say(0x1e, false); say(0x08, true); say(0x9e, false); say(1, true); say(2, true); say(0, true);
	run(1);
	CHECK_EQ(keys_seen, 2);
	CHECK_EQ(last_key, 30 | 0x1000);
	CHECK_EQ(motions, 1);
	CHECK_EQ(last_motion.right, 1);
	CHECK_EQ(last_motion.down, -2);
}

TEST(without_translation)
{
	memset(&controller, 0, sizeof(controller));
	controller.control = 0x07;
	machine = (struct i8042_machine){ .io = &io };
	run(1000);
	CHECK(machine.keyboard && machine.keys.set2);
	say(0x1c, false); say(0xf0, false); say(0x1c, false);
	run(1);
	CHECK_EQ(last_key, 30 | 0x1000);
}

TEST(parts_are_missing)
{
	probe(NO_MOUSE_PORT);
	CHECK(machine.keyboard && !machine.mouse && !machine.mouse_port);
	CHECK_EQ(controller.control & 0x23, 0x21);
	probe(NO_MOUSE);
	CHECK(machine.keyboard && !machine.mouse);
	probe(NO_WHEEL);
	CHECK(machine.mouse && !machine.packets.wheel);
	CHECK(probe(NO_KEYBOARD) < 3000);
	CHECK(!machine.keyboard && machine.mouse);
	probe(SELF_TEST_FAILS);
	CHECK(machine.keyboard && machine.failed_self_test);
	probe(RESENDS);
	CHECK(machine.keyboard && machine.mouse);
	probe(STARTS_ONLY);
	CHECK(machine.keyboard);
}

TEST(nothing_is_there)
{
	CHECK_EQ(probe(ABSENT), 1);
	CHECK(machine.absent && !machine.keyboard);
	CHECK(probe(SILENT) < 500);
	CHECK(machine.absent);
	CHECK(probe(INPUT_STUCK) < 500);
	CHECK(machine.absent);
	unsigned rounds = probe(OUTPUT_STUCK);
	CHECK(rounds <= 20000);
	CHECK(!machine.mouse);
}

/* A million bytes of anything, while it is probed and after. */
TEST(babble)
{
	probe(BABBLES);
	for (unsigned i = 0; i < 1000000 / I8042_RUN_MAX; i++)
		run(1);
	probe(NONE);
	controller.faults = BABBLES;
	for (unsigned i = 0; i < 1000000 / I8042_RUN_MAX; i++)
		run(1);
	CHECK(keys_seen > 1000);
	controller.faults = NONE;
	run(1000);
	keys_seen = 0;
	say(0x1e, false);	/* may end a sequence of the babble */
	say(0x1e, false);
	say(0x1e, false);
	run(1);
	CHECK(keys_seen >= 1);
	CHECK_EQ(last_key, 30);
}

TEST(lamps)
{
	probe(NONE);
	machine.leds = 4;
	CHECK(i8042_machine_busy(&machine));
	run(10);
	CHECK_EQ(controller.leds, 4);
	machine.leds = 3;
	controller.faults = NO_KEYBOARD;	/* unplugged */
	CHECK(run(1000) < 500);
	CHECK(!i8042_machine_busy(&machine));
}

/* A key that comes between the lamps' command and its answer is a key. */
TEST(keys_between_lamps)
{
	probe(NONE);
	machine.leds = 4;
	say(0x1e, false);
	run(10);
	controller.faults = NO_KEYBOARD;
	machine.leds = 0;
	run(1);
	say(0x20, false); say(0xfa, false);
	controller.keyboard_expects = 0xed;
	controller.faults = NONE;
	run(10);
	CHECK_EQ(keys_seen, 2);
	CHECK_EQ(last_key, 32);
	CHECK_EQ(controller.leds, 0);
}

TEST(plugged_in_later)
{
	probe(NO_KEYBOARD | NO_MOUSE);
	CHECK(!machine.keyboard && !machine.mouse);
	controller.faults = NONE;
	say(0xaa, false);
	run(1000);
	CHECK(machine.keyboard && machine.mouse);
	machine.leds = 2;
	run(10);
	CHECK_EQ(controller.leds, 2);
}

TEST_MAIN
