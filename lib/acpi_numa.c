/* Which CPUs and which memory belong together: the system resource affinity table (ACPI specification 6.5, section
 * 5.2.16) and the system locality distance table (section 5.2.17).
 *
 * Proximity domains were bytes until ACPI 3.0, which put 24 bits more where reserved bytes had been. Tables of revision
 * 1 still have anything there, so the revision decides how much of a domain counts. */
#include "lib/acpi_field.h"

enum {
	SRAT_ENTRIES		= 48,

	/* Types of entries, and how long they must be. */
	CPU = 0,		CPU_SIZE = 16,
	MEMORY = 1,		MEMORY_SIZE = 40,
	X2APIC_CPU = 2,		X2APIC_CPU_SIZE = 24,

	CPU_ENABLED		= 1 << 0,
	MEMORY_ENABLED		= 1 << 0,
	MEMORY_HOTPLUGGABLE	= 1 << 1,
	MEMORY_NONVOLATILE	= 1 << 2,

	SLIT_COUNT		= 36,
	SLIT_MATRIX		= 44,
};

static uint32_t domain_in(const struct acpi_table *srat, uint32_t domain)
{
	return srat->data[ACPI_TABLE_REVISION] < 2 ? domain & 0xff : domain;
}

/* Is it a CPU's entry, in either form? */
static bool cpu_read(const struct acpi_table *srat, const uint8_t *entry, struct acpi_srat_cpu *ret)
{
	if (acpi_entry_is(entry, CPU, CPU_SIZE)) {
		/* Bits 8 to 31 of the domain are the upper bytes of this word; its lowest is something else. */
		ret->domain = domain_in(srat, (bytes_get_u32(entry + 8) & 0xffffff00) | entry[2]);
		ret->apic_id = entry[3];
		ret->enabled = bytes_get_u32(entry + 4) & CPU_ENABLED;
		return true;
	}
	if (acpi_entry_is(entry, X2APIC_CPU, X2APIC_CPU_SIZE)) {
		ret->domain = bytes_get_u32(entry + 4);
		ret->apic_id = bytes_get_u32(entry + 8);
		ret->enabled = bytes_get_u32(entry + 12) & CPU_ENABLED;
		return true;
	}
	return false;
}

bool acpi_srat_next_cpu(const struct acpi_table *srat, size_t *position, struct acpi_srat_cpu *ret)
{
	const uint8_t *entry;

	while ((entry = acpi_next_entry(srat, SRAT_ENTRIES, position))) {
		if (cpu_read(srat, entry, ret))
			return true;
	}
	return false;
}

/* Is it a memory entry with a range that can be? */
static bool memory_read(const struct acpi_table *srat, const uint8_t *entry, struct acpi_srat_memory *ret)
{
	if (!acpi_entry_is(entry, MEMORY, MEMORY_SIZE))
		return false;

	const uint32_t flags = bytes_get_u32(entry + 28);

	ret->domain = domain_in(srat, bytes_get_u32(entry + 2));
	ret->base = bytes_get_u64(entry + 8);
	ret->size = bytes_get_u64(entry + 16);
	ret->enabled = flags & MEMORY_ENABLED;
	ret->hotpluggable = flags & MEMORY_HOTPLUGGABLE;
	ret->nonvolatile = flags & MEMORY_NONVOLATILE;
	return ret->size && ret->size <= UINT64_MAX - ret->base;
}

bool acpi_srat_next_memory(const struct acpi_table *srat, size_t *position, struct acpi_srat_memory *ret)
{
	const uint8_t *entry;

	while ((entry = acpi_next_entry(srat, SRAT_ENTRIES, position))) {
		if (memory_read(srat, entry, ret))
			return true;
	}
	return false;
}

/* Firmware fills matrices with zeros, and with 10 everywhere; nothing but a domain itself is as near as that. */
unsigned acpi_slit_distance(const struct acpi_table *slit, uint32_t from, uint32_t to)
{
	const uint64_t count = acpi_get_u64(slit, SLIT_COUNT);
	/* A count that is not 0 was in the table, hence so is all before the matrix. Its square may be more than 64 bits. */
	const bool listed = from < count && to < count && count <= (slit->size - SLIT_MATRIX) / count;
	const unsigned distance = listed ? slit->data[SLIT_MATRIX + from * count + to] : 0;

	if (from == to)
		return ACPI_DISTANCE_LOCAL;
	return distance > ACPI_DISTANCE_LOCAL ? distance : ACPI_DISTANCE_REMOTE;
}
