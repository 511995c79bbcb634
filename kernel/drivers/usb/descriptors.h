/* What USB devices say about themselves (USB 2.0, sections 9.6 and 11.23.2; USB 3.2, sections 9.6 and 10.15.2).
 *
 * Rules
 * - Pure. Nothing that a device says is trusted: all of it is looked at inside the bytes that came and nowhere else.
 * - Functions that check return NULL, or a sentence that says what is wrong; *ret is undefined then. */
#ifndef KERNEL_DRIVERS_USB_DESCRIPTORS_H
#define KERNEL_DRIVERS_USB_DESCRIPTORS_H

#include "lib/types.h"

/* As xHCI numbers them (xHCI 1.2, section 7.2.2.1.1). */
enum usb_speed { USB_SPEED_NONE, USB_FULL, USB_LOW, USB_HIGH, USB_SUPER, USB_SUPER_PLUS };

enum {
	USB_DESCRIPTOR_DEVICE		= 1,
	USB_DESCRIPTOR_CONFIGURATION	= 2,
	USB_DESCRIPTOR_STRING		= 3,
	USB_DESCRIPTOR_INTERFACE	= 4,
	USB_DESCRIPTOR_ENDPOINT		= 5,
	USB_DESCRIPTOR_HUB		= 0x29,
	USB_DESCRIPTOR_HUB_SUPER	= 0x2a,

	USB_CLASS_HID			= 3,
	USB_CLASS_HUB			= 9,
};

#define USB_DEVICE_BYTES	18	/* of a device descriptor */
#define USB_CONFIG_BYTES	9	/* of a configuration descriptor's head */
#define USB_INTERFACES_MAX	16	/* further ones are not looked at */
#define USB_HUB_PORTS_MAX	15	/* a route has four bits for each tier (USB 3.2, section 8.9) */

struct usb_description {
	uint16_t vendor, product;
	uint8_t class;
	uint8_t maker_string, product_string;	/* numbers of strings; 0: none */
};

/* An interrupt endpoint towards the host. */
struct usb_endpoint {
	uint8_t number;		/* 1 to 15 */
	uint8_t period;		/* it is asked every 2^period * 125 us */
	uint16_t max_packet;	/* not more than its speed allows */
};

struct usb_interface {
	uint8_t number, class, subclass, protocol;
	struct usb_endpoint in;	/* its first one; number 0: it has none */
};

struct usb_config {
	uint8_t value;		/* what SET_CONFIGURATION takes */
	uint8_t count;
	struct usb_interface interfaces[USB_INTERFACES_MAX];
};

struct usb_hub_description {
	uint8_t ports;		/* 1 to USB_HUB_PORTS_MAX */
	uint8_t think_time;	/* of its transaction translator: 0 to 3 */
	uint16_t power_ms;	/* from switching a port's power on until it is good */
};

const char *usb_device_check(const uint8_t *bytes, size_t size, struct usb_description *ret);

/* The largest packet of endpoint 0, from the first 8 bytes of a device descriptor; 0 where there can be none such. */
uint16_t usb_control_packet(const uint8_t first[8], enum usb_speed speed);

/* The length of a whole configuration, from its head; 0 where that is none. */
uint16_t usb_config_size(const uint8_t head[USB_CONFIG_BYTES]);

/* A configuration with all that follows it. Interfaces are taken in their first setting. *ret_at is the place of what
 * is wrong. Endpoint numbers that are kept differ from each other. */
const char *usb_config_check(const uint8_t *bytes, size_t size, enum usb_speed speed, struct usb_config *ret,
			     size_t *ret_at);

/* A hub's own descriptor; super: that of a USB 3 hub. */
const char *usb_hub_check(const uint8_t *bytes, size_t size, bool super, struct usb_hub_description *ret);

/* A string descriptor as text for people, cut to size; "" for what is none. */
void usb_string_text(const uint8_t *bytes, size_t size, char *ret, size_t room);

#endif
