/* From keys to what a terminal sends.
 *
 * A pressed key is looked at in this order, and the first that has a use for it takes it: modifiers, locks, the three
 * combinations that are for the machine and not for a program (SysRq, Ctrl-Alt-Del, Shift-PgUp), keys with a sequence
 * of their own, the keypad, characters.
 *
 * SysRq letters go by place, as on a us keyboard: the machine may be in a state in which nobody can look up which
 * layout it has. On keyboards SysRq is Print Screen with Alt held, so Print Screen alone does nothing. */
#include "kernel/drivers/input/keyboard.h"

#include <abi/linux/input-event-codes.h>
#include "lib/string.h"
#include "lib/utf.h"

#define ESC 0x1b
#define LEVEL_SHIFT 1u
#define LEVEL_ALT_GR 2u

void keyboard_init(struct keyboard *k, const struct keymap *map)
{
	*k = (struct keyboard){ .map = map };
}

void keyboard_set_map(struct keyboard *k, const struct keymap *map)
{
	k->map = map;
	k->accent = 0;
	k->second = false;
	k->leds &= ~(1u << LED_SCROLLL);
}

static bool alt_gr_held(const struct keyboard *k)
{
	return k->map->alt_gr && k->held[MODIFIER_RIGHT_ALT];
}

static bool alt_held(const struct keyboard *k)
{
	return k->held[MODIFIER_ALT] || (!k->map->alt_gr && k->held[MODIFIER_RIGHT_ALT]);
}

static int modifier_of(unsigned code)
{
	switch (code) {
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT: return MODIFIER_SHIFT;
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL: return MODIFIER_CTRL;
	case KEY_LEFTALT: return MODIFIER_ALT;
	case KEY_RIGHTALT: return MODIFIER_RIGHT_ALT;
	case KEY_SYSRQ: return MODIFIER_SYSRQ;
	default: return -1;
	}
}

/* Ctrl and Shift let go with nothing between: the other layout has its turn. Shift and Ctrl are the first two. */
static void layout_key(struct keyboard *k, bool pressed, enum keyboard_modifier modifier)
{
	bool both = k->held[MODIFIER_SHIFT] && k->held[MODIFIER_CTRL];

	if (!pressed && k->changing && k->map->second && modifier <= MODIFIER_CTRL) {
		k->second = !k->second;
		k->leds ^= 1u << LED_SCROLLL;
	}
	k->changing = pressed && both && modifier <= MODIFIER_CTRL;
}

static void modifier_key(struct keyboard *k, enum keyboard_modifier modifier, bool pressed)
{
	if (pressed)
		k->held[modifier]++;
	else if (k->held[modifier])
		k->held[modifier]--;
	layout_key(k, pressed, modifier);
}

static bool lock_key(struct keyboard *k, unsigned code, bool repeated)
{
	if (code != KEY_CAPSLOCK && code != KEY_NUMLOCK)
		return false;
	if (!repeated)
		k->leds ^= 1u << (code == KEY_CAPSLOCK ? LED_CAPSL : LED_NUML);
	return true;
}

static void put(struct keyboard_result *r, char c)
{
	if (r->size < sizeof(r->bytes))
		r->bytes[r->size++] = c;
}

static void put_text(struct keyboard_result *r, const char *text)
{
	while (*text)
		put(r, *text++);
}

static void put_character(struct keyboard_result *r, uint16_t c)
{
	char utf8[4];
	size_t size = utf8_encode(c, utf8);

	for (size_t i = 0; i < size; i++)
		put(r, utf8[i]);
}

/* The combinations that are not for a program. */
static enum keyboard_action machine_action(const struct keyboard *k, unsigned code, char *ret_letter)
{
	uint16_t us = keymap_character(&keymaps[0], code, 0);
	bool alt = k->held[MODIFIER_ALT] || k->held[MODIFIER_RIGHT_ALT];

	if (k->held[MODIFIER_SYSRQ] && alt && us) {
		*ret_letter = (char)us;
		return KEYBOARD_SYSRQ;
	}
	if (k->held[MODIFIER_CTRL] && alt && (code == KEY_DELETE || code == KEY_KPDOT))
		return KEYBOARD_REBOOT;
	if (k->held[MODIFIER_SHIFT] && code == KEY_PAGEUP)
		return KEYBOARD_PAGE_UP;
	if (k->held[MODIFIER_SHIFT] && code == KEY_PAGEDOWN)
		return KEYBOARD_PAGE_DOWN;
	return KEYBOARD_NOTHING;
}

/* Keys with a sequence of their own. */
static const char *key_sequence(unsigned code)
{
	static const struct { uint8_t code; char sequence[6]; } sequences[] = {
		{ KEY_ESC, "\033" }, { KEY_BACKSPACE, "\177" }, { KEY_TAB, "\t" }, { KEY_ENTER, "\r" }, { KEY_KPENTER, "\r" },
		{ KEY_UP, "\033[A" }, { KEY_DOWN, "\033[B" }, { KEY_RIGHT, "\033[C" }, { KEY_LEFT, "\033[D" },
		{ KEY_HOME, "\033[1~" }, { KEY_INSERT, "\033[2~" }, { KEY_DELETE, "\033[3~" }, { KEY_END, "\033[4~" },
		{ KEY_PAGEUP, "\033[5~" }, { KEY_PAGEDOWN, "\033[6~" }, { KEY_F1, "\033[[A" }, { KEY_F2, "\033[[B" },
		{ KEY_F3, "\033[[C" }, { KEY_F4, "\033[[D" }, { KEY_F5, "\033[[E" }, { KEY_F6, "\033[17~" }, { KEY_F7, "\033[18~" },
		{ KEY_F8, "\033[19~" }, { KEY_F9, "\033[20~" }, { KEY_F10, "\033[21~" }, { KEY_F11, "\033[23~" },
		{ KEY_F12, "\033[24~" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(sequences); i++)
		if (sequences[i].code == code)
			return sequences[i].sequence;
	return NULL;
}

static void put_sequence(const struct keyboard *k, unsigned code, const char *sequence, struct keyboard_result *r)
{
	bool shift = k->held[MODIFIER_SHIFT], ctrl = k->held[MODIFIER_CTRL], alt = alt_held(k);
	bool arrow = code == KEY_UP || code == KEY_DOWN || code == KEY_RIGHT || code == KEY_LEFT;

	if (arrow && (shift || ctrl || alt)) {
		put_text(r, "\033[1;");
		put(r, (char)('1' + shift + 2 * alt + 4 * ctrl));
		put(r, sequence[2]);
		return;
	}
	if (code == KEY_TAB && shift)
		sequence = "\033[Z";
	else if (code == KEY_BACKSPACE && ctrl)
		sequence = "\b";
	if (alt && !sequence[1])
		put(r, ESC);
	put_text(r, sequence);
}

/* Without Num Lock the keypad is a second set of arrows; Shift turns that round. */
static unsigned keypad_key(const struct keyboard *k, unsigned code)
{
	static const uint8_t moves[] = {
		KEY_HOME, KEY_UP, KEY_PAGEUP, KEY_KPMINUS, KEY_LEFT, KEY_RESERVED, KEY_RIGHT, KEY_KPPLUS, KEY_END, KEY_DOWN, KEY_PAGEDOWN,
		KEY_INSERT, KEY_DELETE,
	};
	bool numbers = k->leds >> LED_NUML & 1;

	if (code < KEY_KP7 || code > KEY_KPDOT || numbers != (k->held[MODIFIER_SHIFT] > 0))
		return code;
	return moves[code - KEY_KP7];
}

/* The character on a key, as modifiers and locks have it. */
static uint16_t key_character(const struct keyboard *k, unsigned code)
{
	unsigned level = (k->held[MODIFIER_SHIFT] ? LEVEL_SHIFT : 0) | (alt_gr_held(k) ? LEVEL_ALT_GR : 0);
	bool latin = k->map->second && (!k->second || k->held[MODIFIER_CTRL] || alt_held(k));

	if (code >= KEY_KP7 && code <= KEY_KPDOT)
		return (uint16_t)"789-456+1230."[code - KEY_KP7];
	switch (code) {
	case KEY_SPACE: return ' ';
	case KEY_KPSLASH: return '/';
	case KEY_KPASTERISK: return '*';
	}
	uint16_t c = keymap_character(latin ? &keymaps[0] : k->map, code, level);
	return k->leds >> LED_CAPSL & 1 ? keymap_other_case(c) : c;
}

/* The control character that Ctrl makes of a character, or the character itself (ECMA-48, 5.2: columns 4 and 5 of the
 * code table, moved to 0 and 1). Ctrl-Space is NUL and Ctrl-/ is US by custom. */
static uint16_t with_ctrl(uint16_t c)
{
	if (c == ' ')
		return 0;
	if (c == '/')
		return 0x1f;
	return (c >= '@' && c <= '_') || (c >= 'a' && c <= 'z') ? c & 0x1f : c;
}

/* A character after a dead key: the two as one; else the accent alone, and the character behind it unless that was a
 * blank or the same key again. */
static void put_accented(struct keyboard *k, uint16_t c, struct keyboard_result *r)
{
	uint16_t accent = k->accent, composed = keymap_compose(accent, c);

	k->accent = 0;
	if (composed) {
		put_character(r, composed);
		return;
	}
	put_character(r, keymap_alone(accent));
	if (c != ' ' && c != accent)
		put_character(r, keymap_is_dead(c) ? keymap_alone(c) : c);
}

static void character_key(struct keyboard *k, unsigned code, struct keyboard_result *r)
{
	uint16_t c = key_character(k, code);

	if (!c)
		return;
	if (k->accent) {
		put_accented(k, c, r);
	} else if (keymap_is_dead(c)) {
		k->accent = c;
	} else {
		if (alt_held(k))
			put(r, ESC);
		put_character(r, k->held[MODIFIER_CTRL] ? with_ctrl(c) : c);
	}
}

static void key_down(struct keyboard *k, unsigned code, bool repeated, struct keyboard_result *r)
{
	code = keypad_key(k, code);
	k->changing = false;
	if (lock_key(k, code, repeated))
		return;
	r->action = machine_action(k, code, &r->letter);
	if (r->action)
		return;
	const char *sequence = key_sequence(code);
	if (sequence)
		put_sequence(k, code, sequence, r);
	else
		character_key(k, code, r);
}

void keyboard_key(struct keyboard *k, unsigned code, enum key_change change, struct keyboard_result *ret)
{
	int modifier = modifier_of(code);

	*ret = (struct keyboard_result){ 0 };
	if (modifier >= 0 && change != KEY_REPEATED)
		modifier_key(k, (enum keyboard_modifier)modifier, change == KEY_PRESSED);
	else if (modifier < 0 && change != KEY_RELEASED)
		key_down(k, code, change == KEY_REPEATED, ret);
}
