/* All stacks have one size, so their addresses are places of one size in a row, each with its guard pages, and a bitmap
 * with two levels knows which are free. There are as many places as stacks would fill the memory; the bitmap has two
 * kilobytes for 256 MiB. */
#include "kernel/mm/kstack.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sync/spinlock.h"
#include "lib/bitmap.h"

#define PLACES_LEAST	1024u
#define PLACES_MOST	(1u << 18)	/* bounds what the bitmap costs at boot: 33 KiB */

static struct spinlock lock = SPINLOCK("kernel stacks");
static struct bitmap places GUARDED_BY(&lock);

void kstack_init(void)
{
	uint64_t fitting = frames_free_bytes() / MMU_STACK_SIZE;
	uint32_t count = (uint32_t)MIN(MAX(fitting, PLACES_LEAST), PLACES_MOST);
	void *memory = kmalloc(bitmap_bytes(count));

	_Static_assert(PLACES_MOST * MMU_STACK_STEP <= MMU_STACKS_SIZE, "all have addresses");
	if (!memory)
		panic("memory: none for the list of kernel stacks");
	bitmap_init(&places, memory, count);
}

static vaddr_t place_top(uint32_t place)
{
	return MMU_STACKS + (place + 1) * MMU_STACK_STEP;
}

/* Unmap what is mapped of a stack, and free its frames. */
static void stack_clear(vaddr_t top)
{
	paddr_t frames[MMU_STACK_SIZE / PAGE_SIZE];
	unsigned count = 0;

	while (count < ARRAY_SIZE(frames) && mmu_translate(top - (count + 1) * PAGE_SIZE, &frames[count]))
		count++;
	if (count)
		mmu_unmap(top - count * PAGE_SIZE, count * PAGE_SIZE);
	while (count)
		frame_free(frames[--count]);
}

static bool stack_map(vaddr_t top)
{
	for (vaddr_t page = top - PAGE_SIZE; page >= top - MMU_STACK_SIZE; page -= PAGE_SIZE) {
		paddr_t frame = frame_alloc(FRAME_STACK);
		if (!frame)
			return false;
		if (mmu_map(page, frame, PAGE_SIZE)) {
			frame_free(frame);
			return false;
		}
	}
	return true;
}

static void place_give(uint32_t place)
{
	uint64_t irq = spin_lock_irqsave(&lock);
	bool taken = bitmap_give(&places, place);

	spin_unlock_irqrestore(&lock, irq);
	if (!taken)
		panic("kstack: stack %u is freed, but it is free", place);
}

vaddr_t kstack_alloc(void)
{
	uint64_t irq = spin_lock_irqsave(&lock);
	int64_t place = bitmap_take(&places);

	spin_unlock_irqrestore(&lock, irq);
	if (place < 0)
		return 0;
	vaddr_t top = place_top((uint32_t)place);
	if (!stack_map(top)) {
		stack_clear(top);
		place_give((uint32_t)place);
		return 0;
	}
	return top;
}

void kstack_free(vaddr_t top)
{
	uint32_t place = (uint32_t)((top - MMU_STACKS) / MMU_STACK_STEP - 1);

	if (top <= MMU_STACKS || top != place_top(place))
		panic("kstack: %#llx is no stack", (unsigned long long)top);
	stack_clear(top);
	place_give(place);
}

uint32_t kstack_count(void)
{
	return __atomic_load_n(&places.taken, __ATOMIC_RELAXED);
}
