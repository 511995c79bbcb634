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
	TYPE_MODULE		= 17,
	TYPE_RANGE		= 20,
	TYPE_END		= 127,

	/* Of a module. */
	MODULE_TOTAL_WIDTH	= 8,
	MODULE_DATA_WIDTH	= 10,
	MODULE_SIZE		= 12,
	MODULE_SLOT		= 16,
	MODULE_BANK		= 17,
	MODULE_TYPE		= 18,
	MODULE_SPEED		= 21,
	MODULE_VENDOR		= 23,
	MODULE_PART		= 26,
	MODULE_SIZE_EXTENDED	= 28,
	MODULE_SPEED_CONFIGURED	= 32,
	MODULE_SPEED_EXTENDED	= 84,
	MODULE_SPEED_CONFIGURED_EXTENDED = 88,

	/* Of a range: in KiB, or all ones, and bytes at the second place. */
	RANGE_FIRST		= 4,
	RANGE_LAST		= 8,
	RANGE_MODULE		= 12,
	RANGE_SIZE		= 19,
	RANGE_FIRST_EXTENDED	= 19,
	RANGE_LAST_EXTENDED	= 27,
	RANGE_SIZE_EXTENDED	= 35,

	UNKNOWN			= 0xffff,
	SIZE_IS_EXTENDED	= 0x7fff,
	SIZE_IN_KIB		= 0x8000,
};

struct place {
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

static int table_find(acpi_map_fn *map, void *context, paddr_t entry_point, struct place *ret)
{
	const uint8_t *entry = map(context, entry_point, SM3_SIZE);

	if (!entry)
		return -EFAULT;
	if (memcmp(entry, "_SM3_", 5) == 0) {
		if (!checksum_is_right(entry, entry[SM3_LENGTH], SM3_SIZE, SM3_SIZE))
			return -EBADMSG;
		*ret = (struct place){ bytes_get_u64(entry + SM3_TABLE), bytes_get_u32(entry + SM3_TABLE_SIZE) };
		return 0;
	}
	if (memcmp(entry, "_SM_", 4) != 0)
		return -EBADMSG;
	entry = map(context, entry_point, SM_SIZE);
	if (!entry)
		return -EFAULT;
	if (!checksum_is_right(entry, entry[SM_LENGTH], SM_LENGTH_LEAST, SM_SIZE))
		return -EBADMSG;
	*ret = (struct place){ bytes_get_u32(entry + SM_TABLE), bytes_get_u16(entry + SM_TABLE_SIZE) };
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

int smbios_open(acpi_map_fn *map, void *context, paddr_t entry_point, struct smbios_table *ret)
{
	struct place place;
	const int error = table_find(map, context, entry_point, &place);

	if (error)
		return error;
	if (place.size > TABLE_MOST)
		return -EBADMSG;

	const uint8_t *const data = map(context, place.address, place.size);

	if (!data)
		return -EFAULT;
	*ret = (struct smbios_table){ data, place.size };
	return 0;
}

void smbios_read_names(const struct smbios_table *table, struct smbios_names *ret)
{
	const uint8_t *at = table->data, *const end = at + table->size;
	bool seen[2] = { false, false };
	struct structure structure;

	*ret = (struct smbios_names){ 0 };
	while (structure_next(&at, end, &structure))
		structure_read(&structure, ret, seen);
}

/* A field of 1, 2 or 4 bytes; 0 where the structure is too short for it. */
static uint32_t field(const struct structure *s, unsigned offset, unsigned width)
{
	const uint8_t *const at = s->data + offset;

	if (s->data[1] < offset + width)
		return 0;
	return width == 1 ? *at : width == 2 ? bytes_get_u16(at) : bytes_get_u32(at);
}

/* A 16-bit field that says with `escape` that another one of 32 bits has the number. */
static uint32_t field_extended(const struct structure *s, unsigned offset, unsigned escape, unsigned extended)
{
	const uint32_t value = field(s, offset, 2);

	return value == escape ? field(s, extended, 4) & 0x7fffffff : value;
}

static uint64_t module_size(const struct structure *s)
{
	const uint32_t size = field(s, MODULE_SIZE, 2);

	if (size == UNKNOWN)
		return 0;
	if (size != SIZE_IS_EXTENDED && size & SIZE_IN_KIB)
		return KIB(size & ~(uint32_t)SIZE_IN_KIB);
	return MIB(field_extended(s, MODULE_SIZE, SIZE_IS_EXTENDED, MODULE_SIZE_EXTENDED));
}

/* Table 78. */
static const char *module_type(uint32_t type)
{
	static const char *const names[] = {
		[0x07] = "RAM", [0x0f] = "SDRAM", [0x12] = "DDR", [0x13] = "DDR2", [0x14] = "DDR2 FB-DIMM", [0x18] = "DDR3",
		[0x1a] = "DDR4", [0x1b] = "LPDDR", [0x1c] = "LPDDR2", [0x1d] = "LPDDR3", [0x1e] = "LPDDR4", [0x20] = "HBM",
		[0x21] = "HBM2", [0x22] = "DDR5", [0x23] = "LPDDR5", [0x24] = "HBM3",
	};

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "";
}

static void module_read(const struct structure *s, struct smbios_module *ret)
{
	const uint32_t total = field(s, MODULE_TOTAL_WIDTH, 2), data = field(s, MODULE_DATA_WIDTH, 2);

	*ret = (struct smbios_module){ .handle = bytes_get_u16(s->data + 2), .size = module_size(s) };
	ret->ecc = data && total != UNKNOWN && data != UNKNOWN && total > data;
	ret->type = module_type(field(s, MODULE_TYPE, 1));
	ret->speed = field_extended(s, MODULE_SPEED_CONFIGURED, UNKNOWN, MODULE_SPEED_CONFIGURED_EXTENDED);
	if (!ret->speed)
		ret->speed = field_extended(s, MODULE_SPEED, UNKNOWN, MODULE_SPEED_EXTENDED);
	string_read(s, MODULE_SLOT, ret->slot, sizeof(ret->slot));
	string_read(s, MODULE_BANK, ret->bank, sizeof(ret->bank));
	string_read(s, MODULE_VENDOR, ret->vendor, sizeof(ret->vendor));
	string_read(s, MODULE_PART, ret->part, sizeof(ret->part));
}

/* The next structure of a type, from *position on. */
static bool structure_find(const struct smbios_table *table, size_t *position, uint8_t type, struct structure *ret)
{
	const uint8_t *at = table->data + *position, *const end = table->data + table->size;
	bool found = false;

	while (!found && structure_next(&at, end, ret))
		found = ret->data[0] == type;
	*position = (size_t)(at - table->data);
	return found;
}

bool smbios_next_module(const struct smbios_table *table, size_t *position, struct smbios_module *ret)
{
	struct structure structure;

	if (!structure_find(table, position, TYPE_MODULE, &structure))
		return false;
	module_read(&structure, ret);
	return true;
}

/* False for one that is cut short, or ends before it begins. */
static bool range_read(const struct structure *s, struct smbios_range *ret)
{
	const bool extended = field(s, RANGE_FIRST, 4) == UINT32_MAX;

	if (s->data[1] < (extended ? RANGE_SIZE_EXTENDED : RANGE_SIZE))
		return false;
	ret->module = bytes_get_u16(s->data + RANGE_MODULE);
	ret->first = extended ? bytes_get_u64(s->data + RANGE_FIRST_EXTENDED) : KIB(bytes_get_u32(s->data + RANGE_FIRST));
	ret->last = extended ? bytes_get_u64(s->data + RANGE_LAST_EXTENDED) : KIB(bytes_get_u32(s->data + RANGE_LAST)) + 1023;
	return ret->first <= ret->last;
}

bool smbios_next_range(const struct smbios_table *table, size_t *position, struct smbios_range *ret)
{
	struct structure structure;

	while (structure_find(table, position, TYPE_RANGE, &structure))
		if (range_read(&structure, ret))
			return true;
	return false;
}
