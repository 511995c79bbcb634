/* Memory under 4 GiB is asked for apart: of that the allocator keeps some back from those who do not need it. */
#include "kernel/diag/holding.h"

static paddr_t take(unsigned order)
{
	paddr_t block = frames_alloc_rest(order, FRAMES_ANYWHERE, FRAME_KERNEL);

	return block ? block : frames_alloc_rest(order, FRAMES_LOW, FRAME_KERNEL);
}

void holding_take_order(struct holding *h, unsigned order, uint64_t bytes, uint64_t reserve)
{
	const uint64_t size = PAGE_SIZE << order;
	paddr_t block;

	while (h->bytes + size <= bytes && frames_free_bytes() >= reserve + size && (block = take(order))) {
		frame_of(block)->next = h->blocks;
		h->blocks = frame_of(block);
		h->bytes += size;
	}
}

void holding_take(struct holding *h, uint64_t bytes, uint64_t reserve)
{
	for (unsigned order = BUDDY_ORDER_MAX + 1; order--;)
		holding_take_order(h, order, bytes, reserve);
}

void holding_free(struct holding *h)
{
	for (struct frame *f = h->blocks, *next; f; f = next) {
		next = f->next;
		frames_free(frame_address(f));
	}
	*h = (struct holding){ 0 };
}
