/* lib/acpi_devices.c: HPET, MCFG and SPCR. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/acpi.h"
#include "tests/unit/acpi_builder.h"

TEST(hpet)
{
	struct acpi_table table;
	paddr_t base = 77;

	builder_start(56, 1);
	table = builder_table();
	CHECK_EQ(acpi_hpet_base(&table, &base), -ENOENT);
	physmem_put(builder_bytes + 44, 0xfed00000, 8);
	table = builder_cut(51);
	CHECK_EQ(acpi_hpet_base(&table, &base), -ENOENT);
	builder_bytes[40] = 1;	/* ports */
	table = builder_table();
	CHECK_EQ(acpi_hpet_base(&table, &base), -ENOENT);
	CHECK_EQ(base, 77);
	builder_bytes[40] = 0;
	table = builder_cut(52);
	CHECK_EQ(acpi_hpet_base(&table, &base), 0);
	CHECK_EQ(base, 0xfed00000);
}

TEST(mcfg)
{
	struct acpi_mcfg_range range;
	struct acpi_table table;
	size_t at = 0;

	builder_start(44, 1);
	memcpy(builder_add(16), "\0\0\0\xe0\0\0\0\0\0\0\0\xff\xee\xee\xee\xee", 16);
	memcpy(builder_add(16), "\0\0\0\0\x12\0\0\0\2\1\x80\x7f\0\0\0\0", 16);
	table = builder_table();
	CHECK(acpi_mcfg_next_range(&table, &at, &range));
	CHECK(range.base == 0xe0000000 && range.segment == 0 && range.bus_first == 0 && range.bus_last == 255);
	CHECK(acpi_mcfg_next_range(&table, &at, &range));
	CHECK(range.base == 0x1200000000 && range.segment == 0x102 && range.bus_first == 128 && range.bus_last == 127);
	CHECK(!acpi_mcfg_next_range(&table, &at, &range));
	for (size_t size = 36; size <= table.size; size++) {
		const struct acpi_table cut = builder_cut(size);
		unsigned count = 0;

		for (at = 0; acpi_mcfg_next_range(&cut, &at, &range);)
			count++;
		CHECK_EQ(count, size < 44 ? 0 : (size - 44) / 16);
	}
}

static void spcr_is(const uint8_t p[88], size_t size, int result, paddr_t port, uint32_t baud)
{
	struct acpi_address address = { 0 };
	uint32_t got_baud = 0;

	builder_start(88, 0);
	memcpy(builder_bytes, p, 88);

	const struct acpi_table table = builder_cut(size);

	CHECK_EQ(acpi_spcr_port(&table, &address, &got_baud), result);
	CHECK_EQ(address.address, port);
	CHECK_EQ(got_baud, baud);
}

TEST(spcr_ports)
{
	uint8_t p[88] = { [8] = 1, [40] = 1, [41] = 8, [58] = 7 };

	spcr_is(p, 80, -ENOENT, 0, 0);		/* switched off */
	physmem_put(p + 44, 0x2f8, 8);
	spcr_is(p, 80, 0, 0x2f8, 115200);
	spcr_is(p, 59, 0, 0x2f8, 115200);
	spcr_is(p, 58, -ENOENT, 0, 0);
	physmem_put(p + 44, 0xfff9, 8);		/* eight ports do not fit there */
	spcr_is(p, 80, -EINVAL, 0, 0);
	physmem_put(p + 44, 0xfff8, 8);
	spcr_is(p, 80, 0, 0xfff8, 115200);
	p[40] = 2;				/* PCI configuration space */
	spcr_is(p, 80, -EINVAL, 0, 0);
	p[40] = 0;
	physmem_put(p + 44, 0x40fe036000, 8);
	spcr_is(p, 80, 0, 0x40fe036000, 115200);
}

TEST(spcr_interfaces)
{
	uint8_t p[88] = { [40] = 1, [44] = 0xf8, [45] = 3, [58] = 3 };

	for (unsigned interface = 0; interface < 256; interface++) {
		for (unsigned revision = 1; revision <= 4; revision++) {
			const bool good = interface < 2 || (interface == 0x12 && revision > 1);

			p[8] = (uint8_t)revision;
			p[36] = (uint8_t)interface;
			spcr_is(p, 80, good ? 0 : -EINVAL, good ? 0x3f8 : 0, good ? 9600 : 0);
		}
	}
}

TEST(spcr_bauds)
{
	static const uint32_t rates[10] = { 0, 0, 0, 9600, 19200, 0, 57600, 115200 };
	uint8_t p[88] = { [8] = 4, [40] = 1, [44] = 0xf8, [45] = 3 };

	for (unsigned i = 0; i < 10; i++) {
		p[58] = (uint8_t)i;
		spcr_is(p, 80, 0, 0x3f8, rates[i]);
	}
	p[58] = 255;
	spcr_is(p, 88, 0, 0x3f8, 0);
	physmem_put(p + 80, 1500000, 4);
	spcr_is(p, 88, 0, 0x3f8, 1500000);
	spcr_is(p, 84, 0, 0x3f8, 1500000);
	spcr_is(p, 83, 0, 0x3f8, 0);
	p[8] = 2;
	spcr_is(p, 88, 0, 0x3f8, 0);
}

TEST_MAIN
