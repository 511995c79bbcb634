/* What devices say about themselves: the descriptors of real ones, and lies. */
#include "kernel/drivers/usb/descriptors.h"

#include "tests/unit/test.h"

/* A keyboard with a mouse in it, as receivers of wireless ones are; and an interface of the vendor's own. */
static const uint8_t composite[] = {
	9, 2, 84, 0, 3, 1, 0, 0xa0, 49,
	9, 4, 0, 0, 1, 3, 1, 1, 0,
	9, 0x21, 0x11, 1, 0, 1, 0x22, 59, 0,
	7, 5, 0x81, 3, 8, 0, 10,
	9, 4, 1, 0, 1, 3, 1, 2, 0,
	9, 0x21, 0x11, 1, 0, 1, 0x22, 148, 0,
	7, 5, 0x82, 3, 20, 0, 2,
	9, 4, 2, 0, 2, 0xff, 0, 0, 0,
	7, 5, 0x03, 2, 64, 0, 0,
	9, 4, 2, 1, 0, 0xff, 0, 0, 0,
};
_Static_assert(sizeof(composite) == 84, "as it says");

static const char *check(const uint8_t *bytes, size_t size, struct usb_config *ret)
{
	size_t at;

	return usb_config_check(bytes, size, USB_FULL, ret, &at);
}

/* The composite device with one byte changed: the fault, and where. */
static const char *changed(size_t place, uint8_t value, size_t *ret_at)
{
	uint8_t bytes[sizeof(composite)];
	struct usb_config config;

	memcpy(bytes, composite, sizeof(bytes));
	bytes[place] = value;
	const char *const fault = usb_config_check(bytes, sizeof(bytes), USB_FULL, &config, ret_at);
	return fault ? fault : "";
}

TEST(composite_device_is_read)
{
	struct usb_config c;

	CHECK(!check(composite, sizeof(composite), &c));
	CHECK_EQ(c.value, 1);
	CHECK_EQ(c.count, 3);
	CHECK_EQ(c.interfaces[0].class, USB_CLASS_HID);
	CHECK_EQ(c.interfaces[0].subclass, 1);
	CHECK_EQ(c.interfaces[0].protocol, 1);
	CHECK_EQ(c.interfaces[0].in.number, 1);
	CHECK_EQ(c.interfaces[0].in.max_packet, 8);
	CHECK_EQ(c.interfaces[1].number, 1);
	CHECK_EQ(c.interfaces[1].protocol, 2);
	CHECK_EQ(c.interfaces[1].in.number, 2);
	CHECK_EQ(c.interfaces[1].in.max_packet, 20);
	CHECK_EQ(c.interfaces[2].class, 0xff);
	CHECK_EQ(c.interfaces[2].in.number, 0);
}

TEST(more_bytes_than_the_configuration_has_do_not_count)
{
	uint8_t bytes[sizeof(composite) + 9] = { 0 };
	struct usb_config c;

	memcpy(bytes, composite, sizeof(composite));
	CHECK(!check(bytes, sizeof(bytes), &c));
	CHECK_EQ(c.count, 3);
}

TEST(lengths_that_lie_are_refused)
{
	size_t at;

	CHECK_STR(changed(9, 0, &at), "a descriptor without a length");
	CHECK_EQ(at, 9);
	CHECK_STR(changed(18, 1, &at), "a descriptor without a length");
	CHECK_EQ(at, 18);
	CHECK_STR(changed(75, 10, &at), "a descriptor that is cut off");
	CHECK_EQ(at, 75);
	CHECK_STR(changed(9, 8, &at), "an interface that is too short");
	CHECK_STR(changed(27, 6, &at), "an endpoint that is too short");
	CHECK_STR(changed(2, 85, &at), "shorter than it says");
	CHECK_STR(changed(2, 83, &at), "a descriptor that is cut off");
	CHECK_STR(changed(2, 8, &at), "not a configuration descriptor");
	CHECK_STR(changed(0, 8, &at), "not a configuration descriptor");
	CHECK_STR(changed(0, 85, &at), "not a configuration descriptor");
	CHECK_STR(changed(1, 4, &at), "not a configuration descriptor");
}

TEST(every_cut_is_refused)
{
	struct usb_config c;

	for (size_t size = 0; size < sizeof(composite); size++)
		CHECK(check(composite, size, &c));
}

TEST(endpoints_that_cannot_be_are_refused)
{
	size_t at;

	CHECK_STR(changed(29, 0x80, &at), "an endpoint of an impossible number");
	CHECK_STR(changed(29, 0x91, &at), "an endpoint of an impossible number");
	CHECK_EQ(at, 27);
	CHECK_STR(changed(31, 0, &at), "an endpoint without room for data");
	CHECK_STR(changed(54, 0x81, &at), "an endpoint that another interface has");
	CHECK_EQ(at, 52);
}

TEST(packets_are_no_larger_than_the_speed_allows)
{
	uint8_t bytes[sizeof(composite)];
	struct usb_config c;
	size_t at;

	memcpy(bytes, composite, sizeof(bytes));
	bytes[31] = 0x00;
	bytes[32] = 0x0c;	/* 1024, twice a microframe */
	CHECK(!usb_config_check(bytes, sizeof(bytes), USB_LOW, &c, &at));
	CHECK_EQ(c.interfaces[0].in.max_packet, 8);
	CHECK(!usb_config_check(bytes, sizeof(bytes), USB_FULL, &c, &at));
	CHECK_EQ(c.interfaces[0].in.max_packet, 64);
	CHECK(!usb_config_check(bytes, sizeof(bytes), USB_HIGH, &c, &at));
	CHECK_EQ(c.interfaces[0].in.max_packet, 1024);
}

static unsigned period(enum usb_speed speed, uint8_t interval)
{
	uint8_t bytes[sizeof(composite)];
	struct usb_config c;
	size_t at;

	memcpy(bytes, composite, sizeof(bytes));
	bytes[33] = interval;
	CHECK(!usb_config_check(bytes, sizeof(bytes), speed, &c, &at));
	return c.interfaces[0].in.period;
}

/* Never slower than what the device asks for. */
TEST(periods_are_exponents)
{
	static const struct { uint8_t interval; unsigned slow, fast; } cases[] = {
		{ 0, 3, 0 }, { 1, 3, 0 }, { 2, 4, 1 }, { 3, 4, 2 }, { 4, 5, 3 }, { 8, 6, 7 }, { 10, 6, 9 }, { 16, 7, 15 },
		{ 17, 7, 15 }, { 64, 9, 15 }, { 127, 9, 15 }, { 128, 10, 15 }, { 255, 10, 15 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_EQ(period(USB_LOW, cases[i].interval), cases[i].slow);
		CHECK_EQ(period(USB_FULL, cases[i].interval), cases[i].slow);
		CHECK_EQ(period(USB_HIGH, cases[i].interval), cases[i].fast);
		CHECK_EQ(period(USB_SUPER, cases[i].interval), cases[i].fast);
	}
}

TEST(only_sixteen_interfaces_are_kept)
{
	uint8_t bytes[9 + 40 * 9];
	struct usb_config c;

	memcpy(bytes, composite, 9);
	bytes[2] = sizeof(bytes) & 0xff;
	bytes[3] = sizeof(bytes) >> 8;
	for (unsigned i = 0; i < 40; i++) {
		memcpy(bytes + 9 + 9 * i, composite + 9, 9);
		bytes[9 + 9 * i + 2] = (uint8_t)i;
	}
	CHECK(!check(bytes, sizeof(bytes), &c));
	CHECK_EQ(c.count, USB_INTERFACES_MAX);
	CHECK_EQ(c.interfaces[15].number, 15);
}

TEST(device_is_read)
{
	uint8_t bytes[18] = { 18, 1, 0, 2, 0, 0, 0, 8, 0x6d, 0x04, 0x1c, 0xc3, 0, 0x64, 1, 2, 0, 1 };
	struct usb_description d;

	CHECK(!usb_device_check(bytes, sizeof(bytes), &d));
	CHECK_EQ(d.vendor, 0x046d);
	CHECK_EQ(d.product, 0xc31c);
	CHECK_EQ(d.maker_string, 1);
	CHECK_EQ(d.product_string, 2);
	CHECK(usb_device_check(bytes, 17, &d));
	bytes[17] = 0;
	CHECK_STR(usb_device_check(bytes, sizeof(bytes), &d), "no configuration");
	bytes[17] = 1;
	bytes[1] = 2;
	CHECK(usb_device_check(bytes, sizeof(bytes), &d));
	bytes[1] = 1;
	bytes[0] = 17;
	CHECK(usb_device_check(bytes, sizeof(bytes), &d));
}

TEST(control_packets_fit_the_speed)
{
	uint8_t first[8] = { 18, 1 };

	for (unsigned size = 0; size < 256; size++) {
		first[7] = (uint8_t)size;
		CHECK_EQ(usb_control_packet(first, USB_LOW), size == 8 ? 8 : 0);
		CHECK_EQ(usb_control_packet(first, USB_FULL), size == 8 || size == 16 || size == 32 || size == 64 ? size : 0);
		CHECK_EQ(usb_control_packet(first, USB_HIGH), size == 64 ? 64 : 0);
		CHECK_EQ(usb_control_packet(first, USB_SUPER), size == 9 ? 512 : 0);
	}
	first[1] = 3;
	first[7] = 64;
	CHECK_EQ(usb_control_packet(first, USB_FULL), 0);
}

TEST(hub_is_read)
{
	uint8_t bytes[9] = { 9, 0x29, 4, 0x69, 0, 50, 100, 0, 0xff };
	struct usb_hub_description h;

	CHECK(!usb_hub_check(bytes, sizeof(bytes), false, &h));
	CHECK_EQ(h.ports, 4);
	CHECK_EQ(h.think_time, 3);
	CHECK_EQ(h.power_ms, 100);
	bytes[2] = 200;
	CHECK(!usb_hub_check(bytes, sizeof(bytes), false, &h));
	CHECK_EQ(h.ports, USB_HUB_PORTS_MAX);
	bytes[2] = 0;
	CHECK_STR(usb_hub_check(bytes, sizeof(bytes), false, &h), "a hub without ports");
	bytes[2] = 4;
	CHECK(usb_hub_check(bytes, sizeof(bytes), true, &h));
	CHECK(usb_hub_check(bytes, 6, false, &h));
	bytes[0] = 6;
	CHECK(usb_hub_check(bytes, sizeof(bytes), false, &h));
}

TEST(strings_are_made_safe)
{
	static const uint8_t plain[] = { 10, 3, 'Q', 0, 'E', 0, 'M', 0, 'U', 0 };
	static const uint8_t control[] = { 8, 3, 'a', 0, 27, 0, 0xe9, 0 };
	static const uint8_t surrogate[] = { 6, 3, 'a', 0, 0, 0xd8 };
	char text[8];

	usb_string_text(plain, sizeof(plain), text, sizeof(text));
	CHECK_STR(text, "QEMU");
	usb_string_text(plain, 7, text, sizeof(text));
	CHECK_STR(text, "QE");
	usb_string_text(plain, sizeof(plain), text, 3);
	CHECK_STR(text, "QE");
	usb_string_text(control, sizeof(control), text, sizeof(text));
	CHECK_STR(text, "a?é");
	usb_string_text(surrogate, sizeof(surrogate), text, sizeof(text));
	CHECK_STR(text, "");
	for (size_t size = 0; size < 4; size++) {
		usb_string_text(plain, size, text, sizeof(text));
		CHECK_STR(text, "");
	}
}

TEST_MAIN
