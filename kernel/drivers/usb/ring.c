/* Bit 0 of a block's last word tells a new block from one of the round before: the writer flips its meaning whenever it
 * comes round, so neither side needs to know how far the other has got. That word is therefore written last, and read
 * first. Two blocks stay free: the link at the end, and one more, since a full ring would look like an empty one. */
#include "kernel/drivers/usb/ring.h"

#define CYCLE		1u
#define LINK_TOGGLE	2u		/* the cycle's meaning flips behind this link */
#define LINK		(6u << 10)

void xhci_ring_init(struct xhci_ring *r, struct xhci_trb *memory, paddr_t base, uint16_t size)
{
	*r = (struct xhci_ring){ .trbs = memory, .base = base, .size = size, .cycle = 1 };
}

static void write_trb(struct xhci_trb *at, uint64_t parameter, uint32_t status, uint32_t control)
{
	at->parameter = parameter;
	at->status = status;
	__atomic_store_n(&at->control, control, __ATOMIC_RELEASE);
}

paddr_t xhci_ring_put(struct xhci_ring *r, uint64_t parameter, uint32_t status, uint32_t control, bool hidden)
{
	const paddr_t address = r->base + r->next * sizeof(struct xhci_trb);

	write_trb(&r->trbs[r->next], parameter, status, control | (r->cycle ^ hidden));
	if (++r->next == r->size - 1) {
		write_trb(&r->trbs[r->next], r->base, 0, LINK | LINK_TOGGLE | r->cycle);
		r->next = 0;
		r->cycle ^= CYCLE;
	}
	return address;
}

void xhci_ring_show(struct xhci_ring *r, paddr_t block)
{
	struct xhci_trb *const at = xhci_ring_at(r, block);

	__atomic_store_n(&at->control, at->control ^ CYCLE, __ATOMIC_RELEASE);
}

uint64_t xhci_ring_position(const struct xhci_ring *r)
{
	return (r->base + r->next * sizeof(struct xhci_trb)) | r->cycle;
}

struct xhci_trb *xhci_ring_at(const struct xhci_ring *r, paddr_t address)
{
	const paddr_t offset = address - r->base;

	if (offset % sizeof(struct xhci_trb) || offset / sizeof(struct xhci_trb) >= r->size - 1u)
		return NULL;
	return &r->trbs[offset / sizeof(struct xhci_trb)];
}

paddr_t xhci_ring_take(struct xhci_ring *r, paddr_t block)
{
	struct xhci_trb *const at = xhci_ring_at(r, block);
	const paddr_t data = at ? at->parameter : 0;

	if (at)
		at->parameter = 0;
	return data;
}

bool xhci_event_next(struct xhci_ring *r, struct xhci_trb *ret)
{
	const struct xhci_trb *const at = &r->trbs[r->next];
	const uint32_t control = __atomic_load_n(&at->control, __ATOMIC_ACQUIRE);

	if ((control & CYCLE) != r->cycle)
		return false;
	*ret = (struct xhci_trb){ at->parameter, at->status, control };
	if (++r->next == r->size) {
		r->next = 0;
		r->cycle ^= CYCLE;
	}
	return true;
}
