/* What USB's driver does with a controller, without one: rings, contexts, ports, and the handover from a firmware that
 * is played here. */
#include "kernel/drivers/usb/context.h"
#include "kernel/drivers/usb/legacy.h"
#include "kernel/drivers/usb/port.h"
#include "kernel/drivers/usb/ring.h"

#include "tests/unit/test.h"

#define BASE 0x12340000ull
#define SIZE 8

static struct xhci_trb blocks[SIZE];
static struct xhci_ring ring;

/* The other side: it takes a valid block, and follows links as the specification says. */
struct consumer { unsigned at; uint32_t cycle; };

static bool consume(struct consumer *c, struct xhci_trb *ret)
{
	for (;;) {
		*ret = blocks[c->at];
		if ((ret->control & 1) != c->cycle)
			return false;
		if ((ret->control >> 10 & 0x3f) != 6) {
			c->at++;
			return true;
		}
		CHECK_EQ(ret->parameter, BASE);
		c->at = 0;
		if (ret->control & 2)
			c->cycle ^= 1;
	}
}

static void ring_begin(void)
{
	memset(blocks, 0, sizeof(blocks));
	xhci_ring_init(&ring, blocks, BASE, SIZE);
}

TEST(blocks_arrive_in_order_many_times_around)
{
	struct consumer c = { .cycle = 1 };
	struct xhci_trb got;
	uint64_t put = 0, taken = 0;

	ring_begin();
	for (unsigned round = 0; round < 1000; round++) {
		for (unsigned i = 0; i < round % (SIZE - 2) + 1; i++)
			xhci_ring_put(&ring, put++, 7, 1 << 10, false);
		while (consume(&c, &got)) {
			CHECK_EQ(got.parameter, taken);
			CHECK_EQ(got.status, 7);
			CHECK_EQ(xhci_ring_at(&ring, BASE + 16 * (c.at - 1)) - blocks, c.at - 1);
			taken++;
		}
		CHECK_EQ(taken, put);
		/* A consumer may stand in front of the link still; it is the same place. */
		CHECK_EQ(xhci_ring_position(&ring) & ~1ull, BASE + 16 * (c.at % (SIZE - 1)));
		CHECK_EQ(xhci_ring_position(&ring) & 1, c.cycle ^ (c.at == SIZE - 1));
	}
}

TEST(hidden_block_hides_those_behind_it)
{
	struct consumer c = { .cycle = 1 };
	struct xhci_trb got;

	ring_begin();
	for (unsigned round = 0; round < 20; round++) {		/* also around the link */
		const paddr_t first = xhci_ring_put(&ring, 1, 0, 1 << 10, true);
		xhci_ring_put(&ring, 2, 0, 1 << 10, false);
		xhci_ring_put(&ring, 3, 0, 1 << 10, false);
		CHECK(!consume(&c, &got));
		xhci_ring_show(&ring, first);
		for (unsigned i = 1; i <= 3; i++) {
			CHECK(consume(&c, &got));
			CHECK_EQ(got.parameter, i);
		}
		CHECK(!consume(&c, &got));
	}
}

TEST(foreign_addresses_are_not_in_the_ring)
{
	ring_begin();
	CHECK(xhci_ring_at(&ring, BASE) == blocks);
	CHECK(xhci_ring_at(&ring, BASE + 16 * (SIZE - 2)) == blocks + SIZE - 2);
	CHECK(!xhci_ring_at(&ring, BASE + 16 * (SIZE - 1)));	/* the link */
	CHECK(!xhci_ring_at(&ring, BASE + 8));
	CHECK(!xhci_ring_at(&ring, BASE - 16));
	CHECK(!xhci_ring_at(&ring, BASE + 16 * SIZE));
	CHECK(!xhci_ring_at(&ring, 0));
	CHECK(!xhci_ring_at(&ring, ~0ull));
}

TEST(data_are_taken_once_each)
{
	ring_begin();
	for (unsigned round = 0; round < 20; round++) {		/* also around the link */
		const paddr_t first = xhci_ring_put(&ring, 0x1000 + round, 0, 1 << 10, false);
		const paddr_t second = xhci_ring_put(&ring, 0x2000 + round, 0, 1 << 10, false);
		CHECK_EQ(xhci_ring_take(&ring, first), 0x1000 + round);
		CHECK_EQ(xhci_ring_take(&ring, first), 0);
		CHECK_EQ(xhci_ring_take(&ring, second), 0x2000 + round);
		CHECK_EQ(xhci_ring_take(&ring, second), 0);
	}
	CHECK_EQ(xhci_ring_take(&ring, BASE + 16 * (SIZE - 1)), 0);	/* the link, which stays */
	CHECK_EQ(blocks[SIZE - 1].parameter, BASE);
	CHECK_EQ(xhci_ring_take(&ring, BASE - 16), 0);
	CHECK_EQ(xhci_ring_take(&ring, BASE + 8), 0);
}

TEST(events_are_taken_once_each)
{
	struct xhci_trb got;
	unsigned written = 0, taken = 0;

	ring_begin();
	CHECK(!xhci_event_next(&ring, &got));
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < round % SIZE; i++, written++)
			blocks[written % SIZE] = (struct xhci_trb){ written, 0, !(written / SIZE % 2) };
		for (; xhci_event_next(&ring, &got); taken++)
			CHECK_EQ(got.parameter, taken);
		CHECK_EQ(taken, written);
	}
}

TEST(root_ports)
{
	const struct usb_port_status s = usb_root_port(1 << 0 | 1 << 1 | 1 << 9 | 3 << 10 | 1 << 17 | 1 << 21);

	CHECK(s.connected && s.enabled && s.powered && s.connection_changed && !s.resetting && !s.over_current && !s.link_lost);
	CHECK_EQ(s.speed, USB_HIGH);
	CHECK_EQ(s.changes, 1 << 17 | 1 << 21);
	CHECK_EQ(usb_root_port(15 << 10).speed, USB_SUPER_PLUS);
	CHECK(usb_root_port(6 << 5).link_lost);
	CHECK(usb_root_port(1 << 4).resetting);
	CHECK(usb_root_port(1 << 3 | 1 << 20).over_current_changed);
	CHECK_EQ(PORTSC_KEEP & (PORTSC_CHANGES | PORTSC_ENABLED | PORTSC_RESET), 0);
}

TEST(hub_ports)
{
	struct usb_port_status s = usb_hub_port(0x00010103 | 1 << 9, false);

	CHECK(s.connected && s.enabled && s.powered && s.connection_changed);
	CHECK_EQ(s.speed, USB_LOW);
	CHECK_EQ(usb_hub_port(0x0103, false).speed, USB_FULL);
	CHECK_EQ(usb_hub_port(0x0503, false).speed, USB_HIGH);
	s = usb_hub_port(0x02c3, true);
	CHECK(s.powered && s.link_lost);
	CHECK_EQ(s.speed, USB_SUPER);
	CHECK(!usb_hub_port(0x00c3, false).link_lost);
}

TEST(changes_are_cleared_by_their_features)
{
	uint32_t changes = usb_hub_port(0xffff0000, false).changes;

	for (unsigned feature = 16; feature <= 20; feature++)
		CHECK_EQ(usb_hub_change(&changes, false), feature);
	CHECK_EQ(usb_hub_change(&changes, false), 0);
	changes = usb_hub_port(0xffff0000, true).changes;
	static const unsigned super[] = { 16, 19, 20, 29, 25, 26, 0 };
	for (size_t i = 0; i < sizeof(super) / sizeof(super[0]); i++)
		CHECK_EQ(usb_hub_change(&changes, true), super[i]);
}

/* ---- contexts ---- */

static uint32_t input_words[XHCI_INPUT_PARTS * 16 + 1];

/* A word of a part, where a controller with parts of that size looks for it. */
static uint32_t word(unsigned size, unsigned part, unsigned number)
{
	return input_words[part * size / 4 + number];
}

static struct xhci_input input_of(unsigned size)
{
	memset(input_words, 0xee, sizeof(input_words));
	return (struct xhci_input){ (uint8_t *)input_words, size };
}

/* By the bits of figures 6-2 to 6-4 and tables 6-4 to 6-11 of the specification, not by the names in the code. */
TEST(contexts_of_both_sizes)
{
	const struct usb_place place = { USB_LOW, 0x12, 2, 0x34, 0x56, 0x00043 };

	for (unsigned size = 32; size <= 64; size += 32) {
		const struct xhci_input in = input_of(size);
		xhci_input_begin(in, &place, 31);
		xhci_input_endpoint(in, XHCI_DCI_CONTROL, XHCI_CONTROL, 8, 0, 0x123456789abcdef1);
		xhci_input_endpoint(in, 31, XHCI_INTERRUPT_IN, 0x400, 6, 0xfedcba9876543210);
		CHECK_EQ(word(size, 0, 0), 0);			/* nothing is dropped */
		CHECK_EQ(word(size, 0, 1), 0x80000003);
		CHECK_EQ(word(size, 1, 0), 31u << 27 | 2 << 20 | 0x43);
		CHECK_EQ(word(size, 1, 1), 0x12 << 16);
		CHECK_EQ(word(size, 1, 2), 0x5634);
		CHECK_EQ(word(size, 1, 3), 0);
		CHECK_EQ(word(size, 2, 0), 0);
		CHECK_EQ(word(size, 2, 1), 8 << 16 | 4 << 3 | 3 << 1);
		CHECK_EQ(word(size, 2, 2), 0x9abcdef1);
		CHECK_EQ(word(size, 2, 3), 0x12345678);
		CHECK_EQ(word(size, 2, 4), 8);
		CHECK_EQ(word(size, 32, 0), 6 << 16);
		CHECK_EQ(word(size, 32, 1), 0x400 << 16 | 7 << 3 | 3 << 1);
		CHECK_EQ(word(size, 32, 2), 0x76543210);
		CHECK_EQ(word(size, 32, 3), 0xfedcba98);
		CHECK_EQ(word(size, 32, 4), 0x400 << 16 | 0x400);
		for (unsigned part = 3; part < 32; part++)
			for (unsigned i = 0; i < size / 4; i++)
				CHECK_EQ(word(size, part, i), 0);
		CHECK_EQ(input_words[XHCI_INPUT_PARTS * size / 4], 0xeeeeeeee);
	}
}

TEST(hubs_contexts)
{
	const struct usb_place high = { .speed = USB_HIGH, .root_port = 1 }, super = { .speed = USB_SUPER, .root_port = 1 };
	const struct xhci_input in = input_of(64);

	xhci_input_begin(in, &high, 3);
	xhci_input_hub(in, &high, 15, 2);
	CHECK_EQ(word(64, 0, 1), 1);
	CHECK_EQ(word(64, 1, 0), 3u << 27 | 1 << 26 | 3 << 20);
	CHECK_EQ(word(64, 1, 1), 15 << 24 | 1 << 16);
	CHECK_EQ(word(64, 1, 2), 2 << 16);
	xhci_input_begin(in, &super, 3);
	xhci_input_hub(in, &super, 4, 2);
	CHECK_EQ(word(64, 1, 2), 0);
}

/* What a controller keeps has the address in the slot's fourth word, whatever the parts' size. */
TEST(addresses)
{
	const uint8_t context[64] = { [12] = 0x7f, [15] = 0x18 };

	CHECK_EQ(xhci_context_address(context), 0x7f);
}

/* A row of hubs, in ports 11 to 15 of each other. */
TEST(places)
{
	struct usb_place p = { .speed = USB_SUPER, .root_port = 9 };

	for (unsigned tier = 1; tier <= 5; tier++) {
		p = usb_place_behind(&p, (uint8_t)(10 + tier), tier + 10, USB_SUPER);
		CHECK_EQ(p.tier, tier);
	}
	CHECK_EQ(p.route, 0xfedcb);
	CHECK_EQ(p.root_port, 9);
	CHECK_EQ(p.tt_slot, 0);
}

TEST(translators)
{
	const struct usb_place root = { .speed = USB_HIGH, .root_port = 2 }, slow_root = { .speed = USB_FULL, .root_port = 2 };
	struct usb_place p = usb_place_behind(&root, 7, 4, USB_LOW);

	CHECK(p.tt_slot == 7 && p.tt_port == 4);
	p = usb_place_behind(&root, 7, 4, USB_HIGH);		/* needs none */
	CHECK(p.tt_slot == 0 && p.tt_port == 0);
	p = usb_place_behind(&p, 8, 5, USB_FULL);		/* that of the nearer hub */
	CHECK(p.tt_slot == 8 && p.tt_port == 5 && p.route == 0x54);
	p = usb_place_behind(&p, 9, 6, USB_LOW);		/* behind a full-speed hub: who translates for that */
	CHECK(p.tt_slot == 8 && p.tt_port == 5 && p.route == 0x654);
	p = usb_place_behind(&slow_root, 7, 4, USB_LOW);	/* the controller itself */
	CHECK(p.tt_slot == 0 && p.tt_port == 0);
}

/* A firmware: it lets go after some milliseconds, or never, and remembers what was done to it. */
static struct {
	uint32_t support, control;
	int lets_go_after;
	unsigned ms, bytes_written[4], words_written;
} firmware;

static uint32_t firmware_read(const struct usb_legacy *l, unsigned offset)
{
	return offset ? firmware.control : firmware.support;
}

static void firmware_write(const struct usb_legacy *l, unsigned offset, uint32_t value)
{
	if (offset == 0)
		firmware.words_written++;
	else
		firmware.control = (value & 0x1fffffff) | (firmware.control & ~value & 0xe0000000);
}

static void firmware_write_byte(const struct usb_legacy *l, unsigned offset, uint8_t value)
{
	firmware.bytes_written[offset]++;
	firmware.support = (firmware.support & ~(0xffu << 8 * offset)) | (uint32_t)value << 8 * offset;
}

static void firmware_wait(const struct usb_legacy *l)
{
	if ((int)++firmware.ms == firmware.lets_go_after && firmware.support >> 24)
		firmware.support &= ~(1u << 16);
}

static enum usb_legacy_result take(uint32_t support, int lets_go_after)
{
	static const struct usb_legacy l = { firmware_read, firmware_write, firmware_write_byte, firmware_wait, 0x000e1fee };

	memset(&firmware, 0, sizeof(firmware));
	firmware.support = support;
	firmware.control = 0xe00ff01f;
	firmware.lets_go_after = lets_go_after;

	const enum usb_legacy_result result = usb_legacy_take(&l);

	CHECK_EQ(firmware.words_written, 0);
	CHECK_EQ(firmware.bytes_written[3], 1);
	CHECK_EQ(firmware.support >> 16, 0x0100);	/* ours alone */
	CHECK_EQ(firmware.support & 0xffff, support & 0xffff);
	CHECK_EQ(firmware.control, 0x000e100e);		/* no interrupts of firmware's, none pending, the rest kept */
	return result;
}

TEST(firmware_that_owns_nothing)
{
	CHECK_EQ(take(0x00000401, 0), USB_WAS_OURS);
	CHECK_EQ(firmware.ms, 0);
}

TEST(firmware_that_lets_go)
{
	CHECK_EQ(take(0x00010401, 17), USB_HANDED_OVER);
	CHECK_EQ(firmware.ms, 17);
	CHECK_EQ(firmware.bytes_written[2], 0);
}

TEST(firmware_that_never_lets_go)
{
	CHECK_EQ(take(0x00010401, -1), USB_SEIZED);
	CHECK_EQ(firmware.ms, USB_LEGACY_WAIT_MS);
	CHECK_EQ(firmware.bytes_written[2], 1);
}

TEST_MAIN
