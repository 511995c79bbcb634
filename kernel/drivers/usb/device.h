/* Devices on USB, as the files of this folder see them.
 *
 * Rules
 * - All devices of a controller belong to its thread, which alone finds, changes and drops them; what follows is for
 *   that thread, but where it says otherwise.
 * - `report` of a driver is called with the controller's lock held and interrupts off, and neither waits nor starts
 *   transfers: what takes longer it leaves to `work`, after usb_want_work.
 * - A device that fails is marked (usb_device_fail) and dropped by the thread's loop, never in the middle of its
 * use. */
#ifndef KERNEL_DRIVERS_USB_DEVICE_H
#define KERNEL_DRIVERS_USB_DEVICE_H

#include "kernel/drivers/usb/context.h"
#include "kernel/drivers/usb/descriptors.h"
#include "kernel/drivers/usb/port.h"
#include "kernel/drivers/usb/ring.h"

#define USB_FUNCTIONS_MAX	4	/* interfaces of a device that are used */
#define USB_TIERS_MAX		5	/* hubs between a device and its root port */
#define USB_TEXT		40
#define USB_PATH		24	/* "12-255.15.15.15.15.15" */

struct usb_device;
struct usb_function;
struct usb_hub;
struct xhci;
struct xhci_device_memory;

struct usb_driver {
	const char *name;
	bool (*matches)(const struct usb_interface *i);
	int (*start)(struct usb_function *f);	/* 0 or a negative errno, with nothing left behind */
	void (*report)(struct usb_function *f, const uint8_t *bytes, size_t size);
	void (*work)(struct usb_function *f, nsec_t *next);	/* may be called without need; NULL: it never has any */
	void (*stop)(struct usb_function *f);
};

/* An interface at work. */
struct usb_function {
	struct usb_device *device;
	const struct usb_interface *interface;
	const struct usb_driver *driver;	/* NULL: not started */
	void *data;				/* the driver's */
	struct xhci_ring ring;
	uint16_t report_size;
	uint8_t failure;			/* atomic: the controller's code for why reports ended; 0: they come */
	uint8_t failures;			/* in a row; (l) the controller's lock */
	nsec_t retry;				/* when to start again; 0: not decided */
};

struct usb_device {
	struct usb_device *next;	/* hubs come before what is behind them */
	struct xhci *xhci;
	struct usb_hub *hub;		/* what it is plugged into … */
	unsigned port;			/* … and where */
	char path[USB_PATH];		/* "1-2.3" */
	struct usb_place place;
	uint8_t slot;
	uint16_t control_packet;
	const char *fault;		/* in the device's own words or ours, what is wrong; NULL: nothing is */
	bool failed;
	struct usb_description info;
	struct usb_config config;
	char maker[USB_TEXT], product[USB_TEXT];
	struct usb_hub *own_hub;	/* where it is a hub itself */
	struct xhci_device_memory *memory;
	struct xhci_ring control;
	unsigned function_count;
	struct usb_function functions[USB_FUNCTIONS_MAX];
};

struct usb_port {
	struct usb_device *device;
	bool look;		/* atomic: something changed */
	uint8_t tries;		/* to make a device of it that failed */
	nsec_t settles;		/* when what was plugged in is used; 0: nothing was */
};

/* A hub, or the controller's own ports. Ports count from 1. */
struct usb_hub {
	struct xhci *xhci;
	struct usb_device *device;	/* NULL: root ports */
	unsigned count;
	uint8_t think_time;
	struct usb_port ports[];
};

/* Requests (USB 2.0, section 9.3): the type byte, bit 7 set for data that comes to us. */
enum {
	USB_TO_DEVICE = 0x00, USB_FROM_DEVICE = 0x80, USB_FROM_HUB = 0xa0, USB_TO_HUB = 0x20, USB_TO_HUB_PORT = 0x23,
	USB_FROM_HUB_PORT = 0xa3, USB_TO_INTERFACE = 0x21, USB_TO_ENDPOINT = 0x02,

	USB_GET_STATUS = 0, USB_CLEAR_FEATURE = 1, USB_SET_FEATURE = 3, USB_GET_DESCRIPTOR = 6,
	USB_CLEAR_TT_BUFFER = 8, USB_SET_CONFIGURATION = 9,
};

struct usb_request {
	uint8_t type, request;
	uint16_t value, index;
};

/* A control transfer of up to USB_DATA_MAX bytes: how many were moved, or -EPIPE (the device refuses), -EIO,
 * -ETIMEDOUT, -ENODEV. */
#define USB_DATA_MAX 4096
int usb_control(struct usb_device *d, struct usb_request r, void *data, uint16_t size);

/* One without data: 0, or the same. */
static inline int usb_set(struct usb_device *d, uint8_t type, uint8_t request, uint16_t value, uint16_t index)
{
	return usb_control(d, (struct usb_request){ type, request, value, index }, NULL, 0);
}

/* What went wrong with the last transfer or command, for people. */
const char *usb_why(const struct usb_device *d, int error);

/* Who made it and what it is, in its own words, for people. */
void usb_device_name(const struct usb_device *d, char *ret, size_t room);

/* Make a device of what is plugged in here, at an enabled port; NULL where it does not work. */
struct usb_device *usb_device_add(struct usb_hub *hub, unsigned port, enum usb_speed speed, bool last_try);

/* Unplugged, or failed: it goes, with all that is behind it. */
void usb_device_drop(struct usb_device *d);

/* It is not to be used any more, for a reason. */
void usb_device_fail(struct usb_device *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Let the thread go round; any context. */
void usb_want_work(struct xhci *x);

/* Look at all ports that want it, and use what has been plugged in for long enough. In all functions like this, the
 * next one is called at *next at the latest, which may be put forward. */
void usb_hub_work(struct usb_hub *hub, nsec_t *next);

/* What is plugged in here failed: use it again a little later, unless that was tried too often. */
void usb_port_retry(struct usb_hub *hub, unsigned port);

/* A hub whose ports are looked at from usb_hub_start on; NULL: no memory. d is NULL for the root ports. */
struct usb_hub *usb_hub_alloc(struct xhci *x, struct usb_device *d, unsigned ports);
void usb_hub_start(struct usb_hub *hub);

/* What a device's drivers have to do; reports that ended begin again. */
void usb_device_work(struct usb_device *d, nsec_t *next);

extern const struct usb_driver usb_hub_driver, usb_keyboard_driver, usb_mouse_driver;

#endif
