/* lib/edid.c on a block as a 1366 x 768 laptop panel has it, and on damaged ones. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/edid.h"
#include "tests/unit/physmem.h"

enum { BLOCK = 128, DESCRIPTOR = 54 };

static const uint8_t panel_timing[18] = {
	0x21, 0x1b, 0x56, 0xaa, 0x50, 0x00, 0x1e, 0x30, 0x30, 0x20, 0x36, 0x00, 0x58, 0xc1, 0x10, 0x00, 0x00, 0x18,
};

static void put_descriptor(uint8_t *block, unsigned i, const uint8_t content[18])
{
	memcpy(block + DESCRIPTOR + 18 * i, content, 18);
}

static void put_text(uint8_t *block, unsigned i, uint8_t type, const char text[13])
{
	uint8_t content[18] = { 0, 0, 0, type, 0 };

	memcpy(content + 5, text, 13);
	put_descriptor(block, i, content);
}

/* Vendor "SAM", no descriptors. */
static void make_block(uint8_t *block)
{
	memset(block, 0, BLOCK);
	memset(block + 1, 0xff, 6);
	block[8] = 0x4c;
	block[9] = 0x2d;
	block[18] = 1;
	block[19] = 4;
}

static int read_sealed(uint8_t *block, struct edid_info *ret)
{
	uint8_t *copy = malloc(BLOCK);	/* at the end of an allocation, for the sanitizer */
	int error;

	if (!copy)
		exit(1);
	physmem_seal(block, BLOCK, 127);
	memcpy(copy, block, BLOCK);
	error = edid_read(copy, BLOCK, ret);
	free(copy);
	return error;
}

TEST(a_panel)
{
	uint8_t block[BLOCK];
	struct edid_info info;

	make_block(block);
	put_descriptor(block, 0, panel_timing);
	put_text(block, 1, 0xff, "serial 123456");
	put_text(block, 2, 0xfc, "Panel 14\n    ");
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_EQ(info.width, 1366);
	CHECK_EQ(info.height, 768);
	CHECK_STR(info.name, "Panel 14");
	CHECK_STR(info.vendor, "SAM");
}

TEST(the_first_timing_is_preferred_wherever_it_stands)
{
	uint8_t block[BLOCK], other[18];
	struct edid_info info;

	memcpy(other, panel_timing, 18);
	other[2] = 0x00, other[4] = 0xf0;	/* 3840 */
	other[5] = 0x70, other[7] = 0x80;	/* 2160 */
	make_block(block);
	put_text(block, 0, 0xfc, "Big\n         ");
	put_descriptor(block, 1, other);
	put_descriptor(block, 2, panel_timing);
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_EQ(info.width, 3840);
	CHECK_EQ(info.height, 2160);

	/* A timing without a picture is none. */
	other[2] = other[4] = 0;
	put_descriptor(block, 1, other);
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_EQ(info.width, 1366);
	CHECK_EQ(info.height, 768);
	other[2] = 1, other[5] = other[7] = 0;
	put_descriptor(block, 1, other);
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_EQ(info.width, 1366);
}

TEST(interlaced_lines_count_twice)
{
	uint8_t block[BLOCK], timing[18];
	struct edid_info info;

	memcpy(timing, panel_timing, 18);
	timing[2] = 0x80, timing[4] = 0x70;	/* 1920 */
	timing[5] = 0x1c, timing[7] = 0x20;	/* 540 a field */
	timing[17] |= 0x80;
	make_block(block);
	put_descriptor(block, 3, timing);
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_EQ(info.width, 1920);
	CHECK_EQ(info.height, 1080);
}

TEST(a_display_that_says_nothing)
{
	uint8_t block[BLOCK];
	struct edid_info info;

	make_block(block);
	block[8] = block[9] = 0;
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_EQ(info.width, 0);
	CHECK_EQ(info.height, 0);
	CHECK_STR(info.name, "");
	CHECK_STR(info.vendor, "???");
}

TEST(names_are_made_printable)
{
	uint8_t block[BLOCK];
	struct edid_info info;

	make_block(block);
	put_text(block, 0, 0xfc, "thirteen chars");	/* no line feed */
	put_descriptor(block, 1, panel_timing);		/* begins with a printable byte */
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_STR(info.name, "thirteen char");
	put_text(block, 0, 0xfc, "\x1b[2J\xc3\xa4\x07\n     ");
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_STR(info.name, "?[2J???");
	put_text(block, 0, 0xfc, "\n\n\n\n\n\n\n\n\n\n\n\n\n");
	put_text(block, 1, 0xfc, "Second\0xyz   ");
	CHECK_EQ(read_sealed(block, &info), 0);
	put_text(block, 2, 0xfc, "Third\n       ");
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_STR(info.name, "Second");
}

TEST(vendor_letters)
{
	uint8_t block[BLOCK];
	struct edid_info info;

	make_block(block);
	block[8] = 1 << 2 | 26 >> 3;
	block[9] = (uint8_t)(26 << 5 | 27);
	CHECK_EQ(read_sealed(block, &info), 0);
	CHECK_STR(info.vendor, "AZ?");
}

TEST(damaged_blocks)
{
	uint8_t block[BLOCK];
	struct edid_info info = { .width = 77 };

	make_block(block);
	physmem_seal(block, BLOCK, 127);
	CHECK_EQ(edid_read(block, BLOCK - 1, &info), -EBADMSG);
	CHECK_EQ(edid_read(block, 0, &info), -EBADMSG);
	for (unsigned i = 0; i < BLOCK; i++) {
		block[i] ^= 0x10;
		CHECK_EQ(edid_read(block, BLOCK, &info), -EBADMSG);
		block[i] ^= 0x10;
	}
	block[7] = 1;	/* a wrong header under a right checksum */
	CHECK_EQ(read_sealed(block, &info), -EBADMSG);
	CHECK_EQ(info.width, 77);
}

TEST_MAIN
