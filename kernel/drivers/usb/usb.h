/* USB: keyboards, mice and hubs on xHCI controllers.
 *
 * Rules
 * - usb_take_over once, before anybody looks for a PS/2 keyboard: firmware may be playing one from a USB keyboard. It
 *   waits a second at most for each controller that firmware holds.
 * - usb_init once, when there are threads. It returns at once; devices come and go in threads of their own, one for
 *   each controller, and are reported to the input layer. Does nothing with `nousb` on the command line. */
#ifndef KERNEL_DRIVERS_USB_USB_H
#define KERNEL_DRIVERS_USB_USB_H

/* All USB controllers become ours, and those that have no driver here stop. */
void usb_take_over(void);

void usb_init(void);

#endif
