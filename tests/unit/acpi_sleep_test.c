/* lib/acpi_sleep.c: _S5_ as compilers of AML write it, and what only looks like it. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/acpi.h"
#include "tests/unit/acpi_builder.h"
#include "tests/unit/random.h"

#define AML(...) ((const uint8_t[]){ __VA_ARGS__ }), sizeof((const uint8_t[]){ __VA_ARGS__ })
#define S5 0x5f, 0x53, 0x35, 0x5f	/* "_S5_" */

static void add_bytes(const uint8_t *bytes, size_t size)
{
	memcpy(builder_add(size), bytes, size);
}

static void table_is(const uint8_t *aml, size_t size)
{
	builder_start(36, 2);
	add_bytes(aml, size);
}

static void found(unsigned a, unsigned b)
{
	const struct acpi_table table = builder_table();
	struct acpi_sleep_type type = { 0xff, 0xff };

	CHECK_EQ(acpi_find_s5(&table, &type), 0);
	CHECK_EQ(type.a, a);
	CHECK_EQ(type.b, b);
}

static void not_found(void)
{
	const struct acpi_table table = builder_table();
	struct acpi_sleep_type type = { 0xff, 0xff };

	CHECK_EQ(acpi_find_s5(&table, &type), -ENOENT);
	CHECK_EQ(type.a, 0xff);
}

TEST(as_it_is_written)
{
	table_is(AML(0x08, S5, 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00));	/* QEMU */
	found(0, 0);
	table_is(AML(0x08, S5, 0x12, 0x08, 0x04, 0x0a, 0x07, 0x0a, 0x07, 0x00, 0x00, 0x00));	/* many PCs */
	found(7, 7);
	table_is(AML(0x08, '\\', S5, 0x12, 0x06, 0x02, 0x0a, 0x05, 0x0a, 0x03));
	found(5, 3);
	table_is(AML(0x08, S5, 0x12, 0x06, 0x02, 0x0b, 0x05, 0x00, 0x01));	/* a word, and One */
	found(5, 1);
	table_is(AML(0x08, S5, 0x12, 0x07, 0x01, 0x0c, 0x05, 0x02, 0x00, 0x00));	/* both numbers in one */
	found(5, 2);
	table_is(AML(0x08, S5, 0x12, 0x46, 0x00, 0x02, 0x0a, 0x05, 0x01));	/* a length of two bytes */
	found(5, 1);
}

TEST(what_only_looks_like_it)
{
	table_is(AML(S5));
	not_found();
	table_is(AML(0x08, S5));
	not_found();
	table_is(AML(0x15, S5, 0x08, 0x00));				/* External */
	not_found();
	table_is(AML(0x0d, S5, 0x12, 0x06, 0x04, 0, 0, 0, 0));		/* in a string */
	not_found();
	table_is(AML('x', '\\', S5, 0x12, 0x06, 0x04, 0, 0, 0, 0));
	not_found();
	table_is(AML(0x08, S5, 0x0a, 0x05));				/* an integer */
	not_found();
	table_is(AML(0x08, S5, 0x12, 0x02, 0x00));			/* an empty package */
	not_found();
	table_is(AML(0x08, S5, 0x12, 0x05, 0x02, 0x0a, 0x05, 0x41));	/* the second is a name */
	not_found();
	table_is(AML(0x08, S5, 0x12, 0x06, 0x02, 0x0a, 0x08, 0x0a, 0x08));	/* no three bits */
	not_found();
	table_is(AML(0x08, S5, 0x12, 0x06, 0x02, 0x0a, 0x05, 0x0e, 1));	/* 64 bits */
	not_found();
}

/* The first one that is right counts. */
TEST(among_others)
{
	table_is(AML(0x08, S5, 0x0a, 0x05, 0x08, S5, 0x12, 0x05, 0x02, 0x0a, 0x03, 0x00, 0x08, S5, 0x12, 0x04, 0x02, 0x01, 0x01));
	found(3, 0);
}

/* The package may not reach over the table's end, nor its elements over the package's. */
TEST(lengths)
{
	static const uint8_t whole[] = { 0x08, S5, 0x12, 0x06, 0x02, 0x0a, 0x05, 0x0a, 0x05 };

	for (size_t size = 0; size < sizeof(whole); size++) {
		table_is(whole, size);
		not_found();
	}
	table_is(whole, sizeof(whole));
	found(5, 5);
	for (unsigned length = 0; length < 256; length++) {
		uint8_t changed[sizeof(whole)];
		memcpy(changed, whole, sizeof(whole));
		changed[6] = (uint8_t)length;
		table_is(changed, sizeof(changed));
		if (length == 6)
			found(5, 5);
		else
			not_found();
	}
}

/* In a large table of other bytes, with the name here and there: nothing is read behind the end, and a type is one. */
TEST(chance)
{
	for (unsigned round = 0; round < 2000; round++) {
		builder_start(36, 2);
		for (unsigned i = 0; i < 40; i++) {
			static const uint8_t name[] = { 0x08, S5, 0x12 };
			add_bytes(name, random_under(sizeof(name) + 1));
			*builder_add(1) = (uint8_t)random_under(random_under(2) ? 16 : 256);
		}
		const struct acpi_table table = builder_table();
		struct acpi_sleep_type type;
		if (acpi_find_s5(&table, &type) == 0)
			CHECK(type.a <= 7 && type.b <= 7);
	}
}

TEST_MAIN
