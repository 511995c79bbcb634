/* lib/saved.c: what a run leaves to the next, and every way in which it may be damaged. */
#include "lib/saved.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

enum { PACKED = 304 };	/* no padding behind it */

static struct { struct saved_header header; uint8_t packed[PACKED]; } variable;
static struct boot_mark mark;

static void make(void)
{
	memset(&variable, 0, sizeof(variable));
	for (unsigned i = 0; i < PACKED; i++)
		variable.packed[i] = (uint8_t)random_next();
	variable.header = (struct saved_header){
		.end = BOOT_END_PANIC, .packed_size = PACKED, .text_size = 900, .reason = "in f+0x1: x",
	};
	saved_seal(&variable.header);
	mark = (struct boot_mark){ .end = BOOT_END_RUNNING, .stage = 7, .stage_name = "interrupts" };
	boot_mark_seal(&mark);
}

TEST(sound)
{
	make();
	CHECK(saved_check(&variable, sizeof(variable)) == NULL);
	CHECK(boot_mark_sound(&mark));
}

TEST(every_bit_of_a_variable_counts)
{
	make();
	for (size_t bit = 0; bit < 8 * sizeof(variable); bit++) {
		((uint8_t *)&variable)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK(saved_check(&variable, sizeof(variable)) != NULL);
		((uint8_t *)&variable)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* But for what is behind the reason's end. */
TEST(every_bit_of_a_mark_counts)
{
	make();
	for (size_t bit = 0; bit < 8 * offsetof(struct boot_mark, reason); bit++) {
		((uint8_t *)&mark)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK(!boot_mark_sound(&mark));
		((uint8_t *)&mark)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	mark.reason[0] = 'x';
	CHECK(!boot_mark_sound(&mark));
}

/* In memory of just that size. */
TEST(any_size)
{
	make();
	for (size_t size = 0; size < sizeof(variable); size++) {
		void *const cut = malloc(size ? size : 1);
		memcpy(cut, &variable, size);
		CHECK(saved_check(cut, size) != NULL);
		free(cut);
	}
}

TEST(texts_end)
{
	make();
	memset(variable.header.reason, 'x', sizeof(variable.header.reason));
	saved_seal(&variable.header);
	CHECK(saved_check(&variable, sizeof(variable)) != NULL);
	memset(mark.stage_name, 'x', sizeof(mark.stage_name));
	boot_mark_seal(&mark);
	CHECK(!boot_mark_sound(&mark));
	make();
	memset(mark.reason, 'x', sizeof(mark.reason));
	boot_mark_seal(&mark);
	CHECK(!boot_mark_sound(&mark));
	make();
	variable.header.text_size = SAVED_TEXT_MOST + 1;
	saved_seal(&variable.header);
	CHECK(saved_check(&variable, sizeof(variable)) != NULL);
}

TEST_MAIN
