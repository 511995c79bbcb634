/* Keyboard layouts: which character stands on a key. The tables are made by tools/mkkeymap.
 *
 * Rules: pure; any context. Characters are of Unicode's basic plane, 0 is none. A dead key has a combining character
 * (U+0300 to U+036F): it waits for the next letter. */
#ifndef KERNEL_DRIVERS_INPUT_KEYMAP_H
#define KERNEL_DRIVERS_INPUT_KEYMAP_H

#include "lib/types.h"

#define KEYMAP_KEYS 48		/* that have characters in every layout's table */
#define KEYMAP_LEVELS 4		/* bit 0: Shift, bit 1: AltGr */

struct keymap {
	char name[8];
	bool alt_gr;		/* the right Alt key is AltGr */
	bool second;		/* no Latin letters: takes turns with the first layout */
	uint16_t characters[KEYMAP_KEYS][KEYMAP_LEVELS];
};

/* The first one is us. */
extern const struct keymap keymaps[];
extern const unsigned keymap_count;

/* What tools/mkkeymap found about accents: the combining character and the one that stands alone; and the letter and
 * accent (a place in the former) of each character from KEYMAP_COMPOSED_FIRST on. */
struct keymap_accent { uint16_t combining, alone; };
struct keymap_composed { uint8_t letter, accent; };

#define KEYMAP_COMPOSED_FIRST 0xc0
#define KEYMAP_COMPOSED (0x180 - KEYMAP_COMPOSED_FIRST)
extern const struct keymap_accent keymap_accents[];
extern const unsigned keymap_accent_count;
extern const struct keymap_composed keymap_composed[KEYMAP_COMPOSED];

/* The layout of that name; NULL where there is none. */
const struct keymap *keymap_find(const char *name, size_t size);

/* The character on a key (evdev's code) at a level. */
uint16_t keymap_character(const struct keymap *map, unsigned code, unsigned level);

static inline bool keymap_is_dead(uint16_t character)
{
	return character >= 0x300 && character < 0x370;
}

/* A dead key's accent on a letter; 0 where there is no such character. */
uint16_t keymap_compose(uint16_t accent, uint16_t letter);

/* The accent by itself. */
uint16_t keymap_alone(uint16_t accent);

/* The same letter in the other case (Latin to U+017F, Cyrillic, capital ß); what is no letter stays. */
uint16_t keymap_other_case(uint16_t character);

#endif
