/* Keys to bytes, with the layouts that the kernel has. */
#include "kernel/drivers/input/keyboard.h"

#include <abi/linux/input-event-codes.h>
#include "tests/unit/random.h"
#include "tests/unit/test.h"

static struct keyboard keyboard;
static struct keyboard_result last;
static char typed[256];

static void start(const char *layout)
{
	const struct keymap *map = keymap_find(layout, strlen(layout));

	CHECK(map);
	keyboard_init(&keyboard, map ? map : &keymaps[0]);
	typed[0] = '\0';
}

static void change(unsigned code, enum key_change what)
{
	keyboard_key(&keyboard, code, what, &last);
	strncat(typed, last.bytes, last.size);
}

static void tap(unsigned code)
{
	change(code, KEY_PRESSED);
	change(code, KEY_RELEASED);
}

static void tap_with(unsigned modifier, unsigned code)
{
	change(modifier, KEY_PRESSED);
	tap(code);
	change(modifier, KEY_RELEASED);
}

#define TYPED(text)				\
	do {					\
		CHECK_STR(typed, text);		\
		typed[0] = '\0';		\
	} while (0)

TEST(letters_and_shift)
{
	start("us");
	tap(KEY_H); tap(KEY_I); tap(KEY_SPACE); tap(KEY_1); tap(KEY_SLASH);
	tap_with(KEY_LEFTSHIFT, KEY_A); tap_with(KEY_RIGHTSHIFT, KEY_1); tap_with(KEY_LEFTSHIFT, KEY_APOSTROPHE);
	TYPED("hi 1/A!\"");
}

TEST(both_shifts_then_one)
{
	start("us");
	change(KEY_LEFTSHIFT, KEY_PRESSED);
	change(KEY_RIGHTSHIFT, KEY_PRESSED);
	change(KEY_LEFTSHIFT, KEY_RELEASED);
	tap(KEY_A);
	change(KEY_RIGHTSHIFT, KEY_RELEASED);
	tap(KEY_A);
	TYPED("Aa");
	change(KEY_LEFTSHIFT, KEY_RELEASED);	/* never pressed */
	tap(KEY_A);
	TYPED("a");
}

TEST(caps_lock)
{
	start("us");
	tap(KEY_CAPSLOCK);
	CHECK_EQ(keyboard.leds, 1 << LED_CAPSL);
	tap(KEY_A); tap(KEY_1); tap(KEY_LEFTBRACE); tap_with(KEY_LEFTSHIFT, KEY_A); tap_with(KEY_LEFTSHIFT, KEY_1);
	TYPED("A1[a!");
	change(KEY_CAPSLOCK, KEY_PRESSED);
	change(KEY_CAPSLOCK, KEY_REPEATED);	/* held, it stays what it is */
	CHECK_EQ(keyboard.leds, 0);
	tap(KEY_A);
	TYPED("a");
}

TEST(caps_lock_of_letters_on_digits)
{
	start("fr");
	tap(KEY_CAPSLOCK);
	tap(KEY_2); tap_with(KEY_LEFTSHIFT, KEY_2); tap(KEY_Q);
	TYPED("É2A");
	start("de");
	tap(KEY_CAPSLOCK);
	tap(KEY_APOSTROPHE); tap(KEY_MINUS);
	TYPED("Äẞ");
}

TEST(german)
{
	start("de");
	tap(KEY_Y); tap(KEY_Z); tap(KEY_MINUS); tap(KEY_LEFTBRACE); tap(KEY_102ND); tap_with(KEY_LEFTSHIFT, KEY_7);
	TYPED("zyßü</");
	tap_with(KEY_RIGHTALT, KEY_Q); tap_with(KEY_RIGHTALT, KEY_7); tap_with(KEY_RIGHTALT, KEY_E); tap_with(KEY_RIGHTALT, KEY_MINUS);
	TYPED("@{€\\");
}

TEST(every_layout_types_its_own)
{
	static const struct { const char *name; unsigned code; const char *text; } keys[] = {
		{ "us", KEY_Q, "q" }, { "uk", KEY_BACKSLASH, "#" }, { "de", KEY_SEMICOLON, "ö" }, { "fr", KEY_Q, "a" },
		{ "es", KEY_SEMICOLON, "ñ" }, { "it", KEY_SEMICOLON, "ò" }, { "pl", KEY_L, "l" }, { "dvorak", KEY_S, "o" },
	};

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		start(keys[i].name);
		tap(keys[i].code);
		TYPED(keys[i].text);
	}
	start("pl");
	tap_with(KEY_RIGHTALT, KEY_L);
	TYPED("ł");
	start("uk");
	tap_with(KEY_LEFTSHIFT, KEY_3);
	TYPED("£");
	CHECK(!keymap_find("d", 1));
	CHECK(!keymap_find("deu", 3));
	CHECK(!keymap_find("", 0));
}

TEST(every_layout_has_all_of_ascii)
{
	for (unsigned i = 0; i < keymap_count; i++) {
		if (keymaps[i].second)
			continue;
		bool seen[128] = { 0 };
		for (unsigned code = 0; code < 256; code++)
			for (unsigned level = 0; level < (keymaps[i].alt_gr ? 4 : 2); level++) {
				uint16_t c = keymap_character(&keymaps[i], code, level);
				seen[c < 128 ? c : keymap_is_dead(c) && keymap_alone(c) < 128 ? keymap_alone(c) : 0] = true;
			}
		for (unsigned c = '!'; c < 127; c++)
			if (!seen[c])
				TEST_FAIL("%s has no key for %c", keymaps[i].name, c);
	}
}

TEST(dead_keys)
{
	start("de");
	tap(KEY_EQUAL); tap(KEY_E);
	tap_with(KEY_LEFTSHIFT, KEY_EQUAL); tap(KEY_A);
	tap(KEY_GRAVE); tap_with(KEY_LEFTSHIFT, KEY_O);
	TYPED("éàÔ");
	tap(KEY_GRAVE); tap(KEY_SPACE);		/* alone */
	tap(KEY_GRAVE); tap(KEY_GRAVE);
	tap(KEY_GRAVE); tap(KEY_X);		/* no such letter */
	tap(KEY_GRAVE); tap(KEY_EQUAL);		/* another accent */
	TYPED("^^^x^´");
	tap(KEY_GRAVE);
	keyboard_set_map(&keyboard, &keymaps[0]);
	tap(KEY_A);
	TYPED("a");
}

TEST(control_and_alt)
{
	start("us");
	tap_with(KEY_LEFTCTRL, KEY_C); tap_with(KEY_RIGHTCTRL, KEY_LEFTBRACE); tap_with(KEY_LEFTCTRL, KEY_SLASH); tap_with(KEY_LEFTCTRL, KEY_1);
	TYPED("\x03\x1b\x1f" "1");
	tap_with(KEY_LEFTALT, KEY_B); tap_with(KEY_RIGHTALT, KEY_F); tap_with(KEY_LEFTALT, KEY_BACKSPACE); tap_with(KEY_LEFTCTRL, KEY_BACKSPACE);
	TYPED("\033b\033f\033\x7f\b");
	change(KEY_LEFTCTRL, KEY_PRESSED);
	change(KEY_SPACE, KEY_PRESSED);
	CHECK_EQ(last.size, 1);
	CHECK_EQ(last.bytes[0], 0);
}

TEST(control_follows_the_layout)
{
	start("fr");
	tap_with(KEY_LEFTCTRL, KEY_Q);	/* a */
	TYPED("\x01");
	start("ru");
	tap_with(KEY_LEFTCTRL, KEY_C);
	TYPED("\x03");
}

TEST(keys_with_sequences)
{
	start("us");
	tap(KEY_UP); tap(KEY_DOWN); tap(KEY_RIGHT); tap(KEY_LEFT);
	TYPED("\033[A\033[B\033[C\033[D");
	tap(KEY_HOME); tap(KEY_INSERT); tap(KEY_DELETE); tap(KEY_END); tap(KEY_PAGEUP); tap(KEY_PAGEDOWN);
	TYPED("\033[1~\033[2~\033[3~\033[4~\033[5~\033[6~");
	tap(KEY_F1); tap(KEY_F5); tap(KEY_F6); tap(KEY_F10); tap(KEY_F11); tap(KEY_F12);
	TYPED("\033[[A\033[[E\033[17~\033[21~\033[23~\033[24~");
	tap(KEY_ENTER); tap(KEY_KPENTER); tap(KEY_TAB); tap(KEY_BACKSPACE); tap(KEY_ESC); tap_with(KEY_LEFTSHIFT, KEY_TAB);
	TYPED("\r\r\t\x7f\033\033[Z");
	tap_with(KEY_LEFTCTRL, KEY_LEFT); tap_with(KEY_LEFTSHIFT, KEY_UP); tap_with(KEY_LEFTALT, KEY_RIGHT);
	TYPED("\033[1;5D\033[1;2A\033[1;3C");
	tap(KEY_MUTE); tap(KEY_LEFTMETA); tap(KEY_SYSRQ); tap(KEY_SCROLLLOCK); tap(KEY_CNT - 1);
	TYPED("");
}

TEST(keypad)
{
	start("us");
	tap(KEY_KP8); tap(KEY_KP5); tap(KEY_KPDOT); tap(KEY_KPPLUS); tap(KEY_KPMINUS); tap_with(KEY_LEFTSHIFT, KEY_KP7);
	TYPED("\033[A\033[3~+-7");
	tap(KEY_NUMLOCK);
	CHECK_EQ(keyboard.leds, 1 << LED_NUML);
	tap(KEY_KP8); tap(KEY_KP5); tap(KEY_KPDOT); tap(KEY_KPPLUS); tap(KEY_KPASTERISK); tap(KEY_KPSLASH); tap(KEY_KP0);
	TYPED("85.+*/0");
	tap_with(KEY_LEFTSHIFT, KEY_KP7);
	TYPED("\033[1~");
}

TEST(russian_takes_turns)
{
	start("ru");
	tap(KEY_A);
	change(KEY_LEFTCTRL, KEY_PRESSED);
	change(KEY_LEFTSHIFT, KEY_PRESSED);
	change(KEY_LEFTCTRL, KEY_RELEASED);
	CHECK_EQ(keyboard.leds, 1 << LED_SCROLLL);
	change(KEY_LEFTSHIFT, KEY_RELEASED);
	CHECK_EQ(keyboard.leds, 1 << LED_SCROLLL);
	tap(KEY_F); tap_with(KEY_LEFTSHIFT, KEY_F); tap_with(KEY_LEFTCTRL, KEY_C); tap_with(KEY_LEFTALT, KEY_B);
	TYPED("aаА\x03\033b");
	/* Something between: no change. */
	change(KEY_LEFTSHIFT, KEY_PRESSED);
	change(KEY_LEFTCTRL, KEY_PRESSED);
	tap(KEY_LEFT);
	change(KEY_LEFTCTRL, KEY_RELEASED);
	change(KEY_LEFTSHIFT, KEY_RELEASED);
	typed[0] = '\0';
	tap(KEY_F);
	TYPED("а");
	tap(KEY_CAPSLOCK);
	tap(KEY_GRAVE);
	TYPED("Ё");
}

TEST(only_such_layouts_take_turns)
{
	start("de");
	change(KEY_LEFTCTRL, KEY_PRESSED);
	tap(KEY_LEFTSHIFT);
	change(KEY_LEFTCTRL, KEY_RELEASED);
	CHECK_EQ(keyboard.leds, 0);
}

TEST(the_machines_own_combinations)
{
	start("us");
	change(KEY_LEFTCTRL, KEY_PRESSED);
	change(KEY_DELETE, KEY_PRESSED);
	CHECK_EQ(last.action, KEYBOARD_NOTHING);
	change(KEY_LEFTALT, KEY_PRESSED);
	change(KEY_DELETE, KEY_PRESSED);
	CHECK_EQ(last.action, KEYBOARD_REBOOT);
	CHECK_EQ(last.size, 0);
	change(KEY_KPDOT, KEY_PRESSED);
	CHECK_EQ(last.action, KEYBOARD_REBOOT);

	start("fr");
	change(KEY_LEFTALT, KEY_PRESSED);
	change(KEY_SYSRQ, KEY_PRESSED);
	change(KEY_Q, KEY_PRESSED);		/* by place, whatever it types */
	CHECK_EQ(last.action, KEYBOARD_SYSRQ);
	CHECK_EQ(last.letter, 'q');
	change(KEY_SYSRQ, KEY_RELEASED);
	change(KEY_Q, KEY_PRESSED);
	CHECK_EQ(last.action, KEYBOARD_NOTHING);

	start("us");
	change(KEY_RIGHTSHIFT, KEY_PRESSED);
	change(KEY_PAGEUP, KEY_PRESSED);
	CHECK_EQ(last.action, KEYBOARD_PAGE_UP);
	change(KEY_PAGEDOWN, KEY_REPEATED);
	CHECK_EQ(last.action, KEYBOARD_PAGE_DOWN);
	TYPED("");
}

TEST(cases_are_pairs)
{
	for (unsigned c = 1; c < 0x600; c++) {
		uint16_t other = keymap_other_case((uint16_t)c);
		if (keymap_other_case(other) != c)
			TEST_FAIL("U+%04x has the other case U+%04x, and that U+%04x", c, other, keymap_other_case(other));
	}
	CHECK_EQ(keymap_other_case(0xe9), 0xc9);
	CHECK_EQ(keymap_other_case(0xd7), 0xd7);	/* × and ÷ are none */
	CHECK_EQ(keymap_other_case(0xf7), 0xf7);
	CHECK_EQ(keymap_other_case(0x142), 0x141);	/* ł */
	CHECK_EQ(keymap_other_case(0x451), 0x401);	/* ё */
	CHECK_EQ(keymap_other_case('['), '[');
}

/* Any keys in any order: what comes out stays within its bounds, and once all keys are up nothing is held. */
TEST(any_keys)
{
	static bool down[KEY_CNT];

	start("de");
	for (unsigned i = 0; i < 300000; i++) {
		unsigned code = (unsigned)(random_under(i % 3 ? 128 : KEY_CNT));
		down[code] = !down[code];
		keyboard_key(&keyboard, code, down[code] ? KEY_PRESSED : KEY_RELEASED, &last);
		CHECK(last.size <= sizeof(last.bytes));
		CHECK(!(last.size && last.action));
		if (i % 1000 == 0)
			keyboard_set_map(&keyboard, &keymaps[random_under(keymap_count)]);
	}
	for (unsigned code = 0; code < KEY_CNT; code++)
		if (down[code])
			keyboard_key(&keyboard, code, KEY_RELEASED, &last);
	for (unsigned m = 0; m < MODIFIERS; m++)
		CHECK_EQ(keyboard.held[m], 0);
}

TEST_MAIN
