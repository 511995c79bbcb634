/* USB 2 and USB 3 hubs tell the same by different bits, and xHCI's root ports by a third layout. */
#include "kernel/drivers/usb/port.h"

/* Link states (xHCI 1.2, section 5.4.8; the same numbers in USB 3.2, table 10-13). */
#define LINK_STATE(word) ((word) >> 5 & 0xf)
#define LINK_INACTIVE	6
#define LINK_COMPLIANCE	10

static bool link_is_lost(uint32_t word)
{
	return LINK_STATE(word) == LINK_INACTIVE || LINK_STATE(word) == LINK_COMPLIANCE;
}

/* A speed that is not among the five is a faster one of USB 3. */
struct usb_port_status usb_root_port(uint32_t portsc)
{
	const uint32_t speed = portsc >> 10 & 0xf;

	return (struct usb_port_status){
		.connected = portsc & PORTSC_CONNECTED, .enabled = portsc & PORTSC_ENABLED,
		.powered = portsc & PORTSC_POWER, .resetting = portsc & PORTSC_RESET,
		.over_current = portsc & PORTSC_OVER_CURRENT,
		.link_lost = link_is_lost(portsc),
		.connection_changed = portsc & PORTSC_CONNECT_CHANGE,
		.over_current_changed = portsc & PORTSC_OVER_CURRENT_CHANGE,
		.speed = MIN(speed, (uint32_t)USB_SUPER_PLUS),
		.changes = portsc & PORTSC_CHANGES,
	};
}

struct usb_port_status usb_hub_port(uint32_t status, bool super)
{
	return (struct usb_port_status){
		.connected = status & 1, .enabled = status & 2, .powered = status & (super ? 1 << 9 : 1 << 8),
		.over_current = status & 8, .resetting = status & 0x10,
		.link_lost = super && link_is_lost(status),
		.connection_changed = status & 1 << 16, .over_current_changed = status & 1 << 19,
		.speed = super ? USB_SUPER : status & 1 << 9 ? USB_LOW : status & 1 << 10 ? USB_HIGH : USB_FULL,
		.changes = status >> 16 & (super ? 0xf9 : 0x1f),
	};
}

/* USB 2.0, table 11-17; USB 3.2, table 10-9. */
unsigned usb_hub_change(uint32_t *changes, bool super)
{
	static const uint8_t super_features[] = { [5] = 29, [6] = 25, [7] = 26 };

	if (!*changes)
		return 0;

	const unsigned bit = (unsigned)__builtin_ctz(*changes);

	*changes &= *changes - 1;
	return super && bit >= 5 ? super_features[bit] : HUB_C_CONNECTION + bit;
}
