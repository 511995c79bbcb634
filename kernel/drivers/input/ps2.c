/* Scan codes (IBM PS/2 Hardware Interface Technical Reference, "Keyboard Scan Codes"; Microsoft Keyboard Scan Code
 * Specification 1.3a) and mouse packets (the same reference, and Microsoft's for the wheel).
 *
 * evdev numbered its keys after scan code set 1, so the plain codes up to 58h are the keys; tables hold the rest. Set 2
 * is first turned into set 1, as the controller itself would do it. A key with E0 before it is another one than without;
 * E0 2A, E0 36 and their releases are shifts that the keyboard makes up to please programs of 1984, and mean nothing.
 * Pause sends E1 and two codes, and the same again as a release. */
#include "kernel/drivers/input/ps2.h"

#include <abi/linux/input-event-codes.h>

#define EXTENDED	0xe0
#define PAUSE		0xe1
#define RELEASE		0xf0	/* set 2; in set 1 it is bit 7 */
#define LAST_PLAIN	0x58

struct code_pair { uint8_t from, to; };

static uint8_t pair_find(const struct code_pair *pairs, size_t count, uint8_t from)
{
	for (size_t i = 0; i < count; i++)
		if (pairs[i].from == from)
			return pairs[i].to;
	return 0;
}

/* Set 1 of a set 2 code; 0 where there is none. */
static uint8_t set1_of(uint8_t set2)
{
	/* Set 2 by set 1, for the codes 00h to 58h. */
	static const uint8_t plain[LAST_PLAIN + 1] = {
		0x00, 0x76, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55, 0x66, 0x0d,
		0x15, 0x1d, 0x24, 0x2d, 0x2c, 0x35, 0x3c, 0x43, 0x44, 0x4d, 0x54, 0x5b, 0x5a, 0x14, 0x1c, 0x1b,
		0x23, 0x2b, 0x34, 0x33, 0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x0e, 0x12, 0x5d, 0x1a, 0x22, 0x21, 0x2a,
		0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a, 0x59, 0x7c, 0x11, 0x29, 0x58, 0x05, 0x06, 0x04, 0x0c, 0x03,
		0x0b, 0x83, 0x0a, 0x01, 0x09, 0x77, 0x7e, 0x6c, 0x75, 0x7d, 0x7b, 0x6b, 0x73, 0x74, 0x79, 0x69,
		0x72, 0x7a, 0x70, 0x71, 0x84, 0x60, 0x61, 0x78, 0x07,
	};
	static const struct code_pair others[] = {
		{ 0x1f, 0x5b }, { 0x27, 0x5c }, { 0x2f, 0x5d }, { 0x37, 0x5e }, { 0x3f, 0x5f }, { 0x5e, 0x63 }, { 0x13, 0x70 },
		{ 0x51, 0x73 }, { 0x64, 0x79 }, { 0x67, 0x7b }, { 0x6a, 0x7d }, { 0x6d, 0x7e },
	};

	for (uint8_t code = 1; code <= LAST_PLAIN; code++)
		if (plain[code] == set2)
			return code;
	return pair_find(others, ARRAY_SIZE(others), set2);
}

static uint8_t key_of(uint8_t code, bool extended)
{
	static const struct code_pair plain[] = {
		{ 0x54, KEY_SYSRQ }, { 0x59, KEY_KPEQUAL }, { 0x70, KEY_KATAKANAHIRAGANA }, { 0x73, KEY_RO }, { 0x79, KEY_HENKAN },
		{ 0x7b, KEY_MUHENKAN }, { 0x7d, KEY_YEN }, { 0x7e, KEY_KPCOMMA },
	};
	static const struct code_pair behind_e0[] = {
		{ 0x10, KEY_PREVIOUSSONG }, { 0x19, KEY_NEXTSONG }, { 0x1c, KEY_KPENTER }, { 0x1d, KEY_RIGHTCTRL }, { 0x20, KEY_MUTE },
		{ 0x22, KEY_PLAYPAUSE }, { 0x24, KEY_STOPCD }, { 0x2e, KEY_VOLUMEDOWN }, { 0x30, KEY_VOLUMEUP }, { 0x35, KEY_KPSLASH },
		{ 0x37, KEY_SYSRQ }, { 0x38, KEY_RIGHTALT }, { 0x46, KEY_PAUSE }, { 0x47, KEY_HOME }, { 0x48, KEY_UP },
		{ 0x49, KEY_PAGEUP }, { 0x4b, KEY_LEFT }, { 0x4d, KEY_RIGHT }, { 0x4f, KEY_END }, { 0x50, KEY_DOWN },
		{ 0x51, KEY_PAGEDOWN }, { 0x52, KEY_INSERT }, { 0x53, KEY_DELETE }, { 0x5b, KEY_LEFTMETA }, { 0x5c, KEY_RIGHTMETA },
		{ 0x5d, KEY_COMPOSE }, { 0x5e, KEY_POWER }, { 0x5f, KEY_SLEEP }, { 0x63, KEY_WAKEUP },
	};

	if (extended)
		return pair_find(behind_e0, ARRAY_SIZE(behind_e0), code);
	uint8_t key = pair_find(plain, ARRAY_SIZE(plain), code);
	return key ? key : code <= LAST_PLAIN ? code : KEY_RESERVED;
}

bool ps2_keyboard_byte(struct ps2_keyboard *k, uint8_t byte, unsigned *ret_code, bool *ret_down)
{
	if (byte == EXTENDED || byte == PAUSE) {
		k->extended = byte == EXTENDED;
		k->pause = byte == PAUSE ? 2 : 0;
		k->release = false;
		return false;
	}
	if (k->set2 && byte == RELEASE) {
		k->release = true;
		return false;
	}
	uint8_t code = k->set2 ? set1_of(byte) : byte & 0x7f;
	bool down = k->set2 ? !k->release : byte < 0x80;
	uint8_t key = k->pause ? KEY_PAUSE : key_of(code, k->extended);
	k->release = k->extended = false;
	if (k->pause && --k->pause)
		return false;
	*ret_code = key;
	*ret_down = down;
	return key != KEY_RESERVED;
}

/* The first byte: bits 0 to 2 buttons, 3 always set, 4 and 5 the signs of the movements, 6 and 7 that they are too large
 * to be told. The fourth one's low half is the wheel, turned towards the user counting up. */
bool ps2_mouse_byte(struct ps2_mouse *m, uint8_t byte, struct ps2_motion *ret)
{
	/* Out of step: what cannot be a first byte is passed over. */
	if (m->count == 0 && !(byte & 0x08))
		return false;
	m->packet[m->count++] = byte;
	if (m->count < (m->wheel ? 4 : 3))
		return false;
	uint8_t first = m->packet[0];
	m->count = 0;
	*ret = (struct ps2_motion){ .buttons = first & 7 };
	if (!(first & 0xc0)) {
		ret->right = (int16_t)(m->packet[1] - (first << 4 & 0x100));
		ret->down = (int16_t)((first << 3 & 0x100) - m->packet[2]);
	}
	if (m->wheel) {
		int turned = m->packet[3] & 0x0f;
		ret->wheel = (int8_t)(turned & 8 ? 16 - turned : -turned);
	}
	return true;
}
