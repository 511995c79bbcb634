/* Fuzz what USB devices say: the input's first byte chooses a speed, the rest is taken for each kind of descriptor and
 * for reports. Beyond not reading elsewhere: what is accepted keeps what the header promises, cutting a configuration
 * never makes it good, and a keyboard's changes lead from what it said before to what it says now. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <abi/linux/input-event-codes.h>

#include "kernel/drivers/usb/descriptors.h"
#include "kernel/drivers/usb/hid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_config(const uint8_t *bytes, size_t size, enum usb_speed speed)
{
	struct usb_config config;
	size_t at;
	unsigned numbers = 0;

	if (usb_config_check(bytes, size, speed, &config, &at)) {
		assert(at <= size);
		return;
	}
	assert(config.count <= USB_INTERFACES_MAX);
	for (unsigned i = 0; i < config.count; i++) {
		const struct usb_endpoint *const e = &config.interfaces[i].in;
		if (!e->number)
			continue;
		assert(e->number < 16 && !(numbers >> e->number & 1));
		numbers |= 1u << e->number;
		assert(e->max_packet && e->max_packet <= (speed == USB_LOW ? 8 : speed == USB_FULL ? 64 : 1024));
		assert(e->period <= 15 && (speed >= USB_HIGH || (e->period >= 3 && e->period <= 10)));
	}
	assert(usb_config_check(bytes, usb_config_size(bytes) - 1u, speed, &config, &at));
}

/* What is down, by code, after the changes; against what the report says. */
static void check_keyboard(const uint8_t *bytes, size_t size)
{
	struct hid_keyboard k = { 0 };
	struct hid_change changes[HID_CHANGES_MAX];
	bool down[256] = { 0 };

	for (; size; bytes += size < 8 ? size : 8, size -= size < 8 ? size : 8) {
		const unsigned count = hid_keyboard_report(&k, bytes, size < 8 ? size : 8, changes);
		assert(count <= HID_CHANGES_MAX);
		for (unsigned i = 0; i < count; i++) {
			assert(changes[i].code && changes[i].code < 256);
			down[changes[i].code] = changes[i].down;
		}
		if (size >= 8)
			assert(down[KEY_LEFTSHIFT] == (bytes[0] >> 1 & 1));
	}
	/* All is up where a last report says so. */
	static const uint8_t none[8];
	const unsigned count = hid_keyboard_report(&k, none, sizeof(none), changes);
	for (unsigned i = 0; i < count; i++)
		down[changes[i].code] = changes[i].down;
	for (unsigned code = 0; code < sizeof(down); code++)
		assert(!down[code]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const enum usb_speed speed = size ? 1 + data[0] % 5 : USB_FULL;
	struct usb_description device;
	struct usb_hub_description hub;
	struct hid_mouse mouse;
	char text[40];

	if (!size)
		return 0;
	/* A copy of its own, so that a byte too far is seen. */
	uint8_t *const bytes = malloc(size);
	assert(bytes);
	size--;
	memcpy(bytes, data + 1, size);
	check_config(bytes, size, speed);
	check_keyboard(bytes, size);
	usb_device_check(bytes, size, &device);
	for (unsigned super = 0; super < 2; super++)
		if (!usb_hub_check(bytes, size, super, &hub))
			assert(hub.ports && hub.ports <= USB_HUB_PORTS_MAX && hub.think_time < 4);
	usb_string_text(bytes, size, text, sizeof(text));
	assert(memchr(text, 0, sizeof(text)));
	hid_mouse_report(bytes, size, &mouse);
	free(bytes);
	return 0;
}
