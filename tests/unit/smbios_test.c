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
	memset(ret, 'x', sizeof(*ret));
	return smbios_read_names(physmem_map, &memory, BASE + ENTRY, ret);
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
	CHECK_EQ(smbios_read_names(physmem_map, &memory, BASE + SIZE - 23, &names), -EFAULT);
	memcpy(bytes + SIZE - 24, "_SM_", 4);	/* its last seven bytes are not there */
	CHECK_EQ(smbios_read_names(physmem_map, &memory, BASE + SIZE - 24, &names), -EFAULT);
}

TEST_MAIN
