/* The bump allocator takes from the top of a usable range: first of those under 4 GiB, since devices with 32-bit DMA
 * reach them, the largest first. One range has always been enough; when it is used up the next one comes, and what is
 * left of the old one stays unused. */
#include "kernel/mm/bootmem.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/memory_map.h"
#include "kernel/core/panic.h"
#include "lib/bump.h"
#include "lib/string.h"

static const struct mem_range *current;
static paddr_t bottom, top;	/* its free part */

static bool range_serves(const struct mem_range *r)
{
	return r->type == MEM_USABLE && r->base + r->size > MIB(1) && r->base < HANDOFF_DIRECT_MAP_SIZE;
}

/* The order in which ranges are taken: no two are equal in it. */
static bool range_before(const struct mem_range *a, const struct mem_range *b)
{
	bool a_low = a->base + a->size <= GIB(4), b_low = b->base + b->size <= GIB(4);

	if (a_low != b_low)
		return a_low;
	return a->size != b->size ? a->size > b->size : a->base < b->base;
}

/* Go on to the next range; false where the current one was the last. */
static bool range_take(void)
{
	const struct mem_range *ranges, *best = NULL;
	size_t count = memory_map_get(&ranges);

	for (const struct mem_range *r = ranges; r < ranges + count; r++)
		if (range_serves(r) && (!current || range_before(current, r)) && (!best || range_before(r, best)))
			best = r;
	if (!best)
		return false;
	current = best;
	bottom = MAX(best->base, MIB(1));
	top = MIN(best->base + best->size, HANDOFF_DIRECT_MAP_SIZE);
	return true;
}

void bootmem_init(void)
{
	if (!range_take())
		panic("memory: the firmware's map has no usable range over 1 MiB");
}

/* A request that no range can hold leaves everything as it was, so that smaller ones go on. */
static paddr_t take(uint64_t size, uint64_t align)
{
	const struct mem_range *was_current = current;
	paddr_t was_bottom = bottom, was_top = top;

	do {
		paddr_t at = bump_take(bottom, &top, size, align);
		if (at)
			return at;
	} while (range_take());
	current = was_current;
	bottom = was_bottom;
	top = was_top;
	return 0;
}

void *bootmem_alloc(size_t size, size_t align)
{
	paddr_t at = take(size, MAX(align, (size_t)16));

	return at ? memset(phys_to_virt(at), 0, size) : NULL;
}

paddr_t bootmem_frame(void)
{
	return take(PAGE_SIZE, PAGE_SIZE);
}

void bootmem_close(void (*give)(paddr_t, uint64_t))
{
	do {
		top = ALIGN_DOWN(top, PAGE_SIZE);
		if (top > bottom)
			give(bottom, top - bottom);
	} while (range_take());
	bottom = top;
}
