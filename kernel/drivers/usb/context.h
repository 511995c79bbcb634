/* Contexts: what commands tell an xHCI controller about a device, its place and its endpoints (xHCI 1.2, section 6.2).
 *
 * Rules
 * - Pure: memory is passed in.
 * - An input is always written whole: first xhci_input_begin, then what else there is to say. */
#ifndef KERNEL_DRIVERS_USB_CONTEXT_H
#define KERNEL_DRIVERS_USB_CONTEXT_H

#include "kernel/drivers/usb/descriptors.h"

/* Where a device is. A root port's has the port and the speed, and zeros. */
struct usb_place {
	enum usb_speed speed;
	uint8_t root_port;
	uint8_t tier;			/* hubs between it and its root port */
	uint8_t tt_slot, tt_port;	/* the high-speed hub's that translates for a slower device; 0: none */
	uint32_t route;			/* four bits a tier */
};

/* The place in a hub's port; hub_slot is the hub's. */
struct usb_place usb_place_behind(const struct usb_place *hub, uint8_t hub_slot, unsigned port, enum usb_speed speed);

#define XHCI_INPUT_PARTS 33		/* what is said, the slot, and 31 endpoints */

struct xhci_input {
	uint8_t *bytes;
	unsigned part;			/* the size of each, 32 or 64 bytes: the controller's choice */
};

/* Say what every command wants to know; last is the number of the highest endpoint that the device has. */
void xhci_input_begin(struct xhci_input in, const struct usb_place *place, unsigned last);

/* … that it is a hub; think_time is its translator's. */
void xhci_input_hub(struct xhci_input in, const struct usb_place *place, unsigned ports, uint8_t think_time);

enum { XHCI_DCI_CONTROL = 1 };		/* the number of endpoint 0; of others xhci_dci */
enum xhci_endpoint_type { XHCI_CONTROL = 4, XHCI_INTERRUPT_IN = 7 };

/* … an endpoint; position is its ring's (ring.h), period an exponent as in struct usb_endpoint. */
void xhci_input_endpoint(struct xhci_input in, unsigned dci, enum xhci_endpoint_type type, uint16_t packet, unsigned period,
			 uint64_t position);

/* A device's address on the bus, from the context that the controller keeps for it; 0: it has none yet. */
uint8_t xhci_context_address(const uint8_t *context);

#endif
