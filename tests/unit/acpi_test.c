/* lib/acpi.c on tables laid out in a small physical memory: as firmware should have them, as U-Boot and old machines
 * have them, and damaged. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/acpi.h"
#include "tests/unit/physmem.h"

/* Where things lie in the memory of most tests. */
enum {
	BASE	= 0x100000,
	RSDP	= BASE,
	XSDT	= BASE + 0x100,
	RSDT	= BASE + 0x200,
	TABLE	= BASE + 0x300,
	SECOND	= BASE + 0x500,
	SIZE	= 0x800,
};

static uint8_t bytes[SIZE];
static struct physmem memory = { bytes, SIZE, BASE, NULL };

static uint8_t *at(paddr_t address)
{
	return bytes + (address - BASE);
}

static void put_table(paddr_t address, const char *signature, uint32_t size)
{
	memcpy(at(address), signature, 4);
	physmem_put(at(address) + 4, size, 4);
	physmem_seal(at(address), size, 9);
}

static void put_root(paddr_t address, const char *signature, unsigned entry_size, unsigned count, const uint64_t *entries)
{
	for (unsigned i = 0; i < count; i++)
		physmem_put(at(address) + 36 + i * entry_size, entries[i], entry_size);
	put_table(address, signature, 36 + count * entry_size);
}

static void put_rsdp(unsigned revision, paddr_t rsdt, paddr_t xsdt)
{
	uint8_t *p = at(RSDP);

	memcpy(p, "RSD PTR \0SAMARA", 15);
	p[15] = (uint8_t)revision;
	physmem_put(p + 16, rsdt, 4);
	physmem_seal(p, 20, 8);
	if (revision >= 2) {
		physmem_put(p + 20, 36, 4);
		physmem_put(p + 24, xsdt, 8);
		physmem_seal(p, 36, 32);
	}
}

/* Revision 2; the XSDT names two tables "APIC" and "FACP", the RSDT the first alone. */
static void make_machine(void)
{
	physmem_free(&memory);
	memset(bytes, 0, SIZE);
	put_table(TABLE, "APIC", 60);
	put_table(SECOND, "FACP", 276);
	put_root(XSDT, "XSDT", 8, 2, (uint64_t[]){ TABLE, SECOND });
	put_root(RSDT, "RSDT", 4, 1, (uint64_t[]){ TABLE });
	put_rsdp(2, RSDT, XSDT);
}

static int open_machine(struct acpi_root *ret, const char **ret_why)
{
	*ret_why = "";
	return acpi_open(physmem_map, &memory, RSDP, ret, ret_why);
}

static void opens_with(paddr_t table)
{
	struct acpi_root root = { 0 };
	const char *why;

	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_STR(why, "");
	CHECK_EQ(root.table, table);
	CHECK_EQ(root.entry_size, table == XSDT ? 8 : 4);
	CHECK_EQ(root.entry_count, table == XSDT ? 2 : 1);
	CHECK_STR(root.oem, "SAMARA");
}

static void fails_with(int error, const char *reason)
{
	struct acpi_root root = { .table = 77 };
	const char *why;

	CHECK_EQ(open_machine(&root, &why), error);
	CHECK(strstr(why, reason));
	CHECK_EQ(root.table, 77);
}

TEST(xsdt_is_preferred)
{
	make_machine();
	opens_with(XSDT);
	put_rsdp(2, 0, XSDT);
	opens_with(XSDT);
}

TEST(rsdt_of_revision_0)
{
	make_machine();
	put_rsdp(0, RSDT, XSDT);
	memset(at(RSDP) + 20, 0xff, 16);	/* belongs to somebody else */
	opens_with(RSDT);
}

/* The last bytes of memory: the longer structure of revision 2 may not be looked for. */
TEST(rsdp_of_revision_0_at_the_end_of_memory)
{
	struct acpi_root root;
	const char *why;

	make_machine();
	put_rsdp(0, RSDT, 0);
	memmove(bytes + SIZE - 20, at(RSDP), 20);
	CHECK_EQ(acpi_open(physmem_map, &memory, BASE + SIZE - 20, &root, &why), 0);
	CHECK_EQ(root.table, RSDT);
	bytes[SIZE - 20 + 15] = 2;
	physmem_seal(bytes + SIZE - 20, 20, 8);
	CHECK_EQ(acpi_open(physmem_map, &memory, BASE + SIZE - 20, &root, &why), 0);
	CHECK_EQ(acpi_open(physmem_map, &memory, BASE + SIZE - 19, &root, &why), -EFAULT);
}

TEST(rsdt_where_the_xsdt_is_no_good)
{
	make_machine();
	put_rsdp(2, RSDT, 0);
	opens_with(RSDT);
	put_rsdp(2, RSDT, BASE + SIZE);
	opens_with(RSDT);
	put_rsdp(2, RSDT, UINT64_MAX - 7);
	opens_with(RSDT);
	put_rsdp(2, RSDT, TABLE);	/* some other table */
	opens_with(RSDT);

	make_machine();
	at(XSDT)[40]++;			/* its checksum is wrong */
	opens_with(RSDT);

	make_machine();
	at(RSDP)[33]++;			/* the second checksum of the RSDP is wrong */
	opens_with(RSDT);

	make_machine();
	physmem_put(at(RSDP) + 20, 20, 4);	/* its length is too short for an XSDT */
	physmem_seal(at(RSDP), 20, 32);
	opens_with(RSDT);
	physmem_put(at(RSDP) + 20, UINT32_MAX, 4);
	opens_with(RSDT);
}

TEST(no_root_at_all)
{
	make_machine();
	put_rsdp(2, 0, 0);
	fails_with(-EBADMSG, "neither");
	put_rsdp(0, 0, 0);
	fails_with(-EBADMSG, "neither");
	put_rsdp(2, 0xfffffff0, BASE + SIZE);
	fails_with(-EFAULT, "memory");

	make_machine();
	at(XSDT)[40]++;
	at(RSDT)[38]++;
	fails_with(-EBADMSG, "damaged");
}

TEST(damaged_rsdp)
{
	make_machine();
	at(RSDP)[16]++;
	fails_with(-EBADMSG, "checksum");
	make_machine();
	at(RSDP)[7] = '_';
	fails_with(-EBADMSG, "signature");
}

TEST(oem_names_are_made_printable)
{
	struct acpi_root root;
	const char *why;

	make_machine();
	memcpy(at(RSDP) + 9, "A\x1b\xff   ", 6);
	physmem_seal(at(RSDP), 20, 8);
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_STR(root.oem, "A??");
}

TEST(tables_are_found_by_signature_and_index)
{
	struct acpi_root root;
	struct acpi_table table = { 0 };
	const char *why;

	make_machine();
	put_table(SECOND, "APIC", 50);
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), 0);
	CHECK(table.address == TABLE && table.size == 60 && memcmp(table.data, "APIC", 4) == 0);
	CHECK_EQ(acpi_find(&root, "APIC", 1, &table), 0);
	CHECK(table.address == SECOND && table.size == 50);
	CHECK_EQ(acpi_find(&root, "APIC", 2, &table), -ENOENT);
	CHECK_EQ(acpi_find(&root, "HPET", 0, &table), -ENOENT);
	CHECK(table.address == SECOND);
}

TEST(entries_that_lead_nowhere_are_passed_over)
{
	struct acpi_root root;
	struct acpi_table table;
	const char *why;

	make_machine();
	memset(at(TABLE), 0, 60);
	put_root(XSDT, "XSDT", 8, 5, (uint64_t[]){ 0, UINT64_MAX, BASE + SIZE - 8, TABLE, SECOND });
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_EQ(acpi_find(&root, "FACP", 0, &table), 0);
	CHECK_EQ(table.size, 276);
}

TEST(tables_are_found_in_an_rsdt)
{
	struct acpi_root root;
	struct acpi_table table;
	const char *why;

	make_machine();
	put_root(RSDT, "RSDT", 4, 2, (uint64_t[]){ SECOND, TABLE });
	put_rsdp(0, RSDT, 0);
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_EQ(acpi_find(&root, "FACP", 0, &table), 0);
	CHECK_EQ(table.address, SECOND);
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), 0);
	CHECK_EQ(table.address, TABLE);
}

/* The upper halves of the RSDP's and the XSDT's addresses count. */
TEST(tables_over_4_gib)
{
	const paddr_t high = 0x700000000;
	struct acpi_root root;
	struct acpi_table table;
	const char *why;

	make_machine();
	put_root(XSDT, "XSDT", 8, 2, (uint64_t[]){ TABLE, SECOND + high });
	put_rsdp(2, 0, XSDT + high);
	memory.base += high;
	CHECK_EQ(acpi_open(physmem_map, &memory, RSDP + high, &root, &why), 0);
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), -ENOENT);	/* its entry leads below */
	CHECK_EQ(acpi_find(&root, "FACP", 0, &table), 0);
	CHECK_EQ(table.address, SECOND + high);
	memory.base -= high;
}

/* Everything is memory: the bytes of a good table, again and again. */
static const void *map_anything(void *context, paddr_t address, size_t size)
{
	(void)context;
	(void)size;
	return at(address > BASE + SIZE ? TABLE : address);
}

TEST(tables_that_wrap_round_the_end_of_memory)
{
	struct acpi_root root;
	struct acpi_table table;
	const char *why;

	make_machine();
	put_root(XSDT, "XSDT", 8, 2, (uint64_t[]){ UINT64_MAX - 50, SECOND });
	CHECK_EQ(acpi_open(map_anything, NULL, RSDP, &root, &why), 0);
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), -EBADMSG);
	CHECK_EQ(acpi_find(&root, "FACP", 0, &table), 0);
}

TEST(a_root_that_goes_away)
{
	struct acpi_root root;
	struct acpi_table table;
	const char *why;

	make_machine();
	CHECK_EQ(open_machine(&root, &why), 0);
	memory.size = XSDT - BASE;
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), -ENOENT);
	memory.size = SIZE;
}

/* An XSDT whose length is not 36 and a multiple of 8: what is left over is no entry. */
TEST(odd_root_lengths)
{
	struct acpi_root root;
	struct acpi_table table;
	const char *why;

	make_machine();
	put_table(XSDT, "XSDT", 36 + 8 + 7);
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_EQ(root.entry_count, 1);
	CHECK_EQ(acpi_find(&root, "FACP", 0, &table), -ENOENT);
	put_table(XSDT, "XSDT", 36);
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_EQ(root.entry_count, 0);
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), -ENOENT);
}

TEST(damaged_tables)
{
	static const uint32_t lengths[] = { 0, 35, SIZE, 16 << 20, UINT32_MAX };
	struct acpi_root root;
	struct acpi_table table = { .size = 77 };
	const char *why;

	make_machine();
	at(TABLE)[59]++;
	CHECK_EQ(open_machine(&root, &why), 0);
	CHECK_EQ(acpi_find(&root, "APIC", 0, &table), -EBADMSG);
	CHECK_EQ(acpi_find(&root, "APIC", 1, &table), -ENOENT);
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		make_machine();
		physmem_put(at(TABLE) + 4, lengths[i], 4);
		physmem_seal(at(TABLE), 60, 9);
		CHECK_EQ(acpi_find(&root, "APIC", 0, &table), -EBADMSG);
	}
	CHECK_EQ(table.size, 77);
	CHECK_EQ(acpi_find(&root, "FACP", 0, &table), 0);	/* one bad table spoils no other */
}

TEST_MAIN
