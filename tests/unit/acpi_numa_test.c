/* lib/acpi_numa.c: SRAT and SLIT. */
#include "tests/unit/test.h"

#include "lib/acpi.h"
#include "tests/unit/acpi_builder.h"

enum { SRAT_HEADER = 48, SLIT_HEADER = 44 };

static void add_memory(paddr_t base, uint64_t size, uint32_t domain, uint32_t flags)
{
	uint8_t *const entry = builder_add_entry(1, 40);

	physmem_put(entry + 2, domain, 4);
	physmem_put(entry + 8, base, 8);
	physmem_put(entry + 16, size, 8);
	physmem_put(entry + 28, flags, 4);
}

TEST(cpus_of_both_forms)
{
	static const uint8_t revisions[] = { 1, 2, 3, 255 };
	struct acpi_srat_cpu cpu;

	for (unsigned i = 0; i < ARRAY_SIZE(revisions); i++) {
		struct acpi_table srat;
		size_t at = 0;

		builder_start(SRAT_HEADER, revisions[i]);
		memcpy(builder_add(16), "\0\x10\x04\x21\1\0\0\0\xee\x03\x02\x01\0\0\0\0", 16);
		memcpy(builder_add(24), "\2\x18\0\0\x04\x03\x02\x01\x00\x00\x01\x00\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 24);
		srat = builder_table();
		CHECK(acpi_srat_next_cpu(&srat, &at, &cpu));
		CHECK_EQ(cpu.domain, revisions[i] == 1 ? 4 : 0x01020304);
		CHECK(cpu.apic_id == 0x21 && cpu.enabled);
		CHECK(acpi_srat_next_cpu(&srat, &at, &cpu));
		CHECK(cpu.domain == 0x01020304 && cpu.apic_id == 0x10000 && !cpu.enabled);
		CHECK(!acpi_srat_next_cpu(&srat, &at, &cpu));
	}
}

TEST(memory)
{
	struct acpi_srat_memory m;
	struct acpi_table srat;
	size_t at = 0;

	builder_start(SRAT_HEADER, 3);
	add_memory(0, 0x80000000, 0x101, 1);
	add_memory(0x100000000, 0xf80000000, 2, 7);
	add_memory(5, 6, 3, 0xfffffff8);
	srat = builder_table();
	CHECK(acpi_srat_next_memory(&srat, &at, &m));
	CHECK(m.base == 0 && m.size == 0x80000000 && m.domain == 0x101 && m.enabled && !m.hotpluggable && !m.nonvolatile);
	CHECK(acpi_srat_next_memory(&srat, &at, &m));
	CHECK(m.base == 0x100000000 && m.size == 0xf80000000 && m.domain == 2 && m.enabled && m.hotpluggable && m.nonvolatile);
	CHECK(acpi_srat_next_memory(&srat, &at, &m));
	CHECK(m.base == 5 && m.size == 6 && m.domain == 3 && !m.enabled && !m.hotpluggable && !m.nonvolatile);
	CHECK(!acpi_srat_next_memory(&srat, &at, &m));
	builder_bytes[8] = 1;
	srat = builder_table();
	CHECK(acpi_srat_next_memory(&srat, &(size_t){ 0 }, &m) && m.domain == 1);
}

/* Servers fill up their tables with empty entries; a range that wraps cannot be. */
TEST(memory_that_cannot_be)
{
	struct acpi_srat_memory m;
	struct acpi_table srat;
	size_t at = 0;

	builder_start(SRAT_HEADER, 3);
	add_memory(0, 0, 0, 1);
	add_memory(UINT64_MAX, 1, 0, 1);
	add_memory(UINT64_MAX - 4095, 4096, 0, 1);
	add_memory(1, UINT64_MAX, 0, 1);
	add_memory(UINT64_MAX - 4096, 4096, 4, 1);	/* just fits */
	srat = builder_table();
	CHECK(acpi_srat_next_memory(&srat, &at, &m));
	CHECK(m.base == UINT64_MAX - 4096 && m.domain == 4);
	CHECK(!acpi_srat_next_memory(&srat, &at, &m));
}

TEST(entries_are_passed_over_by_length)
{
	struct acpi_srat_memory m;
	struct acpi_srat_cpu cpu;
	struct acpi_table srat;
	size_t at = 0;

	builder_start(SRAT_HEADER, 3);
	builder_add_entry(0, 15);
	builder_add_entry(1, 39)[16] = 1;
	builder_add_entry(2, 23);
	builder_add_entry(5, 32);	/* generic initiator */
	add_memory(0, 1, 9, 1);
	builder_add_entry(0, 16)[3] = 6;
	builder_add_entry(0, 1);
	builder_add_entry(0, 16);
	srat = builder_table();
	CHECK(acpi_srat_next_memory(&srat, &(size_t){ 0 }, &m) && m.domain == 9);
	CHECK(acpi_srat_next_cpu(&srat, &at, &cpu) && cpu.apic_id == 6);
	CHECK(!acpi_srat_next_cpu(&srat, &at, &cpu));
	for (size_t size = 36; size < srat.size; size++) {
		const struct acpi_table cut = builder_cut(size);

		for (at = 0; acpi_srat_next_cpu(&cut, &at, &cpu);)
			CHECK(at <= size);
		for (at = 0; acpi_srat_next_memory(&cut, &at, &m);)
			CHECK(at <= size);
	}
}

/* Of a four-processor server: domain 0 has no CPUs. */
TEST(distances)
{
	static const uint8_t matrix[25] = {
		10, 20, 20, 20, 20,  20, 10, 20, 30, 30,  20, 20, 10, 30, 30,  20, 30, 30, 10, 20,  20, 30, 30, 20, 255,
	};
	struct acpi_table slit;

	builder_start(SLIT_HEADER, 1);
	physmem_put(builder_bytes + 36, 5, 8);
	memcpy(builder_add(sizeof(matrix)), matrix, sizeof(matrix));
	builder_bytes[SLIT_HEADER + 5 + 3] = 31;	/* one way */
	builder_bytes[SLIT_HEADER + 2] = 255;
	slit = builder_table();
	CHECK_EQ(acpi_slit_distance(&slit, 1, 1), ACPI_DISTANCE_LOCAL);
	CHECK_EQ(acpi_slit_distance(&slit, 1, 3), 31);
	CHECK_EQ(acpi_slit_distance(&slit, 3, 1), 30);
	CHECK_EQ(acpi_slit_distance(&slit, 0, 2), ACPI_DISTANCE_UNREACHABLE);
	CHECK_EQ(acpi_slit_distance(&slit, 4, 4), ACPI_DISTANCE_LOCAL);	/* whatever stands there */
	CHECK_EQ(acpi_slit_distance(&slit, 4, 2), 30);
	CHECK_EQ(acpi_slit_distance(&slit, 1, 5), ACPI_DISTANCE_REMOTE);
	CHECK_EQ(acpi_slit_distance(&slit, 5, 1), ACPI_DISTANCE_REMOTE);
	CHECK_EQ(acpi_slit_distance(&slit, 4, 5), ACPI_DISTANCE_REMOTE);	/* would be behind the end */
	CHECK_EQ(acpi_slit_distance(&slit, 9, 9), ACPI_DISTANCE_LOCAL);
}

TEST(distances_that_cannot_be)
{
	struct acpi_table slit;

	builder_start(SLIT_HEADER, 1);
	physmem_put(builder_bytes + 36, 4, 8);
	for (unsigned i = 0; i < 4; i++)
		memset(builder_add(4), (int)i * 5, 4);
	slit = builder_table();
	CHECK_EQ(acpi_slit_distance(&slit, 0, 1), ACPI_DISTANCE_REMOTE);
	CHECK_EQ(acpi_slit_distance(&slit, 1, 0), ACPI_DISTANCE_REMOTE);
	CHECK_EQ(acpi_slit_distance(&slit, 2, 0), ACPI_DISTANCE_REMOTE);	/* as near as near itself */
	CHECK_EQ(acpi_slit_distance(&slit, 3, 0), 15);
}

/* No matrix of that many domains is in the table: the count is not believed, whatever it would take to multiply it. */
TEST(distances_by_the_length_of_the_table)
{
	static const uint64_t counts[] = { 0, 1, 5, 1ull << 16, 1ull << 31, UINT32_MAX, 1ull << 32, 1ull << 33, UINT64_MAX };
	struct acpi_table slit;

	builder_start(SLIT_HEADER, 1);
	memset(builder_add(16), 40, 16);
	physmem_put(builder_bytes + 36, 4, 8);
	for (size_t size = 36; size <= SLIT_HEADER + 16; size++) {
		slit = builder_cut(size);
		CHECK_EQ(acpi_slit_distance(&slit, 1, 0), size == SLIT_HEADER + 16 ? 40 : ACPI_DISTANCE_REMOTE);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		physmem_put(builder_bytes + 36, counts[i], 8);
		slit = builder_table();
		CHECK_EQ(acpi_slit_distance(&slit, 1, 0), ACPI_DISTANCE_REMOTE);
		CHECK_EQ(acpi_slit_distance(&slit, UINT32_MAX - 1, 0), ACPI_DISTANCE_REMOTE);
	}
}

TEST_MAIN
