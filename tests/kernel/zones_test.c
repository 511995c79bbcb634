/* Where there is memory over 4 GiB, what lies under it is for those who ask for it: the others take it last, and leave
 * some. */
#include "kernel/mm/zones.h"

#include "kernel/mm/frames.h"
#include "tests/kernel/framework.h"

/* Bytes under 4 GiB that are left to those who ask for them; 0 where there is no other memory. */
static uint64_t reserve_bytes(void)
{
	uint64_t reserve = 0, high = 0;

	for (unsigned i = 0; i < zones_count(); i++) {
		uint64_t bytes = zone_at(i)->frames * PAGE_SIZE;
		if (zone_is_low(i))
			reserve += MIN(bytes / 8, MIB(32));
		else
			high += bytes;
	}
	return high ? reserve : 0;
}

KERNEL_TEST_ALLOC(memory_over_4_gib_is_taken_first)
{
	if (!reserve_bytes())
		return KT_SKIP;
	for (unsigned order = 0; order <= BUDDY_ORDER_MAX; order++) {
		paddr_t any = frames_alloc(order, FRAMES_ANYWHERE, FRAME_KERNEL);
		paddr_t low = frames_alloc(order, FRAMES_LOW, FRAME_KERNEL);
		if (any)
			frames_free(any);
		if (low)
			frames_free(low);
		KT_NEED(any && low);
		KT_CHECK(any >= GIB(4) && low + (PAGE_SIZE << order) <= GIB(4));
	}
	return KT_PASS;
}

/* All that such requests can get, on a chain through the blocks' first words; how many bytes of it lie under 4 GiB. */
static uint64_t take_all(enum frames_where where, paddr_t *chain)
{
	uint64_t low = 0;

	for (unsigned order = BUDDY_ORDER_MAX + 1; order--;)
		for (paddr_t block; (block = frames_alloc_rest(order, where, FRAME_KERNEL));) {
			*(paddr_t *)phys_to_virt(block) = *chain;
			*chain = block;
			low += block < GIB(4) ? PAGE_SIZE << order : 0;
		}
	return low;
}

KERNEL_TEST_UNINJECTED(the_last_low_memory_is_for_who_asks_for_it,
		       "it uses up all memory: its last allocation fails by itself")
{
	uint64_t reserve = reserve_bytes();
	paddr_t chain = 0, next;

	if (!reserve)
		return KT_SKIP;
	uint64_t taken = take_all(FRAMES_ANYWHERE, &chain);
	paddr_t single = frame_alloc(FRAME_KERNEL);	/* comes by the CPU's cache, which is empty */
	uint64_t left = take_all(FRAMES_LOW, &chain);
	for (; chain; chain = next) {
		next = *(paddr_t *)phys_to_virt(chain);
		frames_free(chain);
	}
	if (single)
		frame_free(single);
	KT_CHECK(taken);			/* what is more than the reserve is theirs */
	KT_CHECK(!single || single >= GIB(4));	/* what another thread freed meanwhile */
	/* Less what its own struct frames take, and more by what lies scattered. */
	KT_CHECK(left >= reserve - MIB(1) && left <= reserve + MIB(4));
	return KT_PASS;
}
