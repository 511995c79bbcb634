/* lib/acpi_fadt.c: a FADT of every length, and what firmware writes into one. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/acpi.h"
#include "tests/unit/acpi_builder.h"

enum { SIZE = 276, NO_FIXED_BUTTON = 1 << 4, TIMER_32 = 1 << 8, RESET = 1 << 10, REDUCED = 1 << 20 };

static void put(size_t offset, uint64_t value, size_t size)
{
	physmem_put(builder_bytes + offset, value, size);
}

static void put_address(size_t offset, uint8_t space, paddr_t address)
{
	put(offset, space | 32 << 8 | 3 << 24, 4);
	put(offset + 4, address, 8);
}

/* A FADT with something in each field that is read. */
static void make_fadt(void)
{
	builder_start(SIZE, 6);
	put(40, 0x7fe00000, 4);
	put(46, 0x2109, 2);
	put(48, 0xb2, 4);
	builder_bytes[52] = 0xa0;
	put(56, 0x400, 4);
	put(64, 0x404, 4);
	put(76, 0x408, 4);
	put(80, 0x420, 4);
	builder_bytes[88] = 4;
	builder_bytes[92] = 16;
	builder_bytes[91] = 4;
	builder_bytes[108] = 50;
	put(112, TIMER_32 | RESET, 4);
	put_address(116, 1, 0xcf9);
	builder_bytes[128] = 6;
	put(140, 0x17fe00000, 8);
	put_address(148, 1, 0x1800);
	put_address(184, 1, 0x1884);
	put_address(208, 1, 0x1808);
	put_address(244, 0, 0xfed00000);
	put_address(256, 1, 0x600);
}

static struct acpi_fadt read_fadt(size_t size)
{
	const struct acpi_table table = builder_cut(size);
	struct acpi_fadt fadt;

	memset(&fadt, 0xff, sizeof(fadt));
	acpi_fadt_read(&table, &fadt);
	return fadt;
}

/* The header alone to the whole: each field is read where its last byte is there. */
TEST(fields_by_the_length_of_the_fadt)
{
	make_fadt();
	for (size_t size = 36; size <= SIZE; size++) {
		const struct acpi_fadt f = read_fadt(size);

		CHECK_EQ(f.sci, size >= 48 ? 0x2109 : 0);
		CHECK_EQ(f.century, size >= 109 ? 50 : 0);
		CHECK_EQ(f.dsdt, size >= 148 ? 0x17fe00000 : size >= 44 ? 0x7fe00000 : 0);
		CHECK_EQ(f.reset.address, size >= 129 ? 0xcf9 : 0);
		CHECK_EQ(f.reset.space, size >= 129 ? ACPI_SPACE_PORTS : 0);
		CHECK_EQ(f.reset_value, size >= 129 ? 6 : 0);
		CHECK_EQ(f.sleep_control.address, size >= 256 ? 0xfed00000 : 0);
		CHECK_EQ(f.sleep_status.address, size >= 268 ? 0x600 : 0);
		CHECK_EQ(f.no_8042, size > 132);
		CHECK_EQ(f.no_legacy_devices, size > 132);
		CHECK(!f.hardware_reduced && !f.no_vga && !f.no_msi && !f.no_aspm && !f.no_rtc);
	}
}

TEST(fixed_hardware_by_the_length_of_the_fadt)
{
	make_fadt();
	for (size_t size = 36; size <= SIZE; size++) {
		const struct acpi_fadt f = read_fadt(size);

		CHECK_EQ(f.smi_command, size >= 52 ? 0xb2 : 0);
		CHECK_EQ(f.acpi_enable, size >= 53 ? 0xa0 : 0);
		CHECK_EQ(f.pm1_event[0], size >= 160 ? 0x1800 : size >= 60 ? 0x400 : 0);
		CHECK_EQ(f.pm1_event[1], 0);
		CHECK_EQ(f.pm1_control[0], size >= 68 ? 0x404 : 0);
		CHECK_EQ(f.pm1_control[1], size >= 196 ? 0x1884 : 0);
		CHECK_EQ(f.pm1_event_size, size >= 89 ? 4 : 0);
		CHECK_EQ(f.gpe[0], size >= 84 ? 0x420 : 0);
		CHECK_EQ(f.gpe_size[0], size >= 93 ? 16 : 0);
		CHECK_EQ(f.power_button, size >= 116);
	}
}

TEST(fixed_hardware_that_is_not_there)
{
	make_fadt();
	put(112, REDUCED, 4);
	CHECK(!read_fadt(SIZE).pm1_control[0] && !read_fadt(SIZE).smi_command && !read_fadt(SIZE).power_button);
	put(112, NO_FIXED_BUTTON, 4);
	CHECK(read_fadt(SIZE).pm1_control[0] && !read_fadt(SIZE).power_button);
	put(112, 0, 4);
	put(56, 0xfffd, 4);		/* no room for a register */
	put_address(148, 0, 0xfed00000);	/* in memory: never seen */
	CHECK_EQ(read_fadt(SIZE).pm1_event[0], 0);
	CHECK(!read_fadt(SIZE).power_button);
	put(48, 0x100b2, 4);
	CHECK_EQ(read_fadt(SIZE).smi_command, 0);
}

TEST(dsdt)
{
	make_fadt();
	put(140, 0, 8);
	CHECK_EQ(read_fadt(SIZE).dsdt, 0x7fe00000);
}

TEST(boot_flags)
{
	for (unsigned flags = 0; flags < 64; flags++) {
		make_fadt();
		put(109, 0xffc0 | flags, 2);

		const struct acpi_fadt f = read_fadt(244);

		CHECK_EQ(f.no_legacy_devices, !(flags & 1));
		CHECK_EQ(f.no_8042, !(flags & 2));
		CHECK_EQ(f.no_vga, !!(flags & 4));
		CHECK_EQ(f.no_msi, !!(flags & 8));
		CHECK_EQ(f.no_aspm, !!(flags & 16));
		CHECK_EQ(f.no_rtc, !!(flags & 32));
	}
}

static void reset_is(uint8_t space, paddr_t address, bool usable)
{
	struct acpi_fadt f;

	make_fadt();
	put_address(116, space, address);
	f = read_fadt(SIZE);
	CHECK_EQ(f.reset.address, usable ? address : 0);
	CHECK_EQ(f.reset.space, usable ? space : 0);
	CHECK_EQ(f.reset_value, usable ? 6 : 0);
}

TEST(reset_registers)
{
	reset_is(1, 0xb2, true);
	reset_is(1, 0xffff, true);
	reset_is(1, 0x10000, false);
	reset_is(1, 0, false);
	reset_is(0, 0x1fed80000, true);
	reset_is(0, 0, false);
	reset_is(2, 0x1f00000064, true);	/* device 31, register 64h */
	reset_is(2, 0, false);
	reset_is(3, 0x10, false);		/* the embedded controller: needs a driver */
	reset_is(0x7f, 0x10, false);
	make_fadt();
	put(112, (uint32_t)~RESET, 4);
	CHECK_EQ(read_fadt(SIZE).reset.address, 0);
	CHECK_EQ(read_fadt(SIZE).reset_value, 0);
}

static void pm_timer_is(size_t size, int result, paddr_t address, unsigned bits)
{
	const struct acpi_table table = builder_cut(size);
	struct acpi_address timer = { 0 };
	unsigned got_bits = 0;

	CHECK_EQ(acpi_fadt_pm_timer(&table, &timer, &got_bits), result);
	CHECK_EQ(timer.address, address);
	CHECK_EQ(timer.width, address ? 32 : 0);
	CHECK_EQ(timer.access, address ? 3 : 0);
	CHECK_EQ(got_bits, bits);
}

TEST(pm_timer_by_the_length_of_the_fadt)
{
	make_fadt();
	for (size_t size = 36; size <= SIZE; size++)
		pm_timer_is(size, size >= 92 ? 0 : -ENOENT, size >= 220 ? 0x1808 : size >= 92 ? 0x408 : 0,
			    size >= 116 ? 32 : size >= 92 ? 24 : 0);
}

TEST(pm_timer_flags)
{
	make_fadt();
	put(112, (uint32_t)~(TIMER_32 | REDUCED), 4);
	pm_timer_is(244, 0, 0x1808, 24);
	put(112, REDUCED, 4);
	pm_timer_is(244, -ENOENT, 0, 0);
	CHECK(read_fadt(244).hardware_reduced);
}

TEST(pm_timer_falls_back_to_the_old_field)
{
	make_fadt();
	memset(builder_bytes + 208, 0, 12);	/* one of 219 real machines */
	pm_timer_is(244, 0, 0x408, 32);
	put_address(208, 1, 0xfffd);		/* four ports do not fit there */
	pm_timer_is(244, 0, 0x408, 32);
	put_address(208, 1, 0xfffc);
	pm_timer_is(244, 0, 0xfffc, 32);
	put_address(208, 10, 0xfffc);		/* a platform channel */
	pm_timer_is(244, 0, 0x408, 32);
	builder_bytes[91] = 0;			/* no timer, says the old field */
	pm_timer_is(244, -ENOENT, 0, 0);
	builder_bytes[91] = 4;
	put(76, 0x10000, 4);
	pm_timer_is(244, -ENOENT, 0, 0);
	put_address(208, 0, 0xfed08000);	/* in memory */
	pm_timer_is(244, 0, 0xfed08000, 32);
}

TEST_MAIN
