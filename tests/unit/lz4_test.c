#include "lib/lz4.h"

#include <abi/linux/errno.h>

#include "tests/unit/random.h"
#include "tests/unit/test.h"

static struct lz4_work work;
static uint8_t text[LZ4_MOST], packed[LZ4_MOST + LZ4_MOST / 255 + 16], out[LZ4_MOST];

/* Pack, unpack, compare; the packed size. */
static size_t round_trip(size_t size)
{
	const size_t used = lz4_pack(&work, text, size, packed, sizeof(packed));

	CHECK(used > 0);
	CHECK_EQ(lz4_unpack(packed, used, out, size), (int64_t)size);
	CHECK(memcmp(out, text, size) == 0);
	return used;
}

/* Put together by hand from the description of the format. */
TEST(block_of_another_packer)
{
	static const uint8_t block[] = { 0x45, 'a', 'b', 'c', 'd', 0x04, 0x00, 0x50, 'd', 'a', 'b', 'c', 'd' };

	CHECK_EQ(lz4_unpack(block, sizeof(block), out, sizeof(out)), 18);
	CHECK(memcmp(out, "abcdabcdabcdadabcd", 18) == 0);
}

TEST(every_small_size)
{
	for (size_t size = 0; size < 600; size++) {
		for (size_t i = 0; i < size; i++)
			text[i] = (uint8_t)("abab"[i % 4] + i / 50 % 3);
		round_trip(size);
	}
}

TEST(plain_bytes_shrink_and_noise_hardly_grows)
{
	memset(text, 'x', sizeof(text));
	CHECK(round_trip(sizeof(text)) < sizeof(text) / 200);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)random_next();
	CHECK(round_trip(sizeof(text)) <= sizeof(text) + sizeof(text) / 255 + 16);
}

TEST(mixed_content)
{
	for (unsigned round = 0; round < 200; round++) {
		const size_t size = random_under(sizeof(text));
		for (size_t i = 0; i < size;) {
			const size_t run = MIN(1 + random_under(400), size - i), back = 1 + random_under(MAX(i, (size_t)1));
			const bool copy = i > 400 && random_under(2);
			for (size_t k = 0; k < run; k++, i++)
				text[i] = copy ? text[i - back] : (uint8_t)random_under(8);
		}
		round_trip(size);
	}
}

/* The format's rules for its end, which other readers rely on. */
TEST(the_last_five_bytes_are_literals)
{
	memset(text, 'x', 100);
	const size_t used = round_trip(100);
	CHECK(packed[used - 6] >> 4 == 5);
	CHECK(memcmp(packed + used - 5, "xxxxx", 5) == 0);
}

TEST(too_little_room_is_refused)
{
	for (size_t i = 0; i < 2000; i++)
		text[i] = (uint8_t)random_under(20);
	const size_t used = round_trip(2000);
	for (size_t room = 0; room < used; room++)
		CHECK_EQ(lz4_pack(&work, text, 2000, packed, room), 0);
	CHECK_EQ(lz4_pack(&work, text, 2000, packed, used), used);
	CHECK_EQ(lz4_unpack(packed, used, out, 1999), -EBADMSG);
}

/* Each in memory of just its size, for the sanitizer. */
TEST(damaged_blocks_stay_inside)
{
	for (size_t i = 0; i < 500; i++)
		text[i] = (uint8_t)random_under(3);
	const size_t used = round_trip(500);
	for (unsigned round = 0; round < 20000; round++) {
		const size_t size = random_under(2) ? used : random_under(used + 1), room = random_under(600);
		uint8_t *const bad = malloc(size ? size : 1), *const to = malloc(room ? room : 1);
		memcpy(bad, packed, size);
		for (unsigned i = 0; size && i < 1 + round % 4; i++)
			bad[random_under(size)] = (uint8_t)random_next();
		CHECK(lz4_unpack(bad, size, to, room) <= (int64_t)room);
		free(bad);
		free(to);
	}
	CHECK_EQ(lz4_unpack(packed, 0, out, 10), -EBADMSG);
}

TEST_MAIN

/* ---- Files ---- */

/* A file as lz4 -l makes it, of one block. */
static size_t file_make(uint8_t *file, size_t size)
{
	const size_t used = lz4_pack(&work, text, size, file + 8, LZ4_MOST);

	memcpy(file, &(uint32_t){ 0x184c2102 }, 4);
	memcpy(file + 4, &(uint32_t){ (uint32_t)used }, 4);
	memcpy(file + 8 + used, &(uint32_t){ (uint32_t)size }, 4);
	return used + 12;
}

TEST(files_unpack)
{
	static uint8_t file[2 * LZ4_MOST];

	for (size_t i = 0; i < 50000; i++)
		text[i] = (uint8_t)(i * i / 300);
	const size_t size = file_make(file, 50000);
	CHECK_EQ(lz4_file_size(file, size), 50000);
	CHECK_EQ(lz4_file_unpack(file, size, out), 0);
	CHECK(memcmp(out, text, 50000) == 0);
}

TEST(files_that_are_none_are_refused)
{
	static uint8_t file[2 * LZ4_MOST];
	const size_t size = file_make(file, 1000);

	CHECK_EQ(lz4_file_size(file, 11), -ENOEXEC);
	CHECK_EQ(lz4_file_size("\177ELF and so on", 14), -ENOEXEC);
	for (size_t cut = 1; cut < size - 12; cut++) {	/* whatever the last four bytes say then, within the buffer */
		int64_t claimed = lz4_file_size(file, size - cut);
		if (claimed >= 0 && claimed <= (int64_t)sizeof(out))
			CHECK_EQ(lz4_file_unpack(file, size - cut, out), -EBADMSG);
	}
	file[4]++;	/* the block's size */
	CHECK_EQ(lz4_file_unpack(file, size, out), -EBADMSG);
}

/* Copies of sixteen bytes must not pass the end of the buffer, which the sanitizer watches. */
TEST(short_runs_at_the_end_of_the_buffer)
{
	for (size_t size = 1; size < 80; size++) {
		uint8_t exact[80];
		for (size_t i = 0; i < size; i++)
			text[i] = (uint8_t)("abcdefghi"[i % 9]);
		const size_t used = lz4_pack(&work, text, size, packed, sizeof(packed));
		uint8_t *const tight = exact + sizeof(exact) - size;
		CHECK_EQ(lz4_unpack(packed, used, tight, size), (int64_t)size);
		CHECK(memcmp(tight, text, size) == 0);
	}
}
