/* Scattered memory and kernel stacks: contents, guards, and that everything comes back. */
#include "kernel/mm/vmap.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/arch/percpu.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/kstack.h"
#include "kernel/smp/call.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

KERNEL_TEST_ALLOC(vmalloc_is_contiguous)
{
	uint64_t *a = vmalloc(KIB(40)), *b = vmalloc(1);
	bool right = true;
	paddr_t at;

	for (unsigned i = 0; a && i < KIB(40) / 8; i++)
		a[i] = (vaddr_t)&a[i];
	if (b)
		*b = 1;
	for (unsigned i = 0; a && i < KIB(40) / 8; i++)
		right &= a[i] == (vaddr_t)&a[i];
	if (a && b)
		right &= !mmu_translate((vaddr_t)a + KIB(40), &at) && !mmu_translate((vaddr_t)b + PAGE_SIZE, &at) &&
			 mmu_translate((vaddr_t)b, &at) && *(uint64_t *)phys_to_virt(at) == 1;
	vfree(a);
	vfree(b);
	KT_CHECK(right && (!a || !mmu_translate((vaddr_t)a, &at)));
	return a && b ? KT_PASS : KT_NO_MEMORY;
}

KERNEL_TEST(vmalloc_has_limits)
{
	vfree(NULL);
	KT_CHECK(!vmalloc(0) && !vmalloc(~0ull) && !vmalloc(1ull << 62) && !vmalloc(MMU_VMAP_SIZE));
	return KT_PASS;
}

/* More than is free: everything that was had on the way comes back. */
KERNEL_TEST_UNINJECTED(vmalloc_of_too_much_leaves_all_as_it_was,
		       "it uses up all memory: its last allocation fails by itself")
{
	uint64_t before[FRAME_USES], used[FRAME_USES];

	if (frames_free_bytes() > MIB(512))
		return KT_SKIP;		/* it would take long */
	frames_count(before);
	KT_CHECK(!vmalloc(frames_free_bytes() + MIB(1)));
	frames_count(used);
	KT_CHECK(used[FRAME_VMALLOC] == before[FRAME_VMALLOC]);
	return KT_PASS;
}

KERNEL_TEST_ALLOC(stacks_are_guarded)
{
	uint32_t count = kstack_count();
	vaddr_t top = kstack_alloc();
	paddr_t at;

	if (!top)
		return kstack_count() <= count ? KT_NO_MEMORY : KT_FAIL;	/* the reaper may free some meanwhile */
	memset((void *)(top - MMU_STACK_SIZE), 0x5a, MMU_STACK_SIZE);
	bool right = !mmu_translate(top - MMU_STACK_SIZE - 1, &at) && !mmu_translate(top, &at) &&
		     strcmp(mmu_describe(top - MMU_STACK_SIZE - 1), "guard page of a kernel stack") == 0 &&
		     strcmp(mmu_describe(top - 1), "kernel stack") == 0;
	kstack_free(top);
	KT_CHECK(right && kstack_count() <= count && !mmu_translate(top - 1, &at));
	return KT_PASS;
}

KERNEL_TEST_ALLOC(stacks_are_used_again)
{
	vaddr_t tops[20], again = 0;
	unsigned count = 0;

	while (count < ARRAY_SIZE(tops) && (tops[count] = kstack_alloc()))
		count++;
	if (count == ARRAY_SIZE(tops)) {
		kstack_free(tops[7]);
		again = kstack_alloc();
		KT_CHECK(!again || again == tops[7]);
		tops[7] = again ? again : tops[--count];
	}
	while (count)
		kstack_free(tops[--count]);
	return again ? KT_PASS : KT_NO_MEMORY;
}

#define FAR_PAGE (MMU_STACKS + MMU_STACKS_SIZE - PAGE_SIZE)	/* no stack is there */

static uint32_t seen_wrong;	/* atomic */

static void look(void *expected)
{
	if (*(volatile uint64_t *)FAR_PAGE != *(uint64_t *)expected)
		__atomic_fetch_add(&seen_wrong, 1, __ATOMIC_RELAXED);
}

/* Each CPU reads an address, and the same after other memory was mapped there: none may remember the first. */
KERNEL_TEST_ALLOC(unmapped_pages_are_forgotten_by_all_cpus)
{
	seen_wrong = 0;
	for (uint64_t round = 1; round <= (kt_failing ? 2 : 20); round++) {
		paddr_t frame = frame_alloc(FRAME_KERNEL);
		KT_NEED(frame);
		if (mmu_map(FAR_PAGE, frame, PAGE_SIZE)) {
			frame_free(frame);
			return KT_NO_MEMORY;
		}
		*(uint64_t *)phys_to_virt(frame) = round;
		smp_call_all(look, &round);
		mmu_unmap(FAR_PAGE, PAGE_SIZE);
		*(uint64_t *)phys_to_virt(frame) = 0;
		KT_CHECK(frame_retire(frame) == -EBUSY);	/* the next round has another one */
		frame_free(frame);
	}
	KT_CHECK(seen_wrong == 0);
	return KT_PASS;
}

static void check_rights(void *wrong)
{
	if (mmu_check_rights())
		__atomic_fetch_add((uint32_t *)wrong, 1, __ATOMIC_RELAXED);
}

KERNEL_TEST(rights_are_right_on_all_cpus)
{
	uint32_t wrong = 0;

	smp_call_all(check_rights, &wrong);
	KT_CHECK(wrong == 0);
	return KT_PASS;
}

#define ROUNDS 4000u	/* of all CPUs together: an emulator with few processors takes its time over a contended lock */

/* Each CPU has its own caches; what one allocates another frees. */
static void allocate(void *slots)
{
	void **mine = (void **)slots + cpu_id() % 64;

	for (unsigned i = 0; i < (kt_failing ? 10 : ROUNDS / percpu_count); i++) {
		void *now = kmalloc(16 + i % 500), *before = __atomic_exchange_n(mine, now, __ATOMIC_ACQ_REL);
		kfree(before);
		mine = (void **)slots + (cpu_id() + i) % 64;
		paddr_t frame = frame_alloc(FRAME_KERNEL);
		if (frame)
			frame_free(frame);
	}
}

KERNEL_TEST_ALLOC(all_cpus_allocate_at_once)
{
	static void *slots[64];
	uint32_t mark = kmalloc_mark();

	smp_call_all(allocate, slots);
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++) {
		kfree(slots[i]);
		slots[i] = NULL;
	}
	KT_CHECK(kmalloc_leaks(mark) == 0);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_new_stack_overflow)
{
	*(volatile uint64_t *)(kstack_alloc() - MMU_STACK_SIZE - 8) = 1;
	return KT_PASS;
}
