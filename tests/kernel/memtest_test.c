/* The memory test on memory with a faulty cell.
 *
 * The cell is played by a timer, behind the test's back: again and again it clears one bit of one word of a free frame,
 * through the direct map as the test itself sees it. Whatever is written there does not stay. `plant` does so for a
 * test that is typed at the prompt. */
#include "kernel/diag/memtest.h"

#include "kernel/core/monitor.h"
#include "kernel/mm/frames.h"
#include "kernel/time/timer.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

#define EVERY	(200 * NSEC_PER_USEC)	/* far less than a step takes over a few megabytes */
#define OFFSET	0x312340u		/* far from where a smaller request would have the block cut */
#define BIT	6u

static struct timer timer;
static paddr_t cell;

static void lose_charge(struct timer *t)
{
	__atomic_fetch_and((uint64_t *)phys_to_virt(cell), ~(1ull << BIT), __ATOMIC_RELAXED);
	timer_arm(t, clock_now() + EVERY);
}

/* In a block that is as large as they come, and, just given back, the first one to be handed out again. */
static bool plant(void)
{
	paddr_t block = frames_alloc(BUDDY_ORDER_MAX, FRAMES_ANYWHERE, FRAME_KERNEL);

	if (!block)
		return false;
	frames_free(block);
	cell = block + OFFSET;
	timer_init(&timer, lose_charge);
	timer_arm(&timer, clock_now() + EVERY);
	return true;
}

static int run(const char *line)
{
	return monitor_run(line, strlen(line));
}

KERNEL_TEST_UNINJECTED(memtest_finds_a_faulty_cell,
		       "it takes a frame away for good; a_test_of_memory_needs_memory is the same command")
{
	const struct memtest_result *r = memtest_result();
	uint64_t before[FRAME_USES], after[FRAME_USES];

	KT_CHECK(plant());
	frames_count(before);
	int error = run("memtest 16M");
	timer_cancel(&timer);
	frames_count(after);
	KT_CHECK(!error && r->passes == 1 && r->tested >= MIB(15));
	KT_CHECK(r->faults.count && r->faults.frames == 1 && r->faults.bits == 1ull << BIT);
	KT_CHECK(r->faults.lowest == cell && r->faults.highest == cell);
	KT_CHECK(r->faults.kept && r->faults.first[0].address == cell && !(r->faults.first[0].actual >> BIT & 1));
	KT_CHECK(after[FRAME_RETIRED] == before[FRAME_RETIRED] + 1 && frame_of(cell)->use == FRAME_RETIRED);
	return KT_PASS;
}

KERNEL_TEST_UNINJECTED(memtest_gives_all_back,
		       "it takes seconds; a_test_of_memory_needs_memory is the same command")
{
	const struct memtest_result *r = memtest_result();

	KT_CHECK(!run("memtest 1s 8M"));	/* whatever the first run needs for good: struct frames, stacks */
	uint64_t before = frames_free_bytes();
	KT_CHECK(!run("memtest 1s 8M"));
	KT_CHECK(r->tested >= MIB(7) && r->moved && !r->faults.count);
	KT_CHECK(frames_free_bytes() + MIB(1) > before);
	KT_CHECK(run("memtest 12x") && run("memtest s") && run("memtest 1 2 3 x"));
	return KT_PASS;
}

static int plant_command(int argc, char **argv)
{
	if (argc > 1) {
		timer_cancel(&timer);
		return 0;
	}
	bool planted = plant();
	monitor_printf("the word at %#llx has a faulty bit\n", (unsigned long long)(planted ? cell : 0));
	return 0;
}
MONITOR_COMMAND(plant, "[off]", "have a faulty memory cell", plant_command);
