/* Looking names up in the packed table.
 *
 * Unpacked, the table is first numbers, then names, and a name is found by counting. It is (tools/mkpcinames writes
 * it):
 *	how many class entries (2 bytes, lowest first), how many vendors (2 bytes)
 *	class entries: base, sub-class, interface, FFh in place of what the entry leaves open
 *	vendors: differences of their ids
 *	for each vendor, its devices: differences of their ids, then FFh
 *	names, each with a NUL behind it: classes, vendors, devices, in the order of the numbers
 * A difference counts the ids left out since the last one; it is a byte up to FDh, or FEh and two bytes, lowest first.
 *
 * Numbers and names apart pack better than side by side, and similar names stand one after the other. Nothing is kept
 * of what is read, but the lines that the queries want. */
#include "lib/pci_names.h"

#include <abi/linux/errno.h>

#include "lib/string.h"

enum { LIST_END = 0xff, TWO_BYTES = 0xfe, ANY = 0xff };

struct search {
	struct lzma *z;
	struct pci_name_query *queries;
	unsigned count;
	uint32_t line;		/* of the entry or name that is read next */
	uint32_t wanted;	/* no name behind this line is wanted */
};

static void want(struct search *s, struct pci_name_query *q, enum pci_name kind)
{
	q->lines[kind] = s->line;
	s->wanted = MAX(s->wanted, s->line);
}

static int number_16(struct lzma *z)
{
	const int low = lzma_byte(z), high = lzma_byte(z);

	return high < 0 ? high : high << 8 | low;
}

/* Move *id to the next one of a list. 0; 1 at the list's end; -EBADMSG. */
static int id_next(struct lzma *z, uint32_t *id)
{
	int skipped = lzma_byte(z);

	if (skipped == LIST_END)
		return 1;
	if (skipped == TWO_BYTES)
		skipped = number_16(z);
	if (skipped < 0)
		return skipped;
	*id += (uint32_t)skipped + 1;
	return 0;
}

static void class_match(struct search *s, uint8_t base, uint8_t sub, uint8_t interface)
{
	for (struct pci_name_query *q = s->queries; q < s->queries + s->count; q++) {
		if (base != q->class >> 16 || (sub != ANY && sub != (q->class >> 8 & 0xff)))
			continue;
		/* The more general entry comes first, so that a closer one takes its place. */
		if (interface == ANY)
			want(s, q, PCI_NAME_CLASS);
		else if (interface == (q->class & 0xff))
			want(s, q, PCI_NAME_INTERFACE);
	}
}

static int classes_read(struct search *s, int count)
{
	for (; count; count--, s->line++) {
		const int base = lzma_byte(s->z), sub = lzma_byte(s->z), interface = lzma_byte(s->z);
		if (interface < 0)
			return interface;
		class_match(s, (uint8_t)base, (uint8_t)sub, (uint8_t)interface);
	}
	return 0;
}

static int vendors_read(struct search *s, int count)
{
	uint32_t id = UINT32_MAX;

	for (int number = 1; number <= count; number++, s->line++) {
		if (id_next(s->z, &id))
			return -EBADMSG;
		for (struct pci_name_query *q = s->queries; q < s->queries + s->count; q++) {
			if (q->vendor != id)
				continue;
			want(s, q, PCI_NAME_VENDOR);
			q->vendor_number = number;
		}
	}
	return 0;
}

static int devices_read(struct search *s, int vendors)
{
	for (int number = 1; number <= vendors; number++) {
		uint32_t id = UINT32_MAX;
		int end;
		for (; !(end = id_next(s->z, &id)); s->line++)
			for (struct pci_name_query *q = s->queries; q < s->queries + s->count; q++)
				if (q->vendor_number == number && q->device == id)
					want(s, q, PCI_NAME_DEVICE);
		if (end < 0)
			return end;
	}
	return 0;
}

/* Read a name, all of it, and keep what fits. */
static int name_read(struct lzma *z, char ret[PCI_NAME_MAX])
{
	size_t size = 0;
	int byte;

	while ((byte = lzma_byte(z)) > 0)
		if (size < PCI_NAME_MAX - 1)
			ret[size++] = (char)byte;
	ret[size] = '\0';
	return byte;
}

static int names_read(struct search *s)
{
	char name[PCI_NAME_MAX];

	for (uint32_t line = 1; line <= s->wanted; line++) {
		const int error = name_read(s->z, name);
		if (error)
			return error;
		for (unsigned i = 0; i < s->count * PCI_NAME_KINDS; i++) {
			struct pci_name_query *const q = &s->queries[i / PCI_NAME_KINDS];
			if (q->lines[i % PCI_NAME_KINDS] == line)
				memcpy(q->names[i % PCI_NAME_KINDS], name, PCI_NAME_MAX);
		}
	}
	return 0;
}

static int table_read(struct search *s)
{
	const int classes = number_16(s->z), vendors = number_16(s->z);
	int error;

	if (vendors < 0)
		return vendors;
	error = classes_read(s, classes);
	if (!error)
		error = vendors_read(s, vendors);
	if (!error)
		error = devices_read(s, vendors);
	return error ? error : names_read(s);
}

int pci_names_find(struct lzma *work, const void *packed, size_t size, struct pci_name_query *queries, unsigned count)
{
	struct search s = { .z = work, .queries = queries, .count = count, .line = 1 };

	for (unsigned i = 0; i < count; i++)
		queries[i] = (struct pci_name_query){
			.vendor = queries[i].vendor, .device = queries[i].device, .class = queries[i].class,
		};
	lzma_open(work, packed, size);

	const int error = table_read(&s);

	for (unsigned i = 0; error && i < count; i++)
		memset(queries[i].names, 0, sizeof(queries[i].names));
	return error;
}
