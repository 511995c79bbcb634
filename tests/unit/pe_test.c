/* lib/pe.c: a small loaded image, one thing wrong with it at a time. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stddef.h>

#include "lib/pe.h"
#include "tests/unit/random.h"

/* Offsets by the PE/COFF specification: nothing is shared with the reader. */
enum {
	IMAGE = 0x3000, PE = 0x80, MACHINE = PE + 4, SECTION_COUNT = PE + 6, OPTIONAL_SIZE = PE + 20, OPTIONAL = PE + 24, SECTIONS = OPTIONAL + 240,
	VIRTUAL_SIZE = 8, VIRTUAL_ADDRESS = 12, SECTION_SIZE = 40,
};

static uint8_t image[IMAGE];

static void put(size_t offset, size_t size, uint64_t value)
{
	memcpy(image + offset, &value, size);
}

static void put_section(unsigned index, const char *name, uint32_t address, uint32_t size)
{
	size_t at = SECTIONS + index * SECTION_SIZE;

	memcpy(image + at, name, strnlen(name, 8));
	put(at + VIRTUAL_ADDRESS, 4, address);
	put(at + VIRTUAL_SIZE, 4, size);
}

static void make_image(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "MZ", 2);
	put(0x3c, 4, PE);
	memcpy(image + PE, "PE", 2);
	put(MACHINE, 2, 0x8664);
	put(SECTION_COUNT, 2, 5);
	put(OPTIONAL_SIZE, 2, 240);
	put(OPTIONAL, 2, 0x20b);
	put_section(0, ".text", 0x1000, 0x10);
	put_section(1, ".kernel", 0x2000, 0x123);
	put_section(2, "eightlet", 0x1010, 0x20);
	put_section(3, ".kernel", 0x1000, 1);		/* the first one counts */
	put_section(4, ".empty", IMAGE, 0);
}

/* Look in a copy of exactly this size, at an odd address. */
static int find(size_t size, const char *name, size_t *ret_offset, size_t *ret_size)
{
	struct pe_section section = { NULL, 0 };
	uint8_t *copy = malloc(size + 1);

	memcpy(copy + 1, image, size);
	int error = pe_find_section(copy + 1, size, name, &section);
	if (!error) {
		*ret_offset = (size_t)((const uint8_t *)section.data - copy - 1);
		*ret_size = section.size;
	}
	free(copy);
	return error;
}

TEST(sections_are_found_by_name)
{
	size_t offset = 0, size = 0;

	make_image();
	CHECK_EQ(find(IMAGE, ".kernel", &offset, &size), 0);
	CHECK_EQ(offset, 0x2000);
	CHECK_EQ(size, 0x123);
	CHECK_EQ(find(IMAGE, "eightlet", &offset, &size), 0);	/* no final NUL in the table */
	CHECK_EQ(offset, 0x1010);
	CHECK_EQ(find(IMAGE, ".empty", &offset, &size), 0);	/* just inside */
	CHECK_EQ(size, 0);
	CHECK_EQ(find(IMAGE, "eightletters", &offset, &size), -ENOENT);
	CHECK_EQ(find(IMAGE, ".kern", &offset, &size), -ENOENT);
	CHECK_EQ(find(IMAGE, ".kernel2", &offset, &size), -ENOENT);
	CHECK_EQ(find(IMAGE, ".initrd", &offset, &size), -ENOENT);
}

TEST(each_field_is_checked)
{
	static const struct { size_t at, size; uint64_t value; int error; } changes[] = {
		{ 0, 1, 'N', -ENOEXEC },
		{ 0x3c, 4, UINT32_MAX, -ENOEXEC }, { 0x3c, 4, IMAGE - 25, -ENOEXEC }, { 0x3c, 4, 0, -ENOEXEC },
		{ PE + 2, 1, 1, -ENOEXEC }, { MACHINE, 2, 0x14c, -ENOEXEC }, { OPTIONAL, 2, 0x10b, -ENOEXEC },
		{ OPTIONAL_SIZE, 2, IMAGE - OPTIONAL - 5 * SECTION_SIZE + 1, -ENOEXEC }, { OPTIONAL_SIZE, 2, 0xffff, -ENOEXEC },
		{ OPTIONAL_SIZE, 2, IMAGE - OPTIONAL - 5 * SECTION_SIZE, -ENOENT },	/* a table of zeros, but inside */
		{ SECTION_COUNT, 2, 0xffff, -ENOEXEC }, { SECTION_COUNT, 2, 1, -ENOENT }, { SECTION_COUNT, 2, 0, -ENOENT },
		{ SECTIONS + SECTION_SIZE + VIRTUAL_ADDRESS, 4, IMAGE - 0x122, -ENOEXEC },
		{ SECTIONS + SECTION_SIZE + VIRTUAL_ADDRESS, 4, IMAGE - 0x123, 0 },
		{ SECTIONS + SECTION_SIZE + VIRTUAL_ADDRESS, 4, UINT32_MAX, -ENOEXEC },
		{ SECTIONS + SECTION_SIZE + VIRTUAL_SIZE, 4, UINT32_MAX, -ENOEXEC },
		{ SECTIONS + VIRTUAL_SIZE, 4, UINT32_MAX, 0 },				/* another section's trouble */
	};
	size_t offset, size;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		make_image();
		put(changes[i].at, changes[i].size, changes[i].value);
		int error = find(IMAGE, ".kernel", &offset, &size);
		if (error != changes[i].error)
			TEST_FAIL("change %zu gives %d, not %d", i, error, changes[i].error);
	}
}

TEST(every_truncation)
{
	size_t offset, size;

	make_image();
	for (size_t i = 0; i < IMAGE; i++)
		CHECK_EQ(find(i, ".kernel", &offset, &size), i < 0x2123 ? -ENOEXEC : 0);
}

TEST(random_damage)
{
	random_state = 1;
	for (unsigned round = 0; round < 20000; round++) {
		size_t offset, size;
		make_image();
		for (unsigned i = 0; i < 3; i++)
			image[random_under(2) ? PE + random_under(26) : random_under(SECTIONS + 5 * SECTION_SIZE)] = (uint8_t)random_next();
		if (find(IMAGE, ".kernel", &offset, &size) == 0)
			CHECK(offset <= IMAGE && size <= IMAGE - offset);
	}
}

TEST_MAIN
