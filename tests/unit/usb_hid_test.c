/* Reports of boot keyboards and mice. */
#include "kernel/drivers/usb/hid.h"

#include <abi/linux/input-event-codes.h>

#include "tests/unit/test.h"

static struct hid_keyboard keyboard;
static struct hid_change changes[HID_CHANGES_MAX];

static unsigned report(uint8_t modifiers, const char *keys)
{
	uint8_t bytes[8] = { modifiers, 0x5a };

	memcpy(bytes + 2, keys, strlen(keys));
	return hid_keyboard_report(&keyboard, bytes, sizeof(bytes), changes);
}

static void check_change(unsigned index, unsigned code, bool down)
{
	CHECK_EQ(changes[index].code, code);
	CHECK_EQ(changes[index].down, down);
}

TEST(key_goes_down_and_up)
{
	keyboard = (struct hid_keyboard){ 0 };
	CHECK_EQ(report(0, "\x04"), 1);
	check_change(0, KEY_A, true);
	CHECK_EQ(report(0, "\x04"), 0);
	CHECK_EQ(report(0, ""), 1);
	check_change(0, KEY_A, false);
}

TEST(shift_comes_before_its_letter)
{
	keyboard = (struct hid_keyboard){ 0 };
	CHECK_EQ(report(0x02, "\x04"), 2);
	check_change(0, KEY_LEFTSHIFT, true);
	check_change(1, KEY_A, true);
	CHECK_EQ(report(0x40, "\x05"), 4);
	check_change(0, KEY_LEFTSHIFT, false);
	check_change(1, KEY_RIGHTALT, true);
	check_change(2, KEY_A, false);
	check_change(3, KEY_B, true);
}

TEST(places_in_the_report_do_not_matter)
{
	keyboard = (struct hid_keyboard){ 0 };
	CHECK_EQ(report(0, "\x04\x05\x06\x07\x08\x09"), 6);
	CHECK_EQ(report(0, "\x09\x08\x07\x06\x05\x04"), 0);
	CHECK_EQ(report(0, "\x09\x08\x07\x06\x05"), 1);
	check_change(0, KEY_A, false);
}

TEST(too_many_keys_change_nothing_but_modifiers)
{
	keyboard = (struct hid_keyboard){ 0 };
	CHECK_EQ(report(0, "\x04\x05"), 2);
	CHECK_EQ(report(0x01, "\x01\x01\x01\x01\x01\x01"), 1);
	check_change(0, KEY_LEFTCTRL, true);
	CHECK_EQ(report(0x01, "\x04\x01"), 0);
	CHECK_EQ(report(0, "\x05"), 2);
	check_change(0, KEY_LEFTCTRL, false);
	check_change(1, KEY_A, false);
}

TEST(unknown_keys_are_passed_over)
{
	keyboard = (struct hid_keyboard){ 0 };
	CHECK_EQ(report(0, "\xff\x9b\xa5\x04"), 1);
	check_change(0, KEY_A, true);
	CHECK_EQ(report(0, ""), 1);
}

TEST(short_reports_are_ignored)
{
	static const uint8_t bytes[8] = { 0xff, 0, 4 };

	keyboard = (struct hid_keyboard){ 0 };
	for (size_t size = 0; size < 8; size++)
		CHECK_EQ(hid_keyboard_report(&keyboard, bytes, size, changes), 0);
	CHECK_EQ(keyboard.modifiers, 0);
}

/* All that can change at once fits. */
TEST(largest_change)
{
	keyboard = (struct hid_keyboard){ 0 };
	CHECK_EQ(report(0x00, "\x04\x05\x06\x07\x08\x09"), 6);
	CHECK_EQ(report(0xff, "\x0a\x0b\x0c\x0d\x0e\x0f"), HID_CHANGES_MAX);
}

/* HID Usage Tables 1.3, table 12, against the codes of some keys that are easily mixed up. */
TEST(usages)
{
	static const struct { uint8_t usage; uint16_t code; } keys[] = {
		{ 0x1d, KEY_Z }, { 0x1e, KEY_1 }, { 0x27, KEY_0 }, { 0x28, KEY_ENTER }, { 0x2c, KEY_SPACE }, { 0x31, KEY_BACKSLASH },
		{ 0x32, KEY_BACKSLASH }, { 0x33, KEY_SEMICOLON }, { 0x35, KEY_GRAVE }, { 0x38, KEY_SLASH }, { 0x39, KEY_CAPSLOCK },
		{ 0x3a, KEY_F1 }, { 0x45, KEY_F12 }, { 0x46, KEY_SYSRQ }, { 0x48, KEY_PAUSE }, { 0x49, KEY_INSERT }, { 0x4a, KEY_HOME },
		{ 0x4c, KEY_DELETE }, { 0x4d, KEY_END }, { 0x4e, KEY_PAGEDOWN }, { 0x4f, KEY_RIGHT }, { 0x52, KEY_UP },
		{ 0x53, KEY_NUMLOCK }, { 0x58, KEY_KPENTER }, { 0x59, KEY_KP1 }, { 0x62, KEY_KP0 }, { 0x63, KEY_KPDOT },
		{ 0x64, KEY_102ND }, { 0x65, KEY_COMPOSE }, { 0x67, KEY_KPEQUAL }, { 0x68, KEY_F13 }, { 0x73, KEY_F24 },
		{ 0x7f, KEY_MUTE }, { 0x81, KEY_VOLUMEDOWN }, { 0x87, KEY_RO }, { 0x89, KEY_YEN }, { 0x90, KEY_HANGEUL },
		{ 0x94, KEY_ZENKAKUHANKAKU },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char text[2] = { (char)keys[i].usage };
		keyboard = (struct hid_keyboard){ 0 };
		CHECK_EQ(report(0, text), 1);
		check_change(0, keys[i].code, true);
	}
}

TEST(lamps)
{
	CHECK_EQ(hid_leds(1 << LED_NUML), 1);
	CHECK_EQ(hid_leds(1 << LED_CAPSL), 2);
	CHECK_EQ(hid_leds(1 << LED_SCROLLL), 4);
	CHECK_EQ(hid_leds(~0u), 7);
}

TEST(mouse)
{
	static const uint8_t bytes[] = { 0xe5, 0x80, 0x7f, 0xff, 9 };
	struct hid_mouse m;

	CHECK(hid_mouse_report(bytes, sizeof(bytes), &m));
	CHECK_EQ(m.buttons, 5);
	CHECK_EQ(m.x, -128);
	CHECK_EQ(m.y, 127);
	CHECK_EQ(m.wheel, -1);
	CHECK(hid_mouse_report(bytes, 3, &m));
	CHECK_EQ(m.wheel, 0);
	CHECK(!hid_mouse_report(bytes, 2, &m));
}

TEST_MAIN
