/* The size of a context's parts is the controller's choice, but only what is behind their first eight words differs,
 * which is reserved: so they are arrays of words here. */
#include "kernel/drivers/usb/context.h"

#include "lib/string.h"

enum {
	PART_CONTROL, PART_SLOT,	/* then the endpoints by number */
	CONTROL_ADD = 1,		/* the word that says which of the others count */

	/* The slot's words. */
	SLOT_SPEED = 20, SLOT_ENTRIES = 27, SLOT_ROOT_PORT = 16, SLOT_PORTS = 24, SLOT_TT_PORT = 8, SLOT_THINK_TIME = 16,
	SLOT_IS_HUB = 1 << 26,

	/* An endpoint's words. */
	ENDPOINT_PERIOD = 16, ENDPOINT_TYPE = 3, ENDPOINT_PACKET = 16, ENDPOINT_PAYLOAD = 16,
	ENDPOINT_TRIES = 3 << 1,	/* before a transaction counts as failed */
	SETUP_BYTES = 8,		/* section 4.14.1.1: the average to assume of endpoint 0 */
};

/* A device that is slower than the high-speed hub it is behind is spoken to by that hub's translator, also through
 * full-speed hubs in between: these pass on who it is. */
struct usb_place usb_place_behind(const struct usb_place *hub, uint8_t hub_slot, unsigned port, enum usb_speed speed)
{
	const bool translated = hub->speed == USB_HIGH && speed < USB_HIGH;

	return (struct usb_place){
		.speed = speed, .root_port = hub->root_port, .tier = hub->tier + 1,
		.route = hub->route | port << 4 * hub->tier,
		.tt_slot = translated ? hub_slot : hub->tt_slot,
		.tt_port = translated ? (uint8_t)port : hub->tt_port,
	};
}

static uint32_t *part(struct xhci_input in, unsigned number)
{
	return (uint32_t *)(in.bytes + number * in.part);
}

void xhci_input_begin(struct xhci_input in, const struct usb_place *place, unsigned last)
{
	uint32_t *const slot = part(in, PART_SLOT);

	memset(in.bytes, 0, XHCI_INPUT_PARTS * in.part);
	part(in, PART_CONTROL)[CONTROL_ADD] = 1;
	slot[0] = place->route | (uint32_t)place->speed << SLOT_SPEED | (uint32_t)last << SLOT_ENTRIES;
	slot[1] = (uint32_t)place->root_port << SLOT_ROOT_PORT;
	slot[2] = place->tt_slot | (uint32_t)place->tt_port << SLOT_TT_PORT;
}

/* Only high-speed hubs have a translator. */
void xhci_input_hub(struct xhci_input in, const struct usb_place *place, unsigned ports, uint8_t think_time)
{
	uint32_t *const slot = part(in, PART_SLOT);

	slot[0] |= SLOT_IS_HUB;
	slot[1] |= (uint32_t)ports << SLOT_PORTS;
	if (place->speed == USB_HIGH)
		slot[2] |= (uint32_t)think_time << SLOT_THINK_TIME;
}

void xhci_input_endpoint(struct xhci_input in, unsigned dci, enum xhci_endpoint_type type, uint16_t packet, unsigned period,
			 uint64_t position)
{
	uint32_t *const endpoint = part(in, PART_SLOT + dci);

	part(in, PART_CONTROL)[CONTROL_ADD] |= 1u << dci;
	endpoint[0] = period << ENDPOINT_PERIOD;
	endpoint[1] = ENDPOINT_TRIES | (uint32_t)type << ENDPOINT_TYPE | (uint32_t)packet << ENDPOINT_PACKET;
	endpoint[2] = (uint32_t)position;
	endpoint[3] = (uint32_t)(position >> 32);
	endpoint[4] = type == XHCI_CONTROL ? SETUP_BYTES : packet | (uint32_t)packet << ENDPOINT_PAYLOAD;
}

uint8_t xhci_context_address(const uint8_t *context)
{
	return (uint8_t)((const volatile uint32_t *)context)[3];
}
