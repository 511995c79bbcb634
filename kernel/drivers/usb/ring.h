/* Rings of transfer request blocks, by which software and an xHCI controller tell each other what to do and what
 * happened (xHCI 1.2, sections 4.9 and 6.4).
 *
 * Rules
 * - Pure: memory is passed in, zeroed, with the physical address that the controller knows it by.
 * - The caller serialises; it never has more blocks waiting in a ring than fit, which is two less than its size. */
#ifndef KERNEL_DRIVERS_USB_RING_H
#define KERNEL_DRIVERS_USB_RING_H

#include "lib/types.h"

struct xhci_trb {
	uint64_t parameter;
	uint32_t status, control;
};

/* A ring that we fill. Its last block leads back to the first. */
struct xhci_ring {
	struct xhci_trb *trbs;
	paddr_t base;
	uint16_t size;		/* blocks, the last one included */
	uint16_t next;		/* where the next one goes */
	uint8_t cycle;		/* 0 or 1: what marks a block as valid in this round */
};

void xhci_ring_init(struct xhci_ring *r, struct xhci_trb *memory, paddr_t base, uint16_t size);

/* Add a block; its address. With `hidden` the controller does not see it, nor those behind it, until xhci_ring_show. */
paddr_t xhci_ring_put(struct xhci_ring *r, uint64_t parameter, uint32_t status, uint32_t control, bool hidden);
void xhci_ring_show(struct xhci_ring *r, paddr_t block);

/* Where the next block goes: its address, and in bit 0 the cycle. What a controller that starts anew is told. */
uint64_t xhci_ring_position(const struct xhci_ring *r);

/* The block at an address that came from the controller; NULL where it is none of this ring's. */
struct xhci_trb *xhci_ring_at(const struct xhci_ring *r, paddr_t address);

/* The address of the data of a block that the controller is done with. It is told once: 0 for a block that was taken
 * before, and for what is none of this ring's. */
paddr_t xhci_ring_take(struct xhci_ring *r, paddr_t block);

/* A ring that the controller fills: the next block, if there is one. */
bool xhci_event_next(struct xhci_ring *r, struct xhci_trb *ret);

#endif
