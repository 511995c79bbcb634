/* Keyboards and mice that speak the boot protocol (HID 1.11, appendices B and F): its reports have one fixed form, so
 * the device's own description of its reports, a language in itself, need not be read. */
#include <abi/linux/errno.h>
#include "kernel/core/log.h"
#include "kernel/drivers/input/input.h"
#include "kernel/drivers/usb/device.h"
#include "kernel/drivers/usb/hid.h"
#include "kernel/mm/kmalloc.h"

enum {
	SUBCLASS_BOOT = 1, PROTOCOL_KEYBOARD = 1, PROTOCOL_MOUSE = 2,

	/* Section 7.2. */
	SET_REPORT = 0x09, SET_IDLE = 0x0a, SET_PROTOCOL = 0x0b,
	OUTPUT_REPORT = 2 << 8, BOOT_PROTOCOL = 0,
};
#define NO_LEDS ~0u	/* what the lamps show is not known */

struct hid {
	struct input_device input;
	struct usb_function *function;
	struct hid_keyboard keyboard;
	uint8_t buttons;
	unsigned leds;		/* atomic: what the input layer wants */
	unsigned leds_shown;
};

static bool is_boot(const struct usb_interface *i, uint8_t protocol)
{
	return i->class == USB_CLASS_HID && i->subclass == SUBCLASS_BOOT && i->protocol == protocol;
}

static bool keyboard_matches(const struct usb_interface *i) { return is_boot(i, PROTOCOL_KEYBOARD); }
static bool mouse_matches(const struct usb_interface *i) { return is_boot(i, PROTOCOL_MOUSE); }

static void set_leds(struct input_device *input, unsigned leds)
{
	struct hid *const h = (struct hid *)((char *)input - offsetof(struct hid, input));

	__atomic_store_n(&h->leds, leds, __ATOMIC_RELEASE);
	usb_want_work(h->function->device->xhci);
}

/* Many devices refuse one of these requests and work as they should all the same: reports come at changes alone (idle
 * rate 0), and in the boot form, which is the other one too with most keyboards. */
static int start(struct usb_function *f, const char *name)
{
	struct hid *const h = kzalloc(sizeof(*h));
	int error;

	if (!h)
		return -ENOMEM;
	h->function = f;
	h->leds_shown = NO_LEDS;
	h->input = (struct input_device){ .name = name, .keyboard = f->interface->protocol == PROTOCOL_KEYBOARD, .announced = true };
	h->input.mouse = !h->input.keyboard;
	h->input.set_leds = h->input.keyboard ? set_leds : NULL;
	f->data = h;
	error = usb_set(f->device, USB_TO_INTERFACE, SET_PROTOCOL, BOOT_PROTOCOL, f->interface->number);
	if (error == -EPIPE)
		pr_warn("usb %s: %s: it refuses the boot protocol", f->device->path, name);
	if (!error || error == -EPIPE)
		error = usb_set(f->device, USB_TO_INTERFACE, SET_IDLE, 0, f->interface->number);
	if (error && error != -EPIPE) {
		kfree(h);
		return error;
	}
	input_add(&h->input);
	return 0;
}

static int keyboard_start(struct usb_function *f) { return start(f, "USB keyboard"); }
static int mouse_start(struct usb_function *f) { return start(f, "USB mouse"); }

static void stop(struct usb_function *f)
{
	struct hid *const h = f->data;

	input_remove(&h->input);
	kfree(h);
}

static void keyboard_report(struct usb_function *f, const uint8_t *bytes, size_t size)
{
	struct hid *const h = f->data;
	struct hid_change changes[HID_CHANGES_MAX];
	const unsigned count = hid_keyboard_report(&h->keyboard, bytes, size, changes);

	for (unsigned i = 0; i < count; i++)
		input_report_key(&h->input, changes[i].code, changes[i].down);
}

static void mouse_report(struct usb_function *f, const uint8_t *bytes, size_t size)
{
	struct hid *const h = f->data;
	struct hid_mouse m;

	if (!hid_mouse_report(bytes, size, &m))
		return;
	for (unsigned i = 0; i < 5; i++)
		if ((h->buttons ^ m.buttons) >> i & 1)
			input_report_key(&h->input, BTN_LEFT + i, m.buttons >> i & 1);
	h->buttons = m.buttons;
	if (m.x)
		input_report_rel(&h->input, REL_X, m.x);
	if (m.y)
		input_report_rel(&h->input, REL_Y, m.y);
	if (m.wheel)
		input_report_rel(&h->input, REL_WHEEL, m.wheel);
}

static void keyboard_work(struct usb_function *f, nsec_t *next)
{
	struct hid *const h = f->data;
	const unsigned leds = __atomic_load_n(&h->leds, __ATOMIC_ACQUIRE);
	uint8_t report = hid_leds(leds);

	if (leds == h->leds_shown)
		return;
	h->leds_shown = leds;
	const struct usb_request r = { USB_TO_INTERFACE, SET_REPORT, OUTPUT_REPORT, f->interface->number };
	usb_control(f->device, r, &report, sizeof(report));
}

const struct usb_driver usb_keyboard_driver = {
	"keyboard", keyboard_matches, keyboard_start, keyboard_report, keyboard_work, stop,
};
const struct usb_driver usb_mouse_driver = { "mouse", mouse_matches, mouse_start, mouse_report, NULL, stop };
