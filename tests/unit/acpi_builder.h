/* Single ACPI tables for tests, built entry by entry.
 *
 * Rules: there is one table at a time; builder_start throws the last one away, with all copies of it that builder_cut
 * gave. Those are as long as was asked for, at an odd address, so that the sanitizers see any read behind the end. */
#ifndef TESTS_UNIT_ACPI_BUILDER_H
#define TESTS_UNIT_ACPI_BUILDER_H

#include "lib/acpi.h"
#include "tests/unit/physmem.h"

static uint8_t builder_bytes[64 << 10];
static struct physmem builder_memory = { .bytes = builder_bytes };

static inline void builder_start(size_t header_size, uint8_t revision)
{
	physmem_free(&builder_memory);
	memset(builder_bytes, 0, sizeof(builder_bytes));
	builder_bytes[8] = revision;
	builder_memory.size = header_size;
}

/* Zeros at the end of the table, to be filled in. */
static inline uint8_t *builder_add(size_t size)
{
	uint8_t *const added = builder_bytes + builder_memory.size;

	if (size > sizeof(builder_bytes) - builder_memory.size)
		abort();
	builder_memory.size += size;
	return added;
}

/* An entry of a MADT or SRAT, zeros behind its type and length. */
static inline uint8_t *builder_add_entry(uint8_t type, uint8_t size)
{
	uint8_t *const entry = builder_add(size);

	entry[0] = type;
	entry[1] = size;
	return entry;
}

/* The first bytes of the table. */
static inline struct acpi_table builder_cut(size_t size)
{
	return (struct acpi_table){ physmem_map(&builder_memory, 0, size), size, 0 };
}

static inline struct acpi_table builder_table(void)
{
	return builder_cut(builder_memory.size);
}

#endif
