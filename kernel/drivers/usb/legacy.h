/* Asking firmware for a USB controller that its system management mode drives (xHCI 1.2, sections 4.22.1 and 7.1; EHCI
 * 1.0, sections 2.1.7, 2.1.8 and 5.1: the same two registers, in configuration space there).
 *
 * Rules: pure; registers are reached through functions, so that tests can be a firmware. */
#ifndef KERNEL_DRIVERS_USB_LEGACY_H
#define KERNEL_DRIVERS_USB_LEGACY_H

#include "lib/types.h"

struct usb_legacy {
	/* A register of the capability, by its offset in it: 0 or 4; one byte of it. */
	uint32_t (*read)(const struct usb_legacy *l, unsigned offset);
	void (*write)(const struct usb_legacy *l, unsigned offset, uint32_t value);
	void (*write_byte)(const struct usb_legacy *l, unsigned offset, uint8_t value);
	void (*wait)(const struct usb_legacy *l);	/* one millisecond */
	uint32_t control_keep;		/* bits of the second register that stay as they are */
};

enum usb_legacy_result { USB_WAS_OURS, USB_HANDED_OVER, USB_SEIZED };

#define USB_LEGACY_WAIT_MS 1000		/* xHCI 1.2, section 4.22.1: as long as firmware may take */

/* After it the controller is ours, and causes no system management interrupts. */
enum usb_legacy_result usb_legacy_take(const struct usb_legacy *l);

#endif
