/* Hubs, and the controller's own ports, which are handled alike: what differs is how a port is read and told something.
 *
 * A port that reports a change is looked at: what is gone is dropped, and what is new must stay for a while before it
 * is used, since plugs bounce (USB 2.0, section 7.1.7.3). Then the port is reset, which also shows the device's speed.
 * Ports wait next to each other, so many keyboards plugged in before the boot are ready soon after each other.
 *
 * A device that does not work gets a few tries; then its port is left alone until something else is plugged in. */
#include <abi/linux/errno.h>
#include "kernel/core/log.h"
#include "kernel/drivers/usb/xhci.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/thread.h"
#include "kernel/time/clock.h"
#include "lib/bytes.h"

#define SETTLE_TIME	(100 * NSEC_PER_MSEC)	/* TATTDB */
#define RESET_LOOK	(10 * NSEC_PER_MSEC)
#define RESET_TIME	(800 * NSEC_PER_MSEC)	/* hubs take 10 to 20 ms, root ports 50; a warm reset some hundred */
#define RESET_REST	(10 * NSEC_PER_MSEC)	/* TRSTRCY */
#define PORT_TRIES	4

#define SET_HUB_DEPTH	12			/* USB 3.2, section 10.16.2.9 */

static bool is_super(const struct usb_hub *hub)
{
	return hub->device && hub->device->place.speed >= USB_SUPER;
}

static const char *hub_path(const struct usb_hub *hub)
{
	return hub->device ? hub->device->path : "root hub";
}

/* Read a port, and clear what it says has changed. */
static int root_status(const struct xhci *x, unsigned port, struct usb_port_status *ret)
{
	const uint32_t portsc = xhci_port_read(x, port);

	*ret = usb_root_port(portsc);
	if (ret->changes)
		xhci_port_write(x, port, (portsc & PORTSC_KEEP) | ret->changes);
	return 0;
}

static int port_status(struct usb_hub *hub, unsigned port, struct usb_port_status *ret)
{
	const struct usb_request get_status = { USB_FROM_HUB_PORT, USB_GET_STATUS, 0, (uint16_t)port };
	uint8_t bytes[4];
	int error;

	if (!hub->device)
		return root_status(hub->xhci, port, ret);
	error = usb_control(hub->device, get_status, bytes, sizeof(bytes));
	if (error != sizeof(bytes))
		return error < 0 ? error : -EIO;
	*ret = usb_hub_port(bytes_get_u32(bytes), is_super(hub));
	error = 0;
	for (unsigned feature; !error && (feature = usb_hub_change(&ret->changes, is_super(hub)));)
		error = usb_set(hub->device, USB_TO_HUB_PORT, USB_CLEAR_FEATURE, (uint16_t)feature, (uint16_t)port);
	return error;
}

static int port_set(struct usb_hub *hub, unsigned port, unsigned feature, uint32_t portsc_bit)
{
	if (hub->device)
		return usb_set(hub->device, USB_TO_HUB_PORT, USB_SET_FEATURE, (uint16_t)feature, (uint16_t)port);
	xhci_port_write(hub->xhci, port, (xhci_port_read(hub->xhci, port) & PORTSC_KEEP) | portsc_bit);
	return 0;
}

static int port_power(struct usb_hub *hub, unsigned port)
{
	return port_set(hub, port, HUB_PORT_POWER, PORTSC_POWER);
}

/* Is there nothing left to wait for? */
static bool reset_is_over(const struct usb_port_status *s)
{
	return !s->connected || (s->enabled && !s->resetting);
}

/* 0 where the port is enabled; -ENODEV where nothing is plugged in any more, -EAGAIN where it is something else. */
static int port_reset(struct usb_hub *hub, unsigned port, enum usb_speed *ret)
{
	const nsec_t end = clock_now() + RESET_TIME;
	struct usb_port_status s;
	int error = port_status(hub, port, &s);
	bool replugged = false;

	if (!error && s.link_lost)
		error = port_set(hub, port, HUB_PORT_WARM_RESET, PORTSC_WARM_RESET);
	else if (!error)
		error = port_set(hub, port, HUB_PORT_RESET, PORTSC_RESET);
	do {
		thread_sleep(RESET_LOOK);
		if (!error)
			error = port_status(hub, port, &s);
		replugged |= !error && s.connection_changed;
	} while (!error && !reset_is_over(&s) && clock_now() < end);
	if (error || !s.connected || replugged)
		return error ? error : !s.connected ? -ENODEV : -EAGAIN;
	thread_sleep(RESET_REST);
	*ret = s.speed;
	return s.enabled && s.speed ? 0 : -EIO;
}

void usb_port_retry(struct usb_hub *hub, unsigned port)
{
	struct usb_port *const p = &hub->ports[port];

	if (p->tries < PORT_TRIES && ++p->tries < PORT_TRIES)
		p->settles = clock_now() + SETTLE_TIME;
}

static void port_use(struct usb_hub *hub, unsigned port)
{
	struct usb_port *const p = &hub->ports[port];
	const bool last_try = p->tries + 1 == PORT_TRIES;
	enum usb_speed speed;
	const int error = port_reset(hub, port, &speed);

	if (error == -ENODEV) {
		p->tries = 0;
		return;
	}
	if (!error && usb_device_add(hub, port, speed, last_try))
		return;
	if (error && last_try)
		pr_warn("usb %s: port %u: what is plugged in cannot be reset", hub_path(hub), port);
	usb_port_retry(hub, port);
}

static void port_look(struct usb_hub *hub, unsigned port)
{
	struct usb_port *const p = &hub->ports[port];
	struct usb_port_status s;
	const int error = port_status(hub, port, &s);

	if (error) {
		usb_device_fail(hub->device, "hub: port %u: %s", port, usb_why(hub->device, error));
		return;
	}
	if (s.over_current_changed && s.over_current)
		pr_warn("usb %s: port %u: too much current is drawn", hub_path(hub), port);
	if (s.over_current_changed && !s.over_current)
		port_power(hub, port);
	const bool pulled = !s.connected || s.connection_changed;
	if (p->device && !pulled && !s.enabled)		/* hubs do that to devices that babble */
		usb_device_fail(p->device, "its port was disabled");
	if (p->device && (pulled || !s.enabled))
		usb_device_drop(p->device);
	if (pulled)
		p->tries = 0;
	if (!s.connected)
		p->settles = 0;
	else if (!p->device && p->tries < PORT_TRIES)
		p->settles = clock_now() + SETTLE_TIME;
}

/* The hub's own bit: its power supply, or too much current altogether (USB 2.0, section 11.24.2.6). */
static void hub_look(struct usb_hub *hub)
{
	const struct usb_request get_status = { USB_FROM_HUB, USB_GET_STATUS, 0, 0 };
	uint8_t bytes[4];

	if (usb_control(hub->device, get_status, bytes, sizeof(bytes)) != sizeof(bytes))
		return;
	for (uint16_t change = 0; change < 2; change++)
		if (bytes[2] >> change & 1)
			usb_set(hub->device, USB_TO_HUB, USB_CLEAR_FEATURE, change, 0);
	if (bytes[2] & 2)
		pr_warn("usb %s: hub: too much current is drawn", hub->device->path);
}

void usb_hub_work(struct usb_hub *hub, nsec_t *next)
{
	if (__atomic_exchange_n(&hub->ports[0].look, false, __ATOMIC_ACQUIRE))
		hub_look(hub);
	for (unsigned port = 1; port <= hub->count; port++) {
		struct usb_port *const p = &hub->ports[port];
		if (hub->device && hub->device->failed)
			return;
		if (__atomic_exchange_n(&p->look, false, __ATOMIC_ACQUIRE))
			port_look(hub, port);
		if (p->settles && p->settles <= clock_now()) {
			p->settles = 0;
			port_use(hub, port);
		}
		if (p->settles)
			*next = MIN(*next, p->settles);
	}
}

struct usb_hub *usb_hub_alloc(struct xhci *x, struct usb_device *d, unsigned ports)
{
	struct usb_hub *const hub = kzalloc(sizeof(*hub) + (ports + 1) * sizeof(hub->ports[0]));

	if (hub) {
		hub->xhci = x;
		hub->device = d;
		hub->count = ports;
	}
	return hub;
}

void usb_hub_start(struct usb_hub *hub)
{
	for (unsigned port = 1; port <= hub->count; port++)
		__atomic_store_n(&hub->ports[port].look, true, __ATOMIC_RELEASE);
	usb_want_work(hub->xhci);
}

static bool hub_matches(const struct usb_interface *i)
{
	return i->class == USB_CLASS_HUB;
}

static int hub_describe(struct usb_device *d, struct usb_hub_description *ret)
{
	const bool super = d->place.speed >= USB_SUPER;
	const uint16_t type = super ? USB_DESCRIPTOR_HUB_SUPER : USB_DESCRIPTOR_HUB;
	const struct usb_request get = { USB_FROM_HUB, USB_GET_DESCRIPTOR, (uint16_t)(type << 8), 0 };
	uint8_t bytes[64];
	const int got = usb_control(d, get, bytes, sizeof(bytes));

	if (got < 0)
		return got;
	d->fault = d->place.tier >= USB_TIERS_MAX ? "too many hubs in a row" : usb_hub_check(bytes, (size_t)got, super, ret);
	return d->fault ? -EBADMSG : 0;
}

/* Tell the controller and the hub what the hub is, and power its ports. */
static int hub_switch_on(struct usb_hub *hub, unsigned power_ms)
{
	int error = xhci_slot_configure(hub->device);

	if (!error && is_super(hub))
		error = usb_set(hub->device, USB_TO_HUB, SET_HUB_DEPTH, hub->device->place.tier, 0);
	for (unsigned port = 1; port <= hub->count && !error; port++)
		error = port_power(hub, port);
	thread_sleep(power_ms * NSEC_PER_MSEC);
	return error;
}

static int hub_start(struct usb_function *f)
{
	struct usb_device *const d = f->device;
	struct usb_hub_description description;
	int error = hub_describe(d, &description);

	if (error)
		return error;
	struct usb_hub *const hub = usb_hub_alloc(d->xhci, d, description.ports);
	if (!hub)
		return -ENOMEM;
	hub->think_time = description.think_time;
	d->own_hub = hub;
	error = hub_switch_on(hub, description.power_ms);
	if (error) {
		d->own_hub = NULL;
		kfree(hub);
		return error;
	}
	usb_hub_start(hub);
	return 0;
}

/* A bit for the hub itself, and one for each port. */
static void hub_report(struct usb_function *f, const uint8_t *bytes, size_t size)
{
	struct usb_hub *const hub = f->device->own_hub;

	for (unsigned port = 0; port <= hub->count && port / 8 < size; port++)
		if (bytes[port / 8] >> port % 8 & 1)
			__atomic_store_n(&hub->ports[port].look, true, __ATOMIC_RELEASE);
	usb_want_work(hub->xhci);
}

static void hub_work(struct usb_function *f, nsec_t *next)
{
	usb_hub_work(f->device->own_hub, next);
}

static void hub_stop(struct usb_function *f)
{
	kfree(f->device->own_hub);
	f->device->own_hub = NULL;
}

const struct usb_driver usb_hub_driver = { "hub", hub_matches, hub_start, hub_report, hub_work, hub_stop };
