/* How the readers of single tables get at bytes; for lib/acpi_*.c alone.
 *
 * Rules: a table is at least its 36-byte header long, and its data as long as its size says: acpi_find saw to that.
 * Nothing here reads behind the size. */
#ifndef LIB_ACPI_FIELD_H
#define LIB_ACPI_FIELD_H

#include "lib/acpi.h"
#include "lib/bytes.h"

enum {
	ACPI_TABLE_REVISION	= 8,
	ACPI_ADDRESS_SIZE	= 12,	/* the generic address structure, section 5.2.3.2 */
};

/* Is the table long enough for the `size` bytes at an offset? */
static inline bool acpi_has(const struct acpi_table *table, size_t offset, size_t size)
{
	return offset <= table->size && size <= table->size - offset;
}

/* Fields of a table that may be too old to have them: 0 then. */
static inline uint8_t acpi_get_u8(const struct acpi_table *table, size_t offset)
{
	return acpi_has(table, offset, 1) ? table->data[offset] : 0;
}

static inline uint16_t acpi_get_u16(const struct acpi_table *table, size_t offset)
{
	return acpi_has(table, offset, 2) ? bytes_get_u16(table->data + offset) : 0;
}

static inline uint32_t acpi_get_u32(const struct acpi_table *table, size_t offset)
{
	return acpi_has(table, offset, 4) ? bytes_get_u32(table->data + offset) : 0;
}

static inline uint64_t acpi_get_u64(const struct acpi_table *table, size_t offset)
{
	return acpi_has(table, offset, 8) ? bytes_get_u64(table->data + offset) : 0;
}

static inline struct acpi_address acpi_get_address(const struct acpi_table *table, size_t offset)
{
	struct acpi_address address = { 0 };

	if (!acpi_has(table, offset, ACPI_ADDRESS_SIZE))
		return address;
	address.space = table->data[offset];
	address.width = table->data[offset + 1];
	address.access = table->data[offset + 3];
	address.address = bytes_get_u64(table->data + offset + 4);
	return address;
}

/* Is this an address that a driver can reach with `size` bytes of registers: memory, or I/O ports under 64 Ki? */
static inline bool acpi_address_usable(const struct acpi_address *a, unsigned size)
{
	if (a->space == ACPI_SPACE_PORTS)
		return a->address && a->address <= 0x10000 - size;
	return a->space == ACPI_SPACE_MEMORY && a->address;
}

/* The entry of a MADT or SRAT (type, length, contents) at *position, or at `first` where *position is before it;
 * *position moves behind the entry. NULL at the end: behind an entry whose length cannot be right nobody knows where
 * the next one begins. */
static inline const uint8_t *acpi_next_entry(const struct acpi_table *table, size_t first, size_t *position)
{
	const size_t at = MAX(*position, first);

	if (!acpi_has(table, at, 2))
		return NULL;

	const uint8_t *const entry = table->data + at;

	if (entry[1] < 2 || !acpi_has(table, at, entry[1]))
		return NULL;
	*position = at + entry[1];
	return entry;
}

/* Is it an entry of this type, and long enough for what is read of it? Newer ones may be longer. */
static inline bool acpi_entry_is(const uint8_t *entry, uint8_t type, uint8_t size)
{
	return entry[0] == type && entry[1] >= size;
}

#endif
