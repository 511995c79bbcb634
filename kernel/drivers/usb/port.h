/* Ports: what hubs and the controller's own root ports say about them, in one form (USB 2.0, section 11.24.2.7; USB
 * 3.2, section 10.16.2.6; xHCI 1.2, section 5.4.8).
 *
 * Rules: pure. */
#ifndef KERNEL_DRIVERS_USB_PORT_H
#define KERNEL_DRIVERS_USB_PORT_H

#include "kernel/drivers/usb/descriptors.h"

struct usb_port_status {
	bool connected, enabled, powered, over_current, resetting;
	bool link_lost;			/* USB 3: only a warm reset brings the link back */
	bool connection_changed, over_current_changed;
	enum usb_speed speed;		/* of what is connected, where the port is enabled */
	uint32_t changes;		/* as the port has them: to clear */
};

/* PORTSC of a root port. */
enum {
	PORTSC_CONNECTED	= 1 << 0,
	PORTSC_ENABLED		= 1 << 1,	/* writing 1 disables the port */
	PORTSC_OVER_CURRENT	= 1 << 3,
	PORTSC_RESET		= 1 << 4,
	PORTSC_POWER		= 1 << 9,
	PORTSC_KEEP		= 7 << 25 | 3 << 14 | PORTSC_POWER,	/* wake-up, lamp, power: written as read */
	PORTSC_CONNECT_CHANGE	= 1 << 17,	/* from here on what is cleared by writing 1 */
	PORTSC_OVER_CURRENT_CHANGE = 1 << 20,
	PORTSC_CHANGES		= 0x7f << 17,
};
#define PORTSC_WARM_RESET	(1u << 31)

struct usb_port_status usb_root_port(uint32_t portsc);

/* Features of a hub's port that are set and cleared by number; that of change bit n is HUB_C_CONNECTION + n, but for
 * USB 3's last three. */
enum {
	HUB_PORT_RESET		= 4,
	HUB_PORT_POWER		= 8,
	HUB_C_CONNECTION	= 16,
	HUB_PORT_WARM_RESET	= 28,
};

/* The four bytes of GET_STATUS of a port; super: of a USB 3 hub. */
struct usb_port_status usb_hub_port(uint32_t status, bool super);

/* The feature that clears the lowest of the changes; that bit is taken out of *changes. 0: there are none. */
unsigned usb_hub_change(uint32_t *changes, bool super);

#endif
