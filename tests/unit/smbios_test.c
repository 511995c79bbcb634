/* lib/smbios.c on both forms of entry point, and on tables that lie about their lengths. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/smbios.h"
#include "tests/unit/physmem.h"

enum { BASE = 0xf0000, ENTRY = 0, TABLE = 0x40, SIZE = 0x400 };

static uint8_t bytes[SIZE];
static struct physmem memory = { bytes, SIZE, BASE, NULL };
static size_t table_size;

static void make_memory(void)
{
	physmem_free(&memory);
	memset(bytes, 0, SIZE);
	table_size = 0;
}

/* Append a structure; its strings are given with the NULs between them, and get one more behind them. */
static uint8_t *put_structure(uint8_t type, uint8_t length, const char *strings, size_t strings_size)
{
	uint8_t *p = bytes + TABLE + table_size;

	p[0] = type;
	p[1] = length;
	memcpy(p + length, strings, strings_size);
	p[length + strings_size] = 0;
	table_size += length + strings_size + 1;
	return p;
}

static void put_bios_and_system(void)
{
	static const char bios[] = "SeaSide\0" "1.2.3  \0" "04/01/2014", machine[] = "Boat Works Inc.\0" "Dinghy 9";
	uint8_t *p;

	p = put_structure(0, 24, bios, sizeof(bios));
	p[4] = 1, p[5] = 2, p[8] = 3;
	p = put_structure(1, 27, machine, sizeof(machine));
	p[4] = 1, p[5] = 2;
}

static void put_entry(bool third)
{
	uint8_t *p = bytes + ENTRY;

	memset(p, 0, TABLE);
	if (third) {
		memcpy(p, "_SM3_", 5);
		p[6] = 24;
		physmem_put(p + 12, table_size, 4);
		physmem_put(p + 16, BASE + TABLE, 8);
		physmem_seal(p, 24, 5);
	} else {
		memcpy(p, "_SM_", 4);
		p[5] = 31;
		memcpy(p + 16, "_DMI_", 5);
		physmem_put(p + 22, table_size, 2);
		physmem_put(p + 24, BASE + TABLE, 4);
		physmem_seal(p, 31, 4);
	}
}

static int read_names(struct smbios_names *ret)
{
	struct smbios_table table;
	const int error = smbios_open(physmem_map, &memory, BASE + ENTRY, &table);

	memset(ret, 'x', sizeof(*ret));
	if (!error)
		smbios_read_names(&table, ret);
	return error;
}

static void names_are_right(void)
{
	struct smbios_names names;

	CHECK_EQ(read_names(&names), 0);
	CHECK_STR(names.bios_vendor, "SeaSide");
	CHECK_STR(names.bios_version, "1.2.3");
	CHECK_STR(names.bios_date, "04/01/2014");
	CHECK_STR(names.system_vendor, "Boat Works Inc.");
	CHECK_STR(names.system_product, "Dinghy 9");
}

TEST(both_entry_points)
{
	make_memory();
	put_bios_and_system();
	put_structure(127, 4, "", 1);
	put_entry(true);
	names_are_right();
	put_entry(false);
	names_are_right();
	bytes[ENTRY + 5] = 30;	/* what version 2.1 of the specification said */
	physmem_seal(bytes + ENTRY, 30, 4);
	names_are_right();
}

/* Without an end structure the table's size ends it: in version 3 it is only a bound. */
TEST(the_end_of_the_table)
{
	make_memory();
	put_bios_and_system();
	put_entry(false);
	names_are_right();
	table_size = SIZE - TABLE;
	put_entry(true);
	names_are_right();

	make_memory();
	put_structure(127, 4, "", 1);
	put_bios_and_system();		/* behind the end */
	put_entry(true);

	struct smbios_names names;

	CHECK_EQ(read_names(&names), 0);
	CHECK_STR(names.system_vendor, "");
	CHECK_STR(names.bios_date, "");
}

/* Cut off anywhere, the table gives what is whole. */
TEST(every_cut)
{
	size_t whole;

	make_memory();
	put_bios_and_system();
	whole = table_size;
	for (table_size = 0; table_size < whole; table_size++) {
		struct smbios_names names;

		put_entry(true);
		CHECK_EQ(read_names(&names), 0);
		CHECK_STR(names.system_vendor, "");
		CHECK(!strcmp(names.bios_vendor, "SeaSide") || !strcmp(names.bios_vendor, ""));
		physmem_free(&memory);
	}
}

TEST(string_numbers_that_name_nothing)
{
	struct smbios_names names;
	uint8_t *p;

	make_memory();
	p = put_structure(0, 24, "One\0Two", 8);
	p[4] = 3, p[5] = 255, p[8] = 0;
	/* Without a product: the byte that would name it is the first string's first. */
	p = put_structure(1, 5, "\1nly vendor", 12);
	p[4] = 1;
	put_structure(1, 8, "Another\0machine", 16);
	put_entry(true);
	CHECK_EQ(read_names(&names), 0);
	CHECK_STR(names.bios_vendor, "");
	CHECK_STR(names.bios_version, "");
	CHECK_STR(names.bios_date, "");
	CHECK_STR(names.system_vendor, "?nly vendor");
	CHECK_STR(names.system_product, "");
}

TEST(structures_without_strings)
{
	struct smbios_names names;

	make_memory();
	put_structure(4, 48, "", 1)[7] = 1;
	put_structure(126, 4, "", 1);
	put_structure(2, 15, "Board\0maker", 12)[4] = 1;
	put_structure(0, 24, "", 1)[4] = 1;
	put_bios_and_system();		/* its BIOS comes second and does not count */
	put_entry(true);
	CHECK_EQ(read_names(&names), 0);
	CHECK_STR(names.bios_vendor, "");
	CHECK_STR(names.system_product, "Dinghy 9");
}

TEST(names_are_made_printable_and_cut)
{
	static const char strings[] = "Gr\xc3\xbc\xc3\x9f \x1b[7m\xff   \0" 
				      "0123456789012345678901234567890123456789012345678901234567890";
	struct smbios_names names;
	uint8_t *p;

	make_memory();
	p = put_structure(1, 27, strings, sizeof(strings));
	p[4] = 1, p[5] = 2;
	put_entry(true);
	CHECK_EQ(read_names(&names), 0);
	CHECK_STR(names.system_vendor, "Gr\xc3\xbc\xc3\x9f ?[7m?");
	CHECK_STR(names.system_product, "01234567890123456789012345678901234567890123456");
}

TEST(damaged_structures_end_the_table)
{
	struct smbios_names names;

	for (unsigned length = 0; length < 4; length++) {
		make_memory();
		put_structure(9, 4, "", 1)[1] = (uint8_t)length;
		put_bios_and_system();
		put_entry(true);
		CHECK_EQ(read_names(&names), 0);
		CHECK_STR(names.system_vendor, "");
	}
	make_memory();
	put_bios_and_system();
	/* A structure that goes on for ever. */
	memset(bytes + TABLE + table_size, 0xff, SIZE - TABLE - table_size);
	table_size = SIZE - TABLE;
	put_entry(true);
	names_are_right();
}

TEST(damaged_entry_points)
{
	struct smbios_names names;

	for (unsigned third = 0; third < 2; third++) {
		make_memory();
		put_bios_and_system();
		put_entry(third);
		for (unsigned i = 0; i < (third ? 24 : 31); i++) {
			bytes[ENTRY + i] ^= 0x20;
			CHECK_EQ(read_names(&names), -EBADMSG);
			bytes[ENTRY + i] ^= 0x20;
		}
		bytes[ENTRY + (third ? 6 : 5)] = 0;	/* a checksum over nothing */
		CHECK_EQ(read_names(&names), -EBADMSG);
	}
	CHECK_EQ(names.system_vendor[0], 'x');
}

TEST(tables_that_are_not_in_memory)
{
	struct smbios_names names;
	struct smbios_table table;

	make_memory();
	put_entry(true);
	physmem_put(bytes + ENTRY + 16, UINT64_MAX, 8);
	physmem_seal(bytes + ENTRY, 24, 5);
	CHECK_EQ(read_names(&names), -EFAULT);
	table_size = SIZE;
	put_entry(false);
	CHECK_EQ(read_names(&names), -EFAULT);
	table_size = UINT32_MAX;
	put_entry(true);
	CHECK_EQ(read_names(&names), -EBADMSG);
	CHECK_EQ(smbios_open(physmem_map, &memory, BASE + SIZE - 23, &table), -EFAULT);
	memcpy(bytes + SIZE - 24, "_SM_", 4);	/* its last seven bytes are not there */
	CHECK_EQ(smbios_open(physmem_map, &memory, BASE + SIZE - 24, &table), -EFAULT);
}

static void next_module(size_t *position, struct smbios_module *ret)
{
	struct smbios_table table;

	CHECK_EQ(smbios_open(physmem_map, &memory, BASE + ENTRY, &table), 0);
	CHECK(smbios_next_module(&table, position, ret));
}

TEST(modules)
{
	static const char strings[] = "DIMM A1\0BANK 0\0Chips & Co  \0CC-4G-3200";
	struct smbios_module m;
	struct smbios_table table;
	size_t at = 0;
	uint8_t *p;

	make_memory();
	put_bios_and_system();
	p = put_structure(17, 92, strings, sizeof(strings));
	p[2] = 0x34, p[3] = 0x12;
	physmem_put(p + 8, 72, 2), physmem_put(p + 10, 64, 2);
	physmem_put(p + 12, 0x7fff, 2), physmem_put(p + 28, 65536, 4);	/* 64 GiB */
	p[16] = 1, p[17] = 2, p[18] = 0x22, p[23] = 3, p[26] = 4;
	physmem_put(p + 21, 6400, 2), physmem_put(p + 32, 0xffff, 2), physmem_put(p + 88, 70000, 4);
	p = put_structure(17, 27, strings, sizeof(strings));	/* version 2.3: no speed as configured, no extended size */
	physmem_put(p + 12, 0x8200, 2);				/* 512 KiB */
	physmem_put(p + 21, 133, 2);
	p[16] = 9;
	physmem_put(put_structure(17, 14, "", 1) + 12, 0x7fff, 2);	/* the extended size is not there */
	put_structure(127, 4, "", 1);
	put_entry(true);

	next_module(&at, &m);
	CHECK_EQ(m.handle, 0x1234);
	CHECK_EQ(m.size, GIB(64));
	CHECK(m.ecc);
	CHECK_EQ(m.speed, 70000);
	CHECK_STR(m.type, "DDR5");
	CHECK_STR(m.slot, "DIMM A1");
	CHECK_STR(m.bank, "BANK 0");
	CHECK_STR(m.vendor, "Chips & Co");
	CHECK_STR(m.part, "CC-4G-3200");
	next_module(&at, &m);
	CHECK_EQ(m.size, KIB(512));
	CHECK_EQ(m.speed, 133);
	CHECK(!m.ecc);
	CHECK_STR(m.type, "");
	CHECK_STR(m.slot, "");
	next_module(&at, &m);
	CHECK_EQ(m.size, 0);
	CHECK_EQ(m.speed, 0);
	CHECK_EQ(smbios_open(physmem_map, &memory, BASE + ENTRY, &table), 0);
	CHECK(!smbios_next_module(&table, &at, &m));
	CHECK(!smbios_next_module(&table, &at, &m));
}

/* By KiB, by bytes; and those that are cut short or end before they begin are passed over. */
TEST(ranges)
{
	struct smbios_range range;
	struct smbios_table table;
	size_t at = 0;
	uint8_t *p;

	make_memory();
	put_bios_and_system();
	p = put_structure(20, 19, "", 1);
	physmem_put(p + 4, 0x100000, 4), physmem_put(p + 8, 0x1fffff, 4), physmem_put(p + 12, 0x1234, 2);
	p = put_structure(20, 19, "", 1);
	physmem_put(p + 4, 8, 4), physmem_put(p + 8, 6, 4);
	physmem_put(put_structure(20, 19, "", 1) + 4, 0xffffffff, 4);
	put_structure(20, 18, "", 1);
	p = put_structure(20, 35, "", 1);
	physmem_put(p + 4, 0xffffffff, 4), physmem_put(p + 12, 7, 2);
	physmem_put(p + 19, GIB(5000), 8), physmem_put(p + 27, GIB(5001) - 1, 8);
	put_structure(127, 4, "", 1);
	put_entry(true);

	CHECK_EQ(smbios_open(physmem_map, &memory, BASE + ENTRY, &table), 0);
	CHECK(smbios_next_range(&table, &at, &range));
	CHECK_EQ(range.module, 0x1234);
	CHECK_EQ(range.first, GIB(1));
	CHECK_EQ(range.last, GIB(2) - 1);
	CHECK(smbios_next_range(&table, &at, &range));
	CHECK_EQ(range.module, 7);
	CHECK_EQ(range.first, GIB(5000));
	CHECK_EQ(range.last, GIB(5001) - 1);
	CHECK(!smbios_next_range(&table, &at, &range));
}

TEST_MAIN
