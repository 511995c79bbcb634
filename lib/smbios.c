/* SMBIOS: a table of structures in which the firmware names itself and the machine.
 *
 * There are two forms of entry point: "_SM_" (section 5.2.1) with the table anywhere under 4 GiB and its exact size,
 * and "_SM3_" (section 5.2.2) with the table anywhere and only an upper bound of its size. Either way the table is a
 * run of structures: a header of type, length and handle, the rest of the length, then the strings that its fields
 * number from 1, each with a NUL, and one more NUL (two where there are no strings). The run ends at a structure of
 * type 127 or where the table does. */
#include "lib/smbios.h"

#include <abi/linux/errno.h>

#include "lib/bytes.h"
#include "lib/string.h"
#include "lib/utf.h"

enum {
	SM_SIZE			= 31,
	SM_LENGTH		= 5,
	SM_LENGTH_LEAST		= 30,	/* what version 2.1 of the specification said by mistake */
	SM_TABLE_SIZE		= 22,
	SM_TABLE		= 24,

	SM3_SIZE		= 24,
	SM3_LENGTH		= 6,
	SM3_TABLE_SIZE		= 12,
	SM3_TABLE		= 16,

	TABLE_MOST		= 16 << 20,	/* larger ones are not believed */

	STRUCTURE_HEADER	= 4,
	TYPE_BIOS		= 0,
	TYPE_SYSTEM		= 1,
	TYPE_END		= 127,
};

struct table {
	paddr_t address;
	uint32_t size;
};

/* A structure and where its strings end. */
struct structure {
	const uint8_t *data, *strings, *end;
};

/* The length byte says how much the checksum covers; it must cover what is read here. */
static bool checksum_is_right(const uint8_t *entry, size_t length, size_t least, size_t most)
{
	return length >= least && length <= most && bytes_sum(entry, length) == 0;
}

static int table_find(acpi_map_fn *map, void *context, paddr_t entry_point, struct table *ret)
{
	const uint8_t *entry = map(context, entry_point, SM3_SIZE);

	if (!entry)
		return -EFAULT;
	if (memcmp(entry, "_SM3_", 5) == 0) {
		if (!checksum_is_right(entry, entry[SM3_LENGTH], SM3_SIZE, SM3_SIZE))
			return -EBADMSG;
		*ret = (struct table){ bytes_get_u64(entry + SM3_TABLE), bytes_get_u32(entry + SM3_TABLE_SIZE) };
		return 0;
	}
	if (memcmp(entry, "_SM_", 4) != 0)
		return -EBADMSG;
	entry = map(context, entry_point, SM_SIZE);
	if (!entry)
		return -EFAULT;
	if (!checksum_is_right(entry, entry[SM_LENGTH], SM_LENGTH_LEAST, SM_SIZE))
		return -EBADMSG;
	*ret = (struct table){ bytes_get_u32(entry + SM_TABLE), bytes_get_u16(entry + SM_TABLE_SIZE) };
	return 0;
}

/* Read the structure at *at and move *at behind it: false at the end, or where it is cut off. */
static bool structure_next(const uint8_t **at, const uint8_t *end, struct structure *ret)
{
	const uint8_t *const data = *at;

	if (end - data < STRUCTURE_HEADER || data[0] == TYPE_END || data[1] < STRUCTURE_HEADER || end - data < data[1])
		return false;

	/* Two zeros in a row: the end of the last string and of all strings. */
	const uint8_t *p = data + data[1];

	while (end - p >= 2 && (p[0] || p[1]))
		p++;
	if (end - p < 2)
		return false;
	*ret = (struct structure){ data, data + data[1], p + 1 };
	*at = p + 2;
	return true;
}

/* The string that a field of the structure names; "" where the structure is too short, the number is 0 or there is no
 * such string. */
static void string_read(const struct structure *s, unsigned field, char *ret, size_t size)
{
	const char *p = (const char *)s->strings, *const end = (const char *)s->end;
	unsigned number = s->data[1] > field ? s->data[field] : 0;

	if (!number)
		p = end;
	for (; p < end && number > 1; number--)
		p += strnlen(p, (size_t)(end - p)) + 1;
	utf8_clean(p, p < end ? (size_t)(end - p) : 0, ret, size);
}

/* Only the first structure of a type counts: a name once set stays. */
static void structure_read(const struct structure *s, struct smbios_names *names, bool seen[2])
{
	const uint8_t type = s->data[0];

	if (type > TYPE_SYSTEM || seen[type])
		return;
	seen[type] = true;
	if (type == TYPE_BIOS) {
		string_read(s, 4, names->bios_vendor, sizeof(names->bios_vendor));
		string_read(s, 5, names->bios_version, sizeof(names->bios_version));
		string_read(s, 8, names->bios_date, sizeof(names->bios_date));
	} else {
		string_read(s, 4, names->system_vendor, sizeof(names->system_vendor));
		string_read(s, 5, names->system_product, sizeof(names->system_product));
	}
}

int smbios_read_names(acpi_map_fn *map, void *context, paddr_t entry_point, struct smbios_names *ret)
{
	struct smbios_names names = { 0 };
	bool seen[2] = { false, false };
	struct structure structure;
	struct table table;
	const int error = table_find(map, context, entry_point, &table);

	if (error)
		return error;
	if (table.size > TABLE_MOST)
		return -EBADMSG;

	const uint8_t *at = map(context, table.address, table.size);

	if (!at)
		return -EFAULT;

	const uint8_t *const end = at + table.size;

	while (structure_next(&at, end, &structure))
		structure_read(&structure, &names, seen);
	*ret = names;
	return 0;
}
