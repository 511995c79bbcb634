/* A configuration comes in one piece: its own descriptor, and behind it the interfaces', each with its endpoints' and
 * with others that only its class knows. The list is a chain of lengths, so a wrong length makes everything behind it
 * meaningless: a device that lies about lengths is refused as a whole. What is merely strange (fewer interfaces than
 * announced, packets larger than the speed allows, an interval of 0) is common in keyboards that work, and is put
 * right. */
#include "kernel/drivers/usb/descriptors.h"

#include "lib/bytes.h"
#include "lib/utf.h"

#define INTERFACE_BYTES	9
#define ENDPOINT_BYTES	7
#define ENDPOINT_IN	0x80
#define INTERRUPT	3	/* transfer type, bits 1:0 of the attributes */

/* Does a descriptor of this type and of at least `least` bytes start here? */
static bool is_descriptor(const uint8_t *bytes, size_t size, uint8_t type, size_t least)
{
	return size >= least && bytes[0] >= least && bytes[1] == type;
}

const char *usb_device_check(const uint8_t *bytes, size_t size, struct usb_description *ret)
{
	if (!is_descriptor(bytes, size, USB_DESCRIPTOR_DEVICE, USB_DEVICE_BYTES))
		return "not a device descriptor";
	if (!bytes[17])
		return "no configuration";
	*ret = (struct usb_description){
		.vendor = bytes_get_u16(bytes + 8), .product = bytes_get_u16(bytes + 10), .class = bytes[4],
		.maker_string = bytes[14], .product_string = bytes[15],
	};
	return NULL;
}

/* USB 2.0, section 5.5.3; USB 3.2, section 9.6.1: the field is an exponent there, and 512 the only size. */
uint16_t usb_control_packet(const uint8_t first[8], enum usb_speed speed)
{
	const uint8_t size = first[7];

	if (first[1] != USB_DESCRIPTOR_DEVICE)
		return 0;
	if (speed >= USB_SUPER)
		return size == 9 ? 512 : 0;
	if (speed == USB_HIGH)
		return size == 64 ? 64 : 0;
	if (speed == USB_LOW)
		return size == 8 ? 8 : 0;
	return size == 8 || size == 16 || size == 32 || size == 64 ? size : 0;
}

uint16_t usb_config_size(const uint8_t head[USB_CONFIG_BYTES])
{
	const uint16_t total = bytes_get_u16(head + 2);

	return head[1] == USB_DESCRIPTOR_CONFIGURATION && head[0] >= USB_CONFIG_BYTES && total >= head[0] ? total : 0;
}

/* USB 2.0, section 5.7.3; USB 3.2, section 9.6.6. */
static uint16_t largest_packet(enum usb_speed speed)
{
	return speed == USB_LOW ? 8 : speed == USB_FULL ? 64 : 1024;
}

/* USB 2.0 counts milliseconds for full and low speed, and is an exponent for the others (table 9-13); xHCI wants an
 * exponent for all, of at least a millisecond for the slow ones (xHCI 1.2, section 6.2.3.6). */
static uint8_t endpoint_period(uint8_t interval, enum usb_speed speed)
{
	if (speed >= USB_HIGH)
		return (uint8_t)(MIN(MAX(interval, (uint8_t)1), (uint8_t)16) - 1);

	unsigned period = 3;

	while (period < 10 && 2u << period <= interval * 8u)
		period++;
	return (uint8_t)period;
}

static bool number_is_used(const struct usb_config *config, uint8_t number)
{
	for (unsigned i = 0; i < config->count; i++)
		if (config->interfaces[i].in.number == number)
			return true;
	return false;
}

/* An interface descriptor; NULL where its endpoints are not wanted: another setting of one that is there, or one too
 * many. */
static struct usb_interface *interface_add(struct usb_config *config, const uint8_t *bytes)
{
	if (bytes[3] || config->count == USB_INTERFACES_MAX)
		return NULL;

	struct usb_interface *const i = &config->interfaces[config->count++];

	*i = (struct usb_interface){
		.number = bytes[2], .class = bytes[5], .subclass = bytes[6], .protocol = bytes[7],
	};
	return i;
}

static const char *endpoint_add(const struct usb_config *config, struct usb_interface *i, const uint8_t *bytes,
				enum usb_speed speed)
{
	const uint8_t number = bytes[2] & 0xf;
	const uint16_t packet = bytes_get_u16(bytes + 4) & 0x7ff;	/* above it: packets a microframe */

	if (!number || bytes[2] & 0x70)
		return "an endpoint of an impossible number";
	if (!i || i->in.number || !(bytes[2] & ENDPOINT_IN) || (bytes[3] & 3) != INTERRUPT)
		return NULL;
	if (!packet)
		return "an endpoint without room for data";
	if (number_is_used(config, number))
		return "an endpoint that another interface has";
	i->in = (struct usb_endpoint){
		.number = number, .period = endpoint_period(bytes[6], speed),
		.max_packet = MIN(packet, largest_packet(speed)),
	};
	return NULL;
}

const char *usb_config_check(const uint8_t *bytes, size_t size, enum usb_speed speed, struct usb_config *ret,
			     size_t *ret_at)
{
	struct usb_interface *current = NULL;
	const char *fault = NULL;

	*ret_at = 0;
	if (size < USB_CONFIG_BYTES || !usb_config_size(bytes))
		return "not a configuration descriptor";
	if (size < usb_config_size(bytes))
		return "shorter than it says";
	size = usb_config_size(bytes);
	*ret = (struct usb_config){ .value = bytes[5] };
	for (size_t at = bytes[0]; at < size && !fault; at += bytes[at]) {
		*ret_at = at;
		if (size - at < 2 || bytes[at] < 2)
			return "a descriptor without a length";
		if (bytes[at] > size - at)
			return "a descriptor that is cut off";
		if (bytes[at + 1] == USB_DESCRIPTOR_INTERFACE) {
			if (bytes[at] < INTERFACE_BYTES)
				return "an interface that is too short";
			current = interface_add(ret, bytes + at);
		} else if (bytes[at + 1] == USB_DESCRIPTOR_ENDPOINT) {
			if (bytes[at] < ENDPOINT_BYTES)
				return "an endpoint that is too short";
			fault = endpoint_add(ret, current, bytes + at, speed);
		}
	}
	return fault;
}

const char *usb_hub_check(const uint8_t *bytes, size_t size, bool super, struct usb_hub_description *ret)
{
	if (!is_descriptor(bytes, size, super ? USB_DESCRIPTOR_HUB_SUPER : USB_DESCRIPTOR_HUB, 7))
		return "not a hub descriptor";
	if (!bytes[2])
		return "a hub without ports";
	*ret = (struct usb_hub_description){
		.ports = MIN(bytes[2], (uint8_t)USB_HUB_PORTS_MAX), .think_time = bytes[3] >> 5 & 3,
		.power_ms = (uint16_t)(bytes[5] * 2),
	};
	return NULL;
}

void usb_string_text(const uint8_t *bytes, size_t size, char *ret, size_t room)
{
	uint16_t units[127];
	char text[3 * ARRAY_SIZE(units) + 1] = "";
	const size_t length = size >= 2 ? MIN(bytes[0], size) : 0;
	size_t count = 0;

	if (length >= 2 && bytes[1] == USB_DESCRIPTOR_STRING)
		while (count < ARRAY_SIZE(units) && 2 * count + 4 <= length) {
			units[count] = bytes_get_u16(bytes + 2 + 2 * count);
			count++;
		}
	const int got = utf16_to_utf8(units, count, text, sizeof(text));
	utf8_clean(text, got < 0 ? 0 : (size_t)got, ret, room);
}
