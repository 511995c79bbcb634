/* lib/acpi_madt.c: entries as firmware should write them, as it does write them, and as nobody should. */
#include "tests/unit/test.h"

#include "lib/acpi.h"
#include "tests/unit/acpi_builder.h"
#include "tests/unit/random.h"

enum { HEADER = 44, MANY = 3000 };

static void add_lapic(uint8_t uid, uint8_t apic_id, uint32_t flags)
{
	uint8_t *const entry = builder_add_entry(0, 8);

	entry[2] = uid;
	entry[3] = apic_id;
	physmem_put(entry + 4, flags, 4);
}

static void add_x2apic(uint32_t uid, uint32_t apic_id, uint32_t flags)
{
	uint8_t *const entry = builder_add_entry(9, 16);

	physmem_put(entry + 4, apic_id, 4);
	physmem_put(entry + 8, flags, 4);
	physmem_put(entry + 12, uid, 4);
}

/* The ids that acpi_madt_cpus gives; room is of the list. */
static void cpus_are(size_t room, size_t count, const uint32_t *ids)
{
	const struct acpi_table madt = builder_table();
	struct acpi_madt_cpu *const cpus = malloc(room * sizeof(*cpus) + 1);
	const size_t found = acpi_madt_cpus(&madt, cpus, room);

	CHECK_EQ(found, count);
	for (size_t i = 0; i < MIN(found, count); i++)
		CHECK_EQ(cpus[i].apic_id, ids[i]);
	free(cpus);
}

TEST(cpus_of_both_forms)
{
	struct acpi_madt_cpu cpu;
	struct acpi_table madt;
	size_t at = 0;

	builder_start(HEADER, 5);
	add_lapic(7, 3, 1);
	add_x2apic(0x12345, 0x10001, 1);
	madt = builder_table();
	CHECK(acpi_madt_next_cpu(&madt, &at, &cpu));
	CHECK(cpu.uid == 7 && cpu.apic_id == 3 && cpu.enabled && !cpu.online_capable);
	CHECK(acpi_madt_next_cpu(&madt, &at, &cpu));
	CHECK(cpu.uid == 0x12345 && cpu.apic_id == 0x10001 && cpu.enabled && !cpu.online_capable);
	CHECK(!acpi_madt_next_cpu(&madt, &at, &cpu));
	CHECK(!acpi_madt_next_cpu(&madt, &at, &cpu));
	CHECK_EQ(at, madt.size);
}

TEST(cpus_that_are_not_enabled)
{
	static const uint32_t flags[] = { 0, 2, 3, ~3u };
	struct acpi_madt_cpu cpu;
	struct acpi_table madt;
	size_t at = 0;

	builder_start(HEADER, 5);
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		add_lapic(1, 1, flags[i]);
		add_x2apic(1, 1, flags[i]);
	}
	madt = builder_table();
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(flags); i++) {
		CHECK(acpi_madt_next_cpu(&madt, &at, &cpu));
		CHECK_EQ(cpu.enabled, i / 2 == 2);
		CHECK_EQ(cpu.online_capable, i / 2 == 1);
	}
	CHECK(!acpi_madt_next_cpu(&madt, &at, &cpu));
}

/* 255 is everybody in the short form, and a CPU in the long one. */
TEST(ids_that_address_all)
{
	builder_start(HEADER, 5);
	add_lapic(0, 255, 1);
	add_x2apic(1, 0xffffffff, 1);
	cpus_are(2, 0, NULL);
	add_x2apic(2, 255, 1);
	cpus_are(3, 1, (uint32_t[]){ 255 });
}

TEST(cpus_are_sorted_and_each_comes_once)
{
	builder_start(HEADER, 5);
	add_lapic(0, 6, 1);
	add_lapic(1, 2, 1);
	add_x2apic(2, 300, 1);
	add_lapic(3, 4, 0);
	add_x2apic(0, 6, 1);
	add_lapic(4, 0, 1);
	add_lapic(0, 6, 1);
	cpus_are(6, 4, (uint32_t[]){ 0, 2, 6, 300 });
	cpus_are(2, 2, (uint32_t[]){ 2, 6 });
	cpus_are(0, 0, NULL);
}

TEST(thousands_of_cpus_in_any_order)
{
	static uint32_t ids[MANY];
	uint32_t swapped;

	for (uint32_t i = 0; i < MANY; i++)
		ids[i] = 3 * i;
	builder_start(HEADER, 5);
	random_state = 1;
	for (uint32_t i = MANY; i; i--) {
		const uint32_t other = (uint32_t)random_under(i);

		swapped = ids[i - 1];
		ids[i - 1] = ids[other];
		ids[other] = swapped;
		add_x2apic(i, ids[i - 1], 1);
	}
	for (uint32_t i = 0; i < 500; i++)
		add_x2apic(i, ids[i], 1);	/* again */
	for (uint32_t i = 0; i < MANY; i++)
		ids[i] = 3 * i;
	cpus_are(MANY + 500, MANY, ids);
}

TEST(no_cpus)
{
	builder_start(HEADER, 5);
	cpus_are(4, 0, NULL);
	add_lapic(0, 1, 0);
	cpus_are(4, 0, NULL);
}

TEST(ioapics)
{
	struct acpi_madt_ioapic io;
	struct acpi_table madt;
	uint8_t *entry;
	size_t at = 0;

	builder_start(HEADER, 5);
	for (uint8_t i = 0; i < 2; i++) {
		entry = builder_add_entry(1, 12);
		entry[2] = 8 + i;
		physmem_put(entry + 4, 0xfec00000 + 0x1000u * i, 4);
		physmem_put(entry + 8, 24u * i, 4);
	}
	madt = builder_table();
	CHECK(acpi_madt_next_ioapic(&madt, &at, &io));
	CHECK(io.id == 8 && io.address == 0xfec00000 && io.gsi_base == 0);
	CHECK(acpi_madt_next_ioapic(&madt, &at, &io));
	CHECK(io.id == 9 && io.address == 0xfec01000 && io.gsi_base == 24);
	CHECK(!acpi_madt_next_ioapic(&madt, &at, &io));
}

TEST(overrides_in_all_wirings)
{
	struct acpi_madt_override o;
	struct acpi_table madt;
	size_t at = 0;

	builder_start(HEADER, 5);
	for (uint8_t flags = 0; flags < 16; flags++) {
		uint8_t *const entry = builder_add_entry(2, 10);

		entry[3] = flags;
		physmem_put(entry + 4, 0x10000u + flags, 4);
		physmem_put(entry + 8, 0xfff0u | flags, 2);	/* the rest is reserved */
	}
	madt = builder_table();
	for (unsigned i = 0; i < 16; i++) {
		CHECK(acpi_madt_next_override(&madt, &at, &o));
		CHECK(o.irq == i && o.gsi == 0x10000 + i && o.wiring.polarity == i % 4 && o.wiring.trigger == i / 4);
	}
	CHECK(!acpi_madt_next_override(&madt, &at, &o));
}

TEST(nmis_of_ioapics_and_local_apics)
{
	struct acpi_madt_nmi_source source;
	struct acpi_madt_lapic_nmi nmi;
	struct acpi_table madt;
	size_t at = 0, lapic_at = 0;

	builder_start(HEADER, 5);
	memcpy(builder_add(8), "\x03\x08\x0d\x00\x11\x00\x00\x00", 8);
	memcpy(builder_add(6), "\x04\x06\xff\x05\x00\x01", 6);
	memcpy(builder_add(6), "\x04\x06\x07\x0f\x00\x00", 6);
	memcpy(builder_add(12), "\x0a\x0c\x05\x00\xff\xff\xff\xff\x01\x00\x00\x00", 12);
	memcpy(builder_add(12), "\x0a\x0c\x05\x00\xff\x00\x00\x00\x01\x00\x00\x00", 12);
	madt = builder_table();
	CHECK(acpi_madt_next_nmi_source(&madt, &at, &source));
	CHECK(source.gsi == 17 && source.wiring.polarity == ACPI_POLARITY_HIGH && source.wiring.trigger == ACPI_TRIGGER_LEVEL);
	CHECK(!acpi_madt_next_nmi_source(&madt, &at, &source));
	CHECK(acpi_madt_next_lapic_nmi(&madt, &lapic_at, &nmi));
	CHECK(nmi.uid == ACPI_ALL_CPUS && nmi.lint == 1 && !nmi.x2apic);
	CHECK(nmi.wiring.polarity == ACPI_POLARITY_HIGH && nmi.wiring.trigger == ACPI_TRIGGER_EDGE);
	CHECK(acpi_madt_next_lapic_nmi(&madt, &lapic_at, &nmi));
	CHECK(nmi.uid == 7 && nmi.lint == 0 && nmi.wiring.polarity == ACPI_POLARITY_LOW && nmi.wiring.trigger == ACPI_TRIGGER_LEVEL);
	CHECK(acpi_madt_next_lapic_nmi(&madt, &lapic_at, &nmi));
	CHECK(nmi.uid == ACPI_ALL_CPUS && nmi.lint == 1 && nmi.x2apic && nmi.wiring.trigger == ACPI_TRIGGER_EDGE);
	CHECK(acpi_madt_next_lapic_nmi(&madt, &lapic_at, &nmi));
	CHECK(nmi.uid == 255 && nmi.x2apic);	/* one CPU, in this form */
	CHECK(!acpi_madt_next_lapic_nmi(&madt, &lapic_at, &nmi));
}

TEST(fields_of_the_header_by_its_length)
{
	struct acpi_table madt;

	builder_start(HEADER, 1);
	physmem_put(builder_bytes + 36, 0xfee00000, 4);
	physmem_put(builder_bytes + 40, 0xff, 4);
	for (size_t size = 36; size <= HEADER; size++) {
		madt = builder_cut(size);
		CHECK_EQ(acpi_madt_lapic_address(&madt), size >= 40 ? 0xfee00000 : 0);
		CHECK_EQ(acpi_madt_has_pic(&madt), size >= 44);
	}
	physmem_put(builder_bytes + 40, 0xfffffffe, 4);
	madt = builder_table();
	CHECK(!acpi_madt_has_pic(&madt));
}

TEST(address_of_64_bits)
{
	struct acpi_table madt;

	builder_start(HEADER, 5);
	physmem_put(builder_bytes + 36, 0xfee00000, 4);
	builder_add_entry(5, 11);	/* too short */
	madt = builder_table();
	CHECK_EQ(acpi_madt_lapic_address(&madt), 0xfee00000);
	physmem_put(builder_add_entry(5, 12) + 4, 0x1fee00000, 8);
	madt = builder_table();
	CHECK_EQ(acpi_madt_lapic_address(&madt), 0x1fee00000);
}

/* What is passed over: types that nobody knows, known ones that are too short. Longer ones than known are read. */
TEST(entries_are_passed_over_by_length)
{
	static const uint8_t least[] = { 8, 12, 10, 8, 6, 12, 0, 0, 0, 16, 12 };
	uint8_t *entry;

	builder_start(HEADER, 5);
	builder_add_entry(127, 2);
	builder_add_entry(255, 255);
	for (uint8_t type = 0; type < ARRAY_SIZE(least); type++) {
		if (least[type])
			memset(builder_add_entry(type, least[type] - 1) + 2, 1, least[type] - 3u);
	}
	entry = builder_add_entry(0, 200);
	entry[3] = 9;
	entry[4] = 1;
	cpus_are(3, 1, (uint32_t[]){ 9 });

	const struct acpi_table madt = builder_table();
	struct acpi_madt_ioapic io;
	struct acpi_madt_override o;
	struct acpi_madt_nmi_source source;
	struct acpi_madt_lapic_nmi nmi;

	CHECK(!acpi_madt_next_ioapic(&madt, &(size_t){ 0 }, &io));
	CHECK(!acpi_madt_next_override(&madt, &(size_t){ 0 }, &o));
	CHECK(!acpi_madt_next_nmi_source(&madt, &(size_t){ 0 }, &source));
	CHECK(!acpi_madt_next_lapic_nmi(&madt, &(size_t){ 0 }, &nmi));
}

TEST(a_wrong_length_ends_the_list)
{
	for (unsigned length = 0; length < 256; length++) {
		builder_start(HEADER, 5);
		add_lapic(0, 1, 1);
		add_lapic(0, 2, 1);
		builder_bytes[HEADER + 8 + 1] = (uint8_t)length;
		add_lapic(0, 3, 1);
		if (length == 8)
			cpus_are(3, 3, (uint32_t[]){ 1, 2, 3 });
		else if (length == 16)
			cpus_are(3, 2, (uint32_t[]){ 1, 2 });	/* it swallows the third */
		else if (length < 2 || length > 16)
			cpus_are(3, 1, (uint32_t[]){ 1 });
	}
}

/* Not even its own two bytes: what begins in the middle of it is no entry. */
TEST(a_length_of_1_ends_the_list)
{
	struct acpi_madt_ioapic io;
	struct acpi_table madt;

	builder_start(HEADER, 5);
	memcpy(builder_add(13), "\x00\x01\x0c", 3);
	madt = builder_table();
	CHECK(!acpi_madt_next_ioapic(&madt, &(size_t){ 0 }, &io));
}

/* A table cut off anywhere: whole entries are read, nothing behind the end is. */
TEST(cut_off_anywhere)
{
	struct acpi_madt_cpu cpus[4];

	builder_start(HEADER, 5);
	for (uint8_t i = 0; i < 4; i++)
		add_lapic(i, i, 1);
	for (size_t size = 36; size <= HEADER + 32; size++) {
		const struct acpi_table madt = builder_cut(size);

		CHECK_EQ(acpi_madt_cpus(&madt, cpus, 4), size < HEADER ? 0 : (size - HEADER) / 8);
	}
}

TEST(uid_of_a_cpu)
{
	uint32_t uid = 77;

	builder_start(HEADER, 5);
	add_lapic(1, 5, 0);		/* a place that is empty */
	add_lapic(2, 5, 1);
	add_lapic(3, 0xff, 1);		/* addresses all: nobody's id */
	add_x2apic(400, 300, 1);
	const struct acpi_table madt = builder_table();

	CHECK(acpi_madt_uid(&madt, 5, &uid));
	CHECK_EQ(uid, 2);
	CHECK(acpi_madt_uid(&madt, 300, &uid));
	CHECK_EQ(uid, 400);
	CHECK(!acpi_madt_uid(&madt, 6, &uid));
	CHECK(!acpi_madt_uid(&madt, 0xff, &uid));
	CHECK_EQ(uid, 400);
}

TEST_MAIN
