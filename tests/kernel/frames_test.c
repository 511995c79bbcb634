/* Page frames: whose they are, where they lie, and that none is handed out twice. */
#include "kernel/mm/frames.h"

#include <abi/linux/errno.h>
#include "kernel/core/boot_info.h"
#include "kernel/core/memory_map.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

#define MANY 2000u	/* more than a CPU's cache and a section of an order */

static bool may_be_handed_out(paddr_t frame)
{
	const struct mem_range *r = memory_map_find(frame);

	return frame >= MIB(1) && r && (r->type == MEM_USABLE || (r->type == MEM_BOOT_SERVICES && frames_reclaimed()));
}

/* Frames hang on a chain through their first words; each is stamped with its own address. */
KERNEL_TEST_ALLOC(frames_are_ours_and_different)
{
	uint64_t free = frames_free_bytes();
	unsigned many = kt_failing ? 20 : MANY, count = 0;
	paddr_t chain = 0, frame;

	for (; count < many && (frame = frame_alloc(FRAME_KERNEL)); count++) {
		KT_CHECK(IS_ALIGNED(frame, PAGE_SIZE) && may_be_handed_out(frame));
		KT_CHECK(frame_of(frame)->use == FRAME_KERNEL && frame_address(frame_of(frame)) == frame);
		uint64_t *words = phys_to_virt(frame);
		words[0] = chain;
		words[511] = frame;
		chain = frame;
	}
	KT_CHECK(free - frames_free_bytes() >= count * PAGE_SIZE);
	for (unsigned i = 0; i < count; i++) {
		const uint64_t *words = phys_to_virt(chain);
		paddr_t next = words[0];
		KT_CHECK(words[511] == chain);
		frame_free(chain);
		chain = next;
	}
	KT_CHECK(!chain);
	KT_NEED(count == many);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(blocks_are_aligned)
{
	for (unsigned order = 0; order <= BUDDY_ORDER_MAX; order++) {
		for (enum frames_where where = FRAMES_ANYWHERE; where <= FRAMES_LOW; where++) {
			paddr_t block = frames_alloc(order, where, FRAME_KERNEL);
			if (!block)
				return KT_NO_MEMORY;
			bool right = IS_ALIGNED(block, PAGE_SIZE << order) && may_be_handed_out(block) &&
				     may_be_handed_out(block + (PAGE_SIZE << order) - 1) && frame_of(block)->order == order;
			bool low = block + (PAGE_SIZE << order) <= GIB(4);
			frames_free(block);
			KT_CHECK(right && (low || where == FRAMES_ANYWHERE));
		}
	}
	return KT_PASS;
}

/* A bad frame is never seen again: neither one that is free, nor one that is in use, nor one in a CPU's cache. */
KERNEL_TEST_ALLOC(bad_frames_are_retired)
{
	uint64_t used[FRAME_USES], before;
	paddr_t frame = frame_alloc(FRAME_KERNEL), block = frames_alloc(3, FRAMES_ANYWHERE, FRAME_KERNEL);

	if (!frame || !block) {
		if (frame)
			frame_free(frame);
		if (block)
			frames_free(block);
		return KT_NO_MEMORY;
	}
	frames_count(used);
	before = used[FRAME_RETIRED];
	KT_CHECK(frame_retire(boot_info()->kernel_physical) == -EINVAL);
	KT_CHECK(frame_retire(0) == -EINVAL && frame_retire(1ull << 51) == -EINVAL);
	KT_CHECK(frame_retire(block + 5 * PAGE_SIZE) == -EBUSY);
	frames_free(block);
	frame_free(frame);
	KT_CHECK(frame_retire(frame) == -EBUSY);	/* in the cache */
	paddr_t next = frame_alloc(FRAME_KERNEL);
	KT_NEED(next);
	KT_CHECK(next != frame);
	frame_free(next);
	frames_count(used);
	KT_CHECK(used[FRAME_RETIRED] == before + 2);
	KT_CHECK(frame_of(frame)->use == FRAME_RETIRED && frame_of(block)[5].use == FRAME_RETIRED);
	KT_CHECK(frame_retire(frame) == -EINVAL);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_frame_freed_twice)
{
	paddr_t frame = frame_alloc(FRAME_KERNEL);

	frame_free(frame);
	frame_free(frame);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_part_of_a_block_is_freed)
{
	frame_free(frames_alloc(1, FRAMES_ANYWHERE, FRAME_KERNEL) + PAGE_SIZE);
	return KT_PASS;
}
