/* Firmware and system share a register with a flag each, in bytes of their own. We set ours by a write of that byte
 * alone: a write of all four would put firmware's flag back to what it was when we read it, while its handler clears it
 * (seen on real machines: the flag then stays for ever). Firmware that does not let go in time has lost interest: its
 * flag is cleared for it, in the same way. */
#include "kernel/drivers/usb/legacy.h"

enum {
	SUPPORT = 0, CONTROL = 4,
	FIRMWARE_OWNS = 1 << 16, FIRMWARE_BYTE = 2,
	SYSTEM_OWNS = 1 << 24, SYSTEM_BYTE = 3,
};
#define CONTROL_EVENTS (7u << 29)	/* causes that stand; cleared by writing 1 */

enum usb_legacy_result usb_legacy_take(const struct usb_legacy *l)
{
	enum usb_legacy_result result = USB_WAS_OURS;

	if (l->read(l, SUPPORT) & FIRMWARE_OWNS)
		result = USB_HANDED_OVER;
	l->write_byte(l, SYSTEM_BYTE, 1);
	for (unsigned ms = 0; ms < USB_LEGACY_WAIT_MS && l->read(l, SUPPORT) & FIRMWARE_OWNS; ms++)
		l->wait(l);
	if (l->read(l, SUPPORT) & FIRMWARE_OWNS) {
		result = USB_SEIZED;
		l->write_byte(l, FIRMWARE_BYTE, 0);
	}
	l->write(l, CONTROL, (l->read(l, CONTROL) & l->control_keep) | CONTROL_EVENTS);
	return result;
}
