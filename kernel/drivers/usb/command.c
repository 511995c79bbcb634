/* `usb` and the report's section: what is plugged in where. A device is copied under the lock of its controller and
 * shown outside it, since the tree may change meanwhile and showing takes long. */
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/drivers/usb/xhci.h"
#include "lib/format.h"

static const char *const speeds[] = {
	[USB_FULL] = "12 Mb/s", [USB_LOW] = "1.5 Mb/s", [USB_HIGH] = "480 Mb/s", [USB_SUPER] = "5 Gb/s",
	[USB_SUPER_PLUS] = "10 Gb/s and more",
};

struct entry {
	char path[USB_PATH], name[2 * USB_TEXT], drivers[64], id[10];
	const char *speed;
	unsigned tier;
};

static void name_drivers(const struct usb_device *d, char *ret, size_t room)
{
	const uint8_t class = d->info.class ? d->info.class : d->config.count ? d->config.interfaces[0].class : 0;
	size_t at = 0;

	if (!d->function_count)
		ksnprintf(ret, room, "no driver for class %02x", class);
	for (unsigned i = 0; i < d->function_count && at < room; i++)
		at += (size_t)ksnprintf(ret + at, room - at, "%s%s", i ? " + " : "", d->functions[i].driver->name);
}

/* The device with this number in the controller's list; false behind the last, and where the lock cannot be had and
 * this may not wait for it. */
static bool copy(struct xhci *x, unsigned number, bool may_wait, struct entry *ret) UNCHECKED_LOCKS
{
	const uint64_t flags = cpu_irq_save();
	const struct usb_device *d = NULL;
	bool locked = true;

	if (may_wait)
		spin_lock(&x->lock);
	else
		locked = spin_trylock(&x->lock);
	for (d = locked ? x->devices : NULL; d && number; d = d->next)
		number--;
	if (d) {
		ksnprintf(ret->path, sizeof(ret->path), "%s", d->path);
		ksnprintf(ret->id, sizeof(ret->id), "%04x:%04x", d->info.vendor, d->info.product);
		usb_device_name(d, ret->name, sizeof(ret->name));
		name_drivers(d, ret->drivers, sizeof(ret->drivers));
		ret->speed = speeds[d->place.speed];
		ret->tier = d->place.tier;
	}
	if (locked)
		spin_unlock(&x->lock);
	cpu_irq_restore(flags);
	return d;
}

static const char *state(const struct xhci *x)
{
	const char *fault = xhci_fault(x);

	return fault ? fault : x->interrupts ? "by interrupts" : "polled";
}

static int usb_command(int argc, char **argv)
{
	struct entry e;

	if (!xhci_first())
		monitor_printf("there is no xHCI controller in use\n");
	for (struct xhci *x = xhci_first(); x; x = x->next) {
		monitor_printf("xhci %s, %u ports, %s\n", x->name, x->root->count, state(x));
		for (unsigned i = 0; copy(x, i, true, &e); i++)
			monitor_printf("%*s%s: %s %s, %s, %s\n", (int)(2 + 2 * e.tier), "", e.path, e.id, e.name,
				       e.speed, e.drivers);
	}
	return 0;
}
MONITOR_COMMAND(usb, "", "USB controllers and what is plugged in", usb_command,
	.text = "A device stands below the hub that it is plugged into. Its path is the bus and the ports on the way "
		"to it: 1-2.3 is port 3 of the hub in port 2 of bus 1. Each xHCI controller has two buses, for USB 2 "
		"and USB 3. Keyboards, mice and hubs have drivers.");

static void usb_report(struct report_sink *s)
{
	struct entry e;

	report_list(s, "controllers");
	for (struct xhci *x = xhci_first(); x; x = x->next) {
		report_row(s);
		report_text(s, "address", "%s", x->name);
		report_number(s, "ports", x->root->count);
		report_text(s, "state", "%s", state(x));
		report_end(s);
	}
	report_end(s);
	report_list(s, "devices");
	for (struct xhci *x = xhci_first(); x; x = x->next) {
		for (unsigned i = 0; copy(x, i, false, &e); i++) {
			report_row(s);
			report_text(s, "path", "%s", e.path);
			report_text(s, "id", "%s", e.id);
			report_text(s, "name", "%s", e.name);
			report_text(s, "speed", "%s", e.speed);
			report_text(s, "drivers", "%s", e.drivers);
			report_end(s);
		}
	}
	report_end(s);
}
REPORT_SECTION(45, usb, "USB", usb_report);
