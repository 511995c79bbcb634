/* lib/pci.c on configuration spaces that are right, odd and malicious; lib/pci_names.c and lib/lzma.c on the whole of
 * the pci.ids file: every name that is packed must come back as it stands there. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/lzma.h"
#include "lib/pci.h"
#include "lib/pci_names.h"
#include "tests/unit/random.h"

#define PCI_IDS "/usr/share/misc/pci.ids"	/* what the table is made from (lib/meson.build) */

static uint32_t space[PCI_CONFIG_SIZE / 4];
static unsigned reads;

static uint32_t read_space(void *context, unsigned offset)
{
	reads++;
	if (offset % 4 || offset >= PCI_CONFIG_SIZE) {
		TEST_FAIL("register %#x was read", offset);
		return 0;
	}
	return ((uint32_t *)context)[offset / 4];
}

static void clear(void)
{
	memset(space, 0, sizeof(space));
	reads = 0;
}

TEST(header_of_a_device)
{
	struct pci_header h;

	clear();
	space[0] = 0x29228086, space[1] = 0x00100007, space[2] = 0x01060102, space[3] = 0x00800000;
	space[0x2c / 4] = 0x11001af4, space[0x3c / 4] = 0x0000030b;
	CHECK(pci_header_read(read_space, space, &h));
	CHECK_EQ(h.vendor, 0x8086);
	CHECK_EQ(h.device, 0x2922);
	CHECK_EQ(h.class, 0x010601);
	CHECK_EQ(h.revision, 2);
	CHECK(h.multifunction && h.has_capabilities);
	CHECK_EQ(h.layout, PCI_LAYOUT_DEVICE);
	CHECK_EQ(h.subsystem_vendor, 0x1af4);
	CHECK_EQ(h.subsystem, 0x1100);
	CHECK_EQ(h.interrupt_line, 11);
	CHECK_EQ(h.interrupt_pin, 3);
	CHECK_EQ(pci_layout_bars(h.layout), 6);
	CHECK_EQ(pci_layout_rom(h.layout), 0x30);
}

TEST(header_of_a_bridge)
{
	struct pci_header h;

	clear();
	space[0] = 0x000c1b36, space[2] = 0x06040000, space[3] = 0x00010000, space[6] = 0x00090503;
	CHECK(pci_header_read(read_space, space, &h));
	CHECK_EQ(h.layout, PCI_LAYOUT_BRIDGE);
	CHECK(!h.multifunction && !h.has_capabilities);
	CHECK_EQ(h.secondary, 5);
	CHECK_EQ(h.subordinate, 9);
	CHECK_EQ(h.subsystem, 0);
	CHECK_EQ(pci_layout_bars(h.layout), 2);
	CHECK_EQ(pci_layout_rom(h.layout), 0x38);
	CHECK_EQ(pci_layout_bars(PCI_LAYOUT_CARDBUS), 1);
	CHECK_EQ(pci_layout_rom(PCI_LAYOUT_CARDBUS), 0);
	CHECK_EQ(pci_layout_bars(0x7f), 0);
}

TEST(nobody_answers)
{
	static const uint32_t ids[] = { 0xffffffff, 0, 0x0000ffff, 0xffff0000, 0x1234ffff };
	struct pci_header h;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		clear();
		space[0] = ids[i];
		CHECK(!pci_header_read(read_space, space, &h));
		CHECK_EQ(reads, 1);
	}
}

static unsigned walk(bool extended, bool *ret_broken, uint16_t *ret_last)
{
	struct pci_capability_walk w;
	struct pci_capability found;
	unsigned count = 0;

	pci_capabilities_first(&w, read_space, space, extended);
	for (; pci_capabilities_next(&w, &found); count++)
		*ret_last = found.id;
	*ret_broken = w.broken;
	return count;
}

TEST(capabilities_in_order)
{
	struct pci_capability_walk w;
	struct pci_capability found;

	clear();
	space[0x34 / 4] = 0x83;			/* reserved bits are set */
	space[0x80 / 4] = 0x00874005, space[0x40 / 4] = 0x80010011;
	pci_capabilities_first(&w, read_space, space, false);
	CHECK(pci_capabilities_next(&w, &found));
	CHECK(found.id == PCI_CAP_MSI && found.offset == 0x80 && found.value == 0x87);
	CHECK(pci_capabilities_next(&w, &found));
	CHECK(found.id == PCI_CAP_MSIX && found.offset == 0x40 && found.value == 0x8001);
	CHECK(!pci_capabilities_next(&w, &found));
	CHECK(!w.broken);
	CHECK(!pci_capabilities_next(&w, &found));
}

TEST(capabilities_that_go_wrong)
{
	uint16_t last = 0;
	bool broken;

	clear();
	space[0x34 / 4] = 0x50;
	space[0x50 / 4] = 0x5001;			/* itself */
	CHECK_EQ(walk(false, &broken, &last), 1);
	CHECK(broken);
	space[0x50 / 4] = 0x6001, space[0x60 / 4] = 0x5005;	/* a ring */
	CHECK_EQ(walk(false, &broken, &last), 2);
	CHECK(broken && last == PCI_CAP_MSI);
	space[0x60 / 4] = 0x3c05;			/* into the header */
	CHECK_EQ(walk(false, &broken, &last), 2);
	CHECK(broken);
	space[0x60 / 4] = 0xffffffff;			/* nobody there */
	CHECK_EQ(walk(false, &broken, &last), 1);
	CHECK(!broken);
	space[0x34 / 4] = 0;
	CHECK_EQ(walk(false, &broken, &last), 0);
	CHECK(!broken);
}

TEST(extended_capabilities)
{
	uint16_t last = 0;
	bool broken;

	clear();
	CHECK_EQ(walk(true, &broken, &last), 0);
	CHECK(!broken);
	space[0x100 / 4] = 0x14820001, space[0x148 / 4] = 0xffc1000d, space[0xffc / 4] = 0x00010010;
	CHECK_EQ(walk(true, &broken, &last), 3);
	CHECK(!broken && last == 0x10);
	space[0xffc / 4] = 0x14810010;		/* back to the second */
	CHECK_EQ(walk(true, &broken, &last), 3);
	CHECK(broken);
	space[0xffc / 4] = 0x0fc10010;		/* before the first */
	CHECK_EQ(walk(true, &broken, &last), 3);
	CHECK(broken);
	space[0x100 / 4] = 0xffffffff;
	CHECK_EQ(walk(true, &broken, &last), 0);
	CHECK(!broken);
}

/* The longest list there can be, and random ones: each ends after as many steps as there are places. */
TEST(capabilities_end_whatever_they_are)
{
	struct pci_capability_walk w;
	struct pci_capability found;
	uint16_t last;
	bool broken;

	clear();
	for (unsigned at = 0x100; at < 0x1000; at += 4)
		space[at / 4] = (at + 4) << 20 | 0x10001;
	space[0xffc / 4] = 0x00010001;
	CHECK_EQ(walk(true, &broken, &last), 960);
	CHECK(!broken);
	for (unsigned round = 0; round < 2000; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(space); i++)
			space[i] = (uint32_t)random_next();
		for (unsigned extended = 0; extended < 2; extended++) {
			unsigned steps = 0;
			pci_capabilities_first(&w, read_space, space, extended);
			for (; pci_capabilities_next(&w, &found); steps++)
				CHECK(found.offset % 4 == 0 && found.offset >= (extended ? 0x100 : 0x40));
			CHECK(steps <= (extended ? 960 : 48));
		}
	}
}

TEST(ranges)
{
	struct pci_bar b;

	CHECK_EQ(pci_bar_decode(0xc000000c, 4, 0xfffffffff000000cull, true, &b), 2);
	CHECK(b.kind == PCI_BAR_MEMORY_64 && b.prefetchable);
	CHECK_EQ(b.base, 0x4c0000000ll);
	CHECK_EQ(b.size, 0x10000000);
	/* 64 GiB: the lower register has no address bit of its own */
	CHECK_EQ(pci_bar_decode(0x0000000c, 0x40, 0xfffffff00000000cull, true, &b), 2);
	CHECK_EQ(b.size, 0x1000000000ll);
	CHECK_EQ(b.base, 0x4000000000ll);
	CHECK_EQ(pci_bar_decode(0xfebd0000, 77, 0xffffe000, true, &b), 1);
	CHECK(b.kind == PCI_BAR_MEMORY && !b.prefetchable && b.base == 0xfebd0000 && b.size == 0x2000);
	/* ports, all bits and only 16 of them */
	CHECK_EQ(pci_bar_decode(0xc041, 0, 0xffffffe1, true, &b), 1);
	CHECK(b.kind == PCI_BAR_PORTS && b.base == 0xc040 && b.size == 32);
	CHECK_EQ(pci_bar_decode(0xc041, 0, 0x0000ffe1, true, &b), 1);
	CHECK(b.kind == PCI_BAR_PORTS && b.size == 32);
	/* not assigned; not there; not measured */
	CHECK_EQ(pci_bar_decode(0, 0, 0xfffff000, true, &b), 1);
	CHECK(b.kind == PCI_BAR_MEMORY && !b.base && b.size == 4096);
	CHECK_EQ(pci_bar_decode(0, 0, 0, true, &b), 1);
	CHECK(b.kind == PCI_BAR_NONE && !b.size);
	CHECK_EQ(pci_bar_decode(0xfebd0000, 0, 0, true, &b), 1);
	CHECK(b.kind == PCI_BAR_MEMORY && b.base == 0xfebd0000 && !b.size);
	/* a 64-bit one in the last place */
	CHECK_EQ(pci_bar_decode(0xc0000004, 0, 0xfffff004, false, &b), 1);
	CHECK(b.kind == PCI_BAR_NONE);
}

TEST(ranges_are_sane_whatever_is_read)
{
	struct pci_bar b;

	for (unsigned i = 0; i < 100000; i++) {
		const unsigned used = pci_bar_decode((uint32_t)random_next(), (uint32_t)random_next(), random_next(), i & 1, &b);
		CHECK((used == 2) == (b.kind == PCI_BAR_MEMORY_64) && used <= 2);
		CHECK(!(b.size & (b.size - 1)));
		CHECK(b.kind != PCI_BAR_PORTS || b.base < 0x10000);
		CHECK((i & 1) || used == 1);
	}
}

TEST(rom)
{
	struct pci_bar b;

	pci_rom_decode(0xfebe0001, 0xfffe0000, &b);
	CHECK(b.kind == PCI_BAR_MEMORY && b.enabled && b.base == 0xfebe0000 && b.size == 0x20000);
	pci_rom_decode(0, 0xffff0000, &b);
	CHECK(b.kind == PCI_BAR_MEMORY && !b.enabled && !b.base && b.size == 0x10000);
	pci_rom_decode(1, 0, &b);
	CHECK(b.kind == PCI_BAR_NONE);
}

TEST(msix_table)
{
	const struct pci_bar bars[6] = {
		{ .kind = PCI_BAR_PORTS, .base = 0xc000, .size = 0x10000 },
		{ .kind = PCI_BAR_MEMORY, .base = 0xfe000000, .size = 0x1000 },
		{ .kind = PCI_BAR_MEMORY_64, .base = 0, .size = 0x4000 },
	};
	struct pci_msix_table t = { 0 };

	CHECK(pci_msix_decode(0x8003, 0x801, bars, 6, &t));
	CHECK(t.bar == 1 && t.offset == 0x800 && t.entries == 4);
	CHECK(pci_msix_decode(0x7f, 0x801, bars, 6, &t) && t.entries == 128);		/* ends with the range */
	CHECK(!pci_msix_decode(0x80, 0x801, bars, 6, &t));				/* behind it */
	CHECK(!pci_msix_decode(0, 0xfffffff9, bars, 6, &t));
	CHECK(!pci_msix_decode(0, 0, bars, 6, &t));					/* ports */
	CHECK(!pci_msix_decode(0, 2, bars, 6, &t));					/* not assigned */
	CHECK(!pci_msix_decode(0, 3, bars, 6, &t));
	CHECK(!pci_msix_decode(0, 6, bars, 6, &t) && !pci_msix_decode(0, 7, bars, 6, &t));
	CHECK(t.entries == 128);
}

static struct lzma z;

static const char *name_at(const uint8_t **at)
{
	const char *const name = (const char *)*at;

	*at += strlen(name) + 1;
	return name;
}

/* The unpacked table, and how many bytes it has. */
static uint8_t *unpack(size_t *ret_size)
{
	uint8_t *table = NULL;
	size_t size = 0;
	int byte;

	lzma_open(&z, pci_names, pci_names_size);
	while ((byte = lzma_byte(&z)) >= 0) {
		if (size % 65536 == 0)
			table = realloc(table, size + 65536);
		table[size++] = (uint8_t)byte;
	}
	*ret_size = size;
	return table;
}

/* Next line of the file that names a vendor (no tabs), a device (one) or a class; false at its end. */
static bool file_next(FILE *f, char *line, size_t room, bool *classes)
{
	while (fgets(line, (int)room, f)) {
		line[strcspn(line, "\n")] = '\0';
		*classes |= strncmp(line, "C ", 2) == 0;
		if (line[0] && line[0] != '#' && (*classes || strncmp(line, "\t\t", 2) != 0))
			return true;
	}
	return false;
}

struct names {
	uint16_t *ids;
	char (*texts)[PCI_NAME_MAX];
	size_t count;
};

static void names_add(struct names *n, unsigned id, const char *text)
{
	if (n->count % 4096 == 0) {
		n->ids = realloc(n->ids, (n->count + 4096) * sizeof(*n->ids));
		n->texts = realloc(n->texts, (n->count + 4096) * sizeof(*n->texts));
	}
	n->ids[n->count] = (uint16_t)id;
	snprintf(n->texts[n->count++], PCI_NAME_MAX, "%s", text);
}

/* All devices, each with its vendor's place, and the vendors that have one, read from the file here a second way. */
static void file_read(struct names *vendors, struct names *devices, struct names *vendor_of)
{
	FILE *f = fopen(PCI_IDS, "r");
	char line[512], vendor[512] = "";
	bool classes = false, named = false;
	unsigned vendor_id = 0;

	for (; f && file_next(f, line, sizeof(line), &classes) && !classes;) {
		const unsigned id = (unsigned)strtoul(line[0] == '\t' ? line + 1 : line, NULL, 16);
		if (line[0] != '\t') {
			vendor_id = id;
			named = false;
			strcpy(vendor, line + 6);
			continue;
		}
		if (!named)
			names_add(vendors, vendor_id, vendor);
		named = true;
		names_add(devices, id, line + 7);
		names_add(vendor_of, vendor_id, "");
	}
	if (f)
		fclose(f);
}

static void names_free(struct names *n)
{
	free(n->ids);
	free(n->texts);
}

TEST(every_name_comes_back)
{
	struct names vendors = { 0 }, devices = { 0 }, vendor_of = { 0 };
	size_t size, wrong = 0;
	uint8_t *const table = unpack(&size);
	const uint8_t *at = table + size;

	file_read(&vendors, &devices, &vendor_of);
	CHECK(vendors.count > 500 && devices.count > 10000);
	/* The names are at the end: go back over as many as there are. */
	for (size_t names = vendors.count + devices.count + 1; names; at--)
		names -= at[-1] == '\0';
	for (at++; at[-1]; at++)
		;
	for (size_t i = 0; i < vendors.count; i++)
		wrong += strcmp(name_at(&at), vendors.texts[i]) != 0;
	for (size_t i = 0; i < devices.count; i++)
		wrong += strcmp(name_at(&at), devices.texts[i]) != 0;
	CHECK_EQ(wrong, 0);
	CHECK_EQ(at - table, size);
	free(table);

	/* And is found by its ids: a sample, with the first and the last. */
	static struct pci_name_query queries[512];
	size_t picked[512];
	for (size_t i = 0; i < 512; i++) {
		picked[i] = i == 0 ? 0 : i == 1 ? devices.count - 1 : random_under(devices.count);
		queries[i] = (struct pci_name_query){ .vendor = vendor_of.ids[picked[i]], .device = devices.ids[picked[i]] };
	}
	CHECK_EQ(pci_names_find(&z, pci_names, pci_names_size, queries, 512), 0);
	for (size_t i = 0; i < 512; i++) {
		size_t vendor = 0;
		while (vendors.ids[vendor] != queries[i].vendor)
			vendor++;
		CHECK_STR(queries[i].names[PCI_NAME_DEVICE], devices.texts[picked[i]]);
		CHECK_STR(queries[i].names[PCI_NAME_VENDOR], vendors.texts[vendor]);
	}
	names_free(&vendors);
	names_free(&devices);
	names_free(&vendor_of);
}

TEST(names_by_class)
{
	struct pci_name_query q[] = {
		{ .vendor = 0x8086, .device = 0x29c0, .class = 0x060000 },
		{ .vendor = 0x1b36, .device = 0x000d, .class = 0x0c0330 },
		{ .vendor = 0xffff, .device = 0xffff, .class = 0x01ff00 },	/* an unknown sub-class */
		{ .vendor = 0x8086, .device = 0xffff, .class = 0xee0000 },
		{ .class = 0x000000 },
	};

	memset(q[3].names, 'x', sizeof(q[3].names));
	CHECK_EQ(pci_names_find(&z, pci_names, pci_names_size, q, ARRAY_SIZE(q)), 0);
	CHECK_STR(q[0].names[PCI_NAME_CLASS], "Host bridge");
	CHECK_STR(q[0].names[PCI_NAME_VENDOR], "Intel Corporation");
	CHECK_STR(q[1].names[PCI_NAME_CLASS], "USB controller");
	CHECK_STR(q[1].names[PCI_NAME_INTERFACE], "XHCI");
	CHECK_STR(q[2].names[PCI_NAME_CLASS], "Mass storage controller");
	CHECK_STR(q[2].names[PCI_NAME_VENDOR], "");
	CHECK_STR(q[3].names[PCI_NAME_CLASS], "");
	CHECK_STR(q[3].names[PCI_NAME_VENDOR], "Intel Corporation");
	CHECK_STR(q[3].names[PCI_NAME_DEVICE], "");
	CHECK_STR(q[4].names[PCI_NAME_CLASS], "Non-VGA unclassified device");
}

/* A table cut off or changed anywhere gives an error or other names, and nothing worse. */
TEST(names_of_a_damaged_table)
{
	struct pci_name_query q = { .vendor = 0x8086, .device = 0x29c0, .class = 0x060000 };
	uint8_t *copy = malloc(pci_names_size);

	for (size_t size = 0; size < 64; size++) {
		uint8_t *cut = malloc(size ? size : 1);
		memcpy(cut, pci_names, size);
		CHECK_EQ(pci_names_find(&z, cut, size, &q, 1), -EBADMSG);
		CHECK_STR(q.names[PCI_NAME_VENDOR], "");
		free(cut);
	}
	for (unsigned round = 0; round < 40; round++) {
		memcpy(copy, pci_names, pci_names_size);
		copy[random_under(pci_names_size)] ^= (uint8_t)(1 + random_under(255));
		const int error = pci_names_find(&z, copy, pci_names_size, &q, 1);
		CHECK(error == 0 || error == -EBADMSG);
		for (unsigned i = 0; i < PCI_NAME_KINDS; i++)
			CHECK(strnlen(q.names[i], PCI_NAME_MAX) < PCI_NAME_MAX);
	}
	free(copy);
}

TEST_MAIN
