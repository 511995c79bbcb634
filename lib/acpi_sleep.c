/* The sleep type of S5, soft off (ACPI specification 6.5, sections 7.4.2 and 20.2).
 *
 * Software needs two numbers to switch a machine off, and they stand in AML, as the package \_S5_. Without an AML
 * interpreter they can be found all the same: what defines a name is the byte 08h, the name, and the object, and on
 * real machines this object is always a package of plain integers. So each place with that name is looked at, and
 * counts where all around it is right: anything else that looks like it (a method's reference, a string) does not.
 * What a name in a condition that does not hold would mean cannot be known here; the first definition is taken. */
#include <abi/linux/errno.h>

#include "lib/acpi_field.h"
#include "lib/string.h"

enum {
	TABLE_HEADER	= 36,

	/* Section 20.2.2 to 20.2.5. */
	AML_ZERO	= 0x00,
	AML_ONE		= 0x01,
	AML_NAME	= 0x08,
	AML_BYTE	= 0x0a,
	AML_WORD	= 0x0b,
	AML_DWORD	= 0x0c,
	AML_PACKAGE	= 0x12,
	AML_ROOT	= '\\',

	TYPE_MOST	= 7,	/* three bits (section 4.8.3.2.1) */
};

struct aml {
	const uint8_t *at, *end;
};

static bool aml_byte(struct aml *a, uint32_t *ret)
{
	if (a->at == a->end)
		return false;
	*ret = *a->at++;
	return true;
}

/* PkgLength (section 20.2.4): what is behind it is cut to the package. */
static bool aml_enter_package(struct aml *a)
{
	const uint8_t *const start = a->at;
	uint32_t lead, more, length;

	if (!aml_byte(a, &lead))
		return false;
	length = lead >> 6 ? lead & 15 : lead & 63;
	for (uint32_t i = 0; i < lead >> 6; i++) {
		if (!aml_byte(a, &more))
			return false;
		length |= more << (4 + 8 * i);
	}
	if (length < (size_t)(a->at - start) || length > (size_t)(a->end - start))
		return false;
	a->end = start + length;
	return true;
}

/* An integer of up to 32 bits; others are no sleep types. */
static bool aml_integer(struct aml *a, uint32_t *ret)
{
	uint32_t kind, size;

	if (!aml_byte(a, &kind))
		return false;
	*ret = kind;
	if (kind == AML_ZERO || kind == AML_ONE)
		return true;
	size = kind == AML_BYTE ? 1 : kind == AML_WORD ? 2 : kind == AML_DWORD ? 4 : 0;
	if (!size || size > (size_t)(a->end - a->at))
		return false;
	*ret = 0;
	for (uint32_t i = 0; i < size; i++)
		*ret |= (uint32_t)*a->at++ << 8 * i;
	return true;
}

/* What is behind the name: the package's first two elements, or one with both numbers in its two low bytes, which is
 * seen too and taken in the same way by others. */
static bool read_package(struct aml a, struct acpi_sleep_type *ret)
{
	uint32_t kind, count, first, second;

	if (!aml_byte(&a, &kind) || kind != AML_PACKAGE || !aml_enter_package(&a) || !aml_byte(&a, &count) || !count ||
	    !aml_integer(&a, &first))
		return false;
	second = first >> 8 & 0xff;
	if (count == 1)
		first &= 0xff;
	else if (!aml_integer(&a, &second))
		return false;
	if (first > TYPE_MOST || second > TYPE_MOST)
		return false;
	*ret = (struct acpi_sleep_type){ (uint8_t)first, (uint8_t)second };
	return true;
}

int acpi_find_s5(const struct acpi_table *table, struct acpi_sleep_type *ret)
{
	const uint8_t *const end = table->data + table->size;

	/* The name's first byte has at least the 08h before it. */
	for (const uint8_t *at = table->data + TABLE_HEADER + 1; at < end && end - at >= 4; at++) {
		if (*at != '_' || memcmp(at, "_S5_", 4) != 0)
			continue;
		const bool root = at[-1] == AML_ROOT && at - 2 >= table->data + TABLE_HEADER && at[-2] == AML_NAME;
		if ((root || at[-1] == AML_NAME) && read_package((struct aml){ at + 4, end }, ret))
			return 0;
	}
	return -ENOENT;
}
