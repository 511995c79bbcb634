/* Looking things up in the tables of keyboard layouts.
 *
 * The keys that have characters in any layout are the four rows of the main block and the extra key of ISO keyboards;
 * evdev's codes run along the rows, with Tab, Enter, Ctrl and the like between them.
 *
 * Caps Lock is worked out from letters and not kept in the tables: it turns a small letter into its capital, wherever
 * that letter stands (so é, on the French 2, becomes É), and with Shift a capital into its small letter. */
#include "kernel/drivers/input/keymap.h"

#include <abi/linux/input-event-codes.h>
#include "lib/string.h"

const struct keymap *keymap_find(const char *name, size_t size)
{
	for (unsigned i = 0; i < keymap_count; i++)
		if (strlen(keymaps[i].name) == size && memcmp(keymaps[i].name, name, size) == 0)
			return &keymaps[i];
	return NULL;
}

uint16_t keymap_character(const struct keymap *map, unsigned code, unsigned level)
{
	static const struct { uint8_t first, last; } rows[] = {
		{ KEY_1, KEY_EQUAL }, { KEY_Q, KEY_RIGHTBRACE }, { KEY_A, KEY_GRAVE }, { KEY_BACKSLASH, KEY_SLASH }, { KEY_102ND, KEY_102ND },
	};
	unsigned before = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (code >= rows[i].first && code <= rows[i].last)
			return map->characters[before + code - rows[i].first][level];
		before += rows[i].last - rows[i].first + 1u;
	}
	return 0;
}

static const struct keymap_accent *accent_find(uint16_t combining)
{
	for (unsigned i = 0; i < keymap_accent_count; i++)
		if (keymap_accents[i].combining == combining)
			return &keymap_accents[i];
	return NULL;
}

uint16_t keymap_compose(uint16_t accent, uint16_t letter)
{
	const struct keymap_accent *a = accent_find(accent);

	for (unsigned i = 0; a && letter && i < KEYMAP_COMPOSED; i++)
		if (keymap_composed[i].letter == letter && keymap_composed[i].accent == a - keymap_accents)
			return (uint16_t)(KEYMAP_COMPOSED_FIRST + i);
	return 0;
}

uint16_t keymap_alone(uint16_t accent)
{
	const struct keymap_accent *a = accent_find(accent);

	return a ? a->alone : 0;
}

/* Where in Unicode capitals lie, and how far from them their small letters. */
static const struct case_range {
	uint16_t first, last;
	uint8_t distance;		/* 1: capital and small letter take turns */
} case_ranges[] = {
	{ 'A', 'Z', 32 }, { 0xc0, 0xd6, 32 }, { 0xd8, 0xde, 32 }, { 0x100, 0x12f, 1 }, { 0x132, 0x137, 1 }, { 0x139, 0x148, 1 },
	{ 0x14a, 0x177, 1 }, { 0x179, 0x17e, 1 }, { 0x400, 0x40f, 80 }, { 0x410, 0x42f, 32 },
};
#define SHARP_S 0xdf
#define CAPITAL_SHARP_S 0x1e9e

uint16_t keymap_other_case(uint16_t c)
{
	for (unsigned i = 0; i < ARRAY_SIZE(case_ranges); i++) {
		const struct case_range *r = &case_ranges[i];
		if (c >= r->first && c <= r->last)
			return (uint16_t)(r->distance > 1 ? c + r->distance : (c - r->first) % 2 ? c - 1 : c + 1);
		if (r->distance > 1 && c >= r->first + r->distance && c <= r->last + r->distance)
			return (uint16_t)(c - r->distance);
	}
	return c == SHARP_S ? CAPITAL_SHARP_S : c == CAPITAL_SHARP_S ? SHARP_S : c;
}
