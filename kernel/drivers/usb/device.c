/* From something that was plugged in to a device with drivers.
 *
 * The steps stand in a table, and the first one that fails says why the device is not used. Two orders are in use to
 * begin with: to give the device its address and then ask what it is, or the other way round, as other systems do; some
 * devices know only one. So each try after the first takes the order that the one before did not. */
#include "kernel/drivers/usb/device.h"

#include <abi/linux/errno.h>
#include <stdarg.h>
#include "kernel/core/log.h"
#include "kernel/drivers/usb/xhci.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/thread.h"
#include "kernel/time/clock.h"
#include "lib/format.h"
#include "lib/string.h"

#define ADDRESS_REST	(10 * NSEC_PER_MSEC)	/* USB 2.0, section 9.2.6.3: 2 ms; some need more */
#define REPORTS_REST	(300 * NSEC_PER_MSEC)
#define REPORTS_TRIES	5

static const struct usb_driver *const drivers[] = { &usb_hub_driver, &usb_keyboard_driver, &usb_mouse_driver };

const char *usb_why(const struct usb_device *d, int error)
{
	static const char *const codes[] = {
		[XHCI_BABBLE] = "it babbles", [XHCI_TRANSACTION_ERROR] = "it does not answer",
		[XHCI_STALL] = "it stalls",
		[XHCI_NO_RESOURCES] = "the controller has no resources left",
		[XHCI_NO_BANDWIDTH] = "the bus has no bandwidth left",
		[XHCI_NO_SLOTS] = "the controller has no slots left",
	};
	const uint8_t code = d->xhci->last_code;

	if (d->fault)
		return d->fault;
	if (error == -ENOMEM)
		return "no memory";
	if (error == -ETIMEDOUT)
		return "no answer in time";
	if (error == -ENODEV)
		return "the controller is gone";
	return code < ARRAY_SIZE(codes) && codes[code] ? codes[code] : "transfer failed";
}

void usb_device_fail(struct usb_device *d, const char *format, ...)
{
	char text[96];
	va_list arguments;

	if (d->failed)
		return;
	d->failed = true;
	va_start(arguments, format);
	kvsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (!xhci_fault(d->xhci))
		pr_warn("usb %s: %s; dropped", d->path, text);
}

static int get_descriptor(struct usb_device *d, uint8_t type, uint8_t index, uint16_t language, void *ret,
			  uint16_t size)
{
	const struct usb_request r = { USB_FROM_DEVICE, USB_GET_DESCRIPTOR, (uint16_t)(type << 8 | index), language };

	return usb_control(d, r, ret, size);
}

/* The device's own word is wrong. */
static int lies(struct usb_device *d, const char *fault)
{
	d->fault = fault;
	return -EBADMSG;
}

static int set_address(struct usb_device *d, bool silent)
{
	const int error = xhci_slot_address(d, silent);

	if (!error && !silent)
		thread_sleep(ADDRESS_REST);
	return error;
}

/* The first 8 bytes come in one packet of any size, and say how large packets are. */
static int learn_packet(struct usb_device *d)
{
	uint8_t first[8];
	const int got = get_descriptor(d, USB_DESCRIPTOR_DEVICE, 0, 0, first, sizeof(first));

	if (got < 0)
		return got;

	const uint16_t packet = got == sizeof(first) ? usb_control_packet(first, d->place.speed) : 0;

	if (!packet)
		return lies(d, "its endpoint 0 has packets of a wrong size");
	if (packet == d->control_packet)
		return 0;
	d->control_packet = packet;
	return xhci_slot_set_packet(d);
}

static int address(struct usb_device *d)
{
	static const uint16_t packets[] = {
		[USB_FULL] = 8, [USB_LOW] = 8, [USB_HIGH] = 64, [USB_SUPER] = 512, [USB_SUPER_PLUS] = 512,
	};
	const bool ask_first = d->hub->ports[d->port].tries % 2;
	int error;

	d->control_packet = packets[d->place.speed];
	error = set_address(d, ask_first);
	if (!error)
		error = learn_packet(d);
	if (!error && ask_first)
		error = set_address(d, false);
	return error;
}

static int read_device(struct usb_device *d)
{
	uint8_t bytes[USB_DEVICE_BYTES];
	const int got = get_descriptor(d, USB_DESCRIPTOR_DEVICE, 0, 0, bytes, sizeof(bytes));

	if (got < 0)
		return got;

	const char *const fault = usb_device_check(bytes, (size_t)got, &d->info);

	return fault ? lies(d, fault) : 0;
}

static int read_config(struct usb_device *d)
{
	uint8_t head[USB_CONFIG_BYTES];
	const int got_head = get_descriptor(d, USB_DESCRIPTOR_CONFIGURATION, 0, 0, head, sizeof(head));

	if (got_head < 0)
		return got_head;

	const uint16_t total = got_head == sizeof(head) ? usb_config_size(head) : 0;

	if (!total || total > USB_DATA_MAX)
		return lies(d, "its configuration has an impossible length");
	uint8_t *const bytes = kmalloc(total);
	if (!bytes)
		return -ENOMEM;
	size_t at = 0;
	const int got = get_descriptor(d, USB_DESCRIPTOR_CONFIGURATION, 0, 0, bytes, total);
	const char *const fault = got < 0 ? NULL : usb_config_check(bytes, (size_t)got, d->place.speed, &d->config, &at);
	kfree(bytes);
	if (fault)
		pr_debug("usb %s: its configuration is wrong at byte %zu: %s", d->path, at, fault);
	return got < 0 ? got : fault ? lies(d, fault) : 0;
}

static const struct usb_driver *find_driver(const struct usb_interface *i)
{
	for (unsigned n = 0; n < ARRAY_SIZE(drivers); n++) {
		const struct usb_driver *const driver = drivers[n];
		if (i->in.number && driver->matches(i))
			return driver;
	}
	return NULL;
}

/* A device that nobody wants stays without a configuration, and draws little current. */
static int configure(struct usb_device *d)
{
	for (unsigned i = 0; i < d->config.count && d->function_count < USB_FUNCTIONS_MAX; i++)
		if (find_driver(&d->config.interfaces[i]))
			d->functions[d->function_count++] = (struct usb_function){
				.device = d, .interface = &d->config.interfaces[i],
			};
	if (!d->function_count)
		return 0;
	/* The controller first: where it has no bandwidth the device need not know. */
	const int error = xhci_slot_configure(d);
	return error ? error : usb_set(d, USB_TO_DEVICE, USB_SET_CONFIGURATION, d->config.value, 0);
}

static void read_string(struct usb_device *d, uint8_t index, uint16_t language, char ret[USB_TEXT])
{
	uint8_t bytes[255];
	const int got = index ? get_descriptor(d, USB_DESCRIPTOR_STRING, index, language, bytes, sizeof(bytes)) : 0;

	usb_string_text(bytes, got < 0 ? 0 : (size_t)got, ret, USB_TEXT);
}

/* In the first language that it has. Names are for people: a device that fails here works all the same. */
static int read_names(struct usb_device *d)
{
	uint8_t languages[4];

	if (!d->info.maker_string && !d->info.product_string)
		return 0;
	if (get_descriptor(d, USB_DESCRIPTOR_STRING, 0, 0, languages, sizeof(languages)) != sizeof(languages))
		return 0;

	const uint16_t language = (uint16_t)(languages[2] | languages[3] << 8);

	read_string(d, d->info.maker_string, language, d->maker);
	read_string(d, d->info.product_string, language, d->product);
	return 0;
}

static int start_drivers(struct usb_device *d)
{
	for (unsigned i = 0; i < d->function_count; i++) {
		struct usb_function *const f = &d->functions[i];
		const struct usb_driver *const driver = find_driver(f->interface);
		const int error = driver->start(f);
		if (error)
			return error;
		__atomic_store_n(&f->driver, driver, __ATOMIC_RELEASE);
		xhci_reports_start(f);
	}
	return 0;
}

static const struct { const char *name; int (*run)(struct usb_device *d); } steps[] = {
	{ "slot", xhci_slot_open },
	{ "address", address },
	{ "device descriptor", read_device },
	{ "configuration", read_config },
	{ "names", read_names },
	{ "setting the configuration", configure },
	{ "starting its drivers", start_drivers },
};

static void place(struct usb_device *d, enum usb_speed speed)
{
	const struct usb_device *const parent = d->hub->device;

	if (parent) {
		d->place = usb_place_behind(&parent->place, parent->slot, d->port, speed);
		ksnprintf(d->path, sizeof(d->path), "%s.%u", parent->path, d->port);
	} else {
		d->place = (struct usb_place){ .speed = speed, .root_port = (uint8_t)d->port };
		ksnprintf(d->path, sizeof(d->path), "%u-%u", d->xhci->port_names[d->port].bus,
			  d->xhci->port_names[d->port].number);
	}
}

/* Many devices name their maker in the product's name again. */
void usb_device_name(const struct usb_device *d, char *ret, size_t room)
{
	const bool twice = strncmp(d->product, d->maker, strlen(d->maker)) == 0;

	if (twice && !d->product[0])
		ksnprintf(ret, room, "device without a name");
	else
		ksnprintf(ret, room, "%s%s%s", twice ? "" : d->maker, twice || !d->product[0] ? "" : " ", d->product);
}

static void announce(const struct usb_device *d)
{
	char name[2 * USB_TEXT], used[48] = ", no driver";
	size_t at = 0;

	usb_device_name(d, name, sizeof(name));
	for (unsigned i = 0; i < d->function_count && at < sizeof(used); i++)
		at += (size_t)ksnprintf(used + at, sizeof(used) - at, "%s%s", i ? ", " : ": ",
					d->functions[i].driver->name);
	pr_info("usb %s: %s (%04x:%04x)%s", d->path, name, d->info.vendor, d->info.product, used);
}

/* Counts up along the tree, branch by branch: the root port, then the ports of the hubs on the way. */
static uint32_t tree_order(const struct usb_device *d)
{
	uint32_t order = d->place.root_port;

	for (unsigned tier = 0; tier < USB_TIERS_MAX; tier++)
		order = order << 4 | (d->place.route >> 4 * tier & 0xf);
	return order;
}

static void link(struct usb_device *d)
{
	struct usb_device **at = &d->xhci->devices;

	const uint64_t flags = spin_lock_irqsave(&d->xhci->lock);
	while (*at && tree_order(*at) < tree_order(d))
		at = &(*at)->next;
	d->next = *at;
	*at = d;
	d->hub->ports[d->port].device = d;
	spin_unlock_irqrestore(&d->xhci->lock, flags);
}

static void unlink(struct usb_device *d)
{
	struct usb_device **at = &d->xhci->devices;

	const uint64_t flags = spin_lock_irqsave(&d->xhci->lock);
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	d->hub->ports[d->port].device = NULL;
	spin_unlock_irqrestore(&d->xhci->lock, flags);
}

/* Reports end when the device is pulled out, which its hub tells a quarter of a second later, or has a bad moment. So
 * we wait a little, and try again. */
static void reports_work(struct usb_function *f, nsec_t *next)
{
	const uint8_t code = __atomic_load_n(&f->failure, __ATOMIC_ACQUIRE);

	if (!code)
		return;
	if (!f->retry)
		f->retry = clock_now() + REPORTS_REST;
	if (clock_now() < f->retry) {
		*next = MIN(*next, f->retry);
		return;
	}
	f->retry = 0;
	__atomic_store_n(&f->failure, 0, __ATOMIC_RELEASE);
	f->device->xhci->last_code = code;
	const int error = f->failures > REPORTS_TRIES ? -EIO : xhci_reports_restart(f);
	if (error)
		usb_device_fail(f->device, "%s: %s", f->driver->name, usb_why(f->device, error));
}

void usb_device_work(struct usb_device *d, nsec_t *next)
{
	for (unsigned i = 0; i < d->function_count && !d->failed; i++) {
		struct usb_function *const f = &d->functions[i];
		reports_work(f, next);
		if (f->driver->work && !d->failed)
			f->driver->work(f, next);
	}
}

/* A driver hears of no report any more before it stops. */
static void release(struct usb_device *d)
{
	for (unsigned i = 0; i < d->function_count; i++) {
		struct usb_function *const f = &d->functions[i];
		const struct usb_driver *const driver = f->driver;
		if (!driver)
			continue;
		const uint64_t flags = spin_lock_irqsave(&d->xhci->lock);
		__atomic_store_n(&f->driver, NULL, __ATOMIC_RELEASE);
		spin_unlock_irqrestore(&d->xhci->lock, flags);
		driver->stop(f);
	}
	xhci_slot_close(d);
	kfree(d);
}

struct usb_device *usb_device_add(struct usb_hub *hub, unsigned port, enum usb_speed speed, bool last_try)
{
	struct usb_device *const d = kzalloc(sizeof(*d));
	int error = 0;
	unsigned step = 0;

	if (!d) {
		if (last_try)
			pr_warn("usb: no memory for a device");
		return NULL;
	}
	d->xhci = hub->xhci;
	d->hub = hub;
	d->port = port;
	place(d, speed);
	while (!error && step < ARRAY_SIZE(steps))
		error = steps[step++].run(d);
	if (!error) {
		link(d);
		announce(d);
		return d;
	}
	if (last_try && !xhci_fault(d->xhci))
		pr_warn("usb %s: not used: %s: %s", d->path, steps[step - 1].name, usb_why(d, error));
	release(d);
	return NULL;
}

/* What is behind it comes later in the list. */
void usb_device_drop(struct usb_device *d)
{
	for (unsigned port = 1; d->own_hub && port <= d->own_hub->count; port++)
		if (d->own_hub->ports[port].device)
			usb_device_drop(d->own_hub->ports[port].device);
	unlink(d);
	if (d->failed)
		usb_port_retry(d->hub, d->port);
	else if (!xhci_fault(d->xhci))
		pr_info("usb %s: unplugged", d->path);
	release(d);
}
