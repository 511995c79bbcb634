/* Fuzz what devices and packed tables say: the input is a configuration space for lib/pci.c, and a stream for
 * lib/lzma.c and lib/pci_names.c. Beyond not reading elsewhere: walks end, sizes are powers of two, an MSI-X table lies
 * in its range, names end. A stream that never ends is cut by its own input, since each byte takes at least a part of a
 * bit. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <abi/linux/errno.h>

#include "lib/pci.h"
#include "lib/pci_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t read_space(void *context, unsigned offset)
{
	uint32_t value;

	assert(offset % 4 == 0 && offset < PCI_CONFIG_SIZE);
	memcpy(&value, (uint8_t *)context + offset, 4);
	return value;
}

static void check_capabilities(uint8_t *space, bool extended)
{
	struct pci_capability_walk walk;
	struct pci_capability found;
	unsigned steps = 0;

	pci_capabilities_first(&walk, read_space, space, extended);
	while (pci_capabilities_next(&walk, &found)) {
		assert(++steps <= (extended ? 960 : 48));
		assert(found.offset % 4 == 0 && found.offset >= (extended ? 0x100 : 0x40) && found.offset <= 0xffc);
	}
}

static void check_space(uint8_t *space)
{
	struct pci_bar bars[6] = { 0 }, rom;
	struct pci_msix_table table;
	struct pci_header header;

	if (!pci_header_read(read_space, space, &header))
		return;
	assert(header.vendor && header.vendor != 0xffff && header.class < 1 << 24);
	for (unsigned i = 0, count = pci_layout_bars(header.layout); i < count;) {
		const uint64_t probe = (uint64_t)read_space(space, 0x44 + 8 * i) << 32 | read_space(space, 0x40 + 8 * i);
		i += pci_bar_decode(read_space(space, PCI_BARS + 4 * i), read_space(space, PCI_BARS + 4 + 4 * i), probe, i + 1 < count,
				    &bars[i]);
		assert(i <= count);
	}
	for (unsigned i = 0; i < 6; i++)
		assert(!(bars[i].size & (bars[i].size - 1)));
	pci_rom_decode(read_space(space, PCI_ROM), read_space(space, 0x80), &rom);
	assert(!(rom.size & (rom.size - 1)));
	if (pci_msix_decode((uint16_t)read_space(space, 0x84), read_space(space, 0x88), bars, 6, &table))
		assert(table.offset + table.entries * 16ull <= bars[table.bar].size && bars[table.bar].base);
	check_capabilities(space, false);
	check_capabilities(space, true);
}

static void check_names(const uint8_t *data, size_t size)
{
	static struct lzma work;
	struct pci_name_query queries[2] = { { .vendor = 0, .device = 1, .class = 0x010203 }, { .vendor = 0x8086 } };
	const int error = pci_names_find(&work, data, size, queries, 2);

	assert(error == 0 || error == -EBADMSG);
	for (unsigned i = 0; i < 2 * PCI_NAME_KINDS; i++) {
		const char *const name = queries[i / PCI_NAME_KINDS].names[i % PCI_NAME_KINDS];
		assert(strnlen(name, PCI_NAME_MAX) < PCI_NAME_MAX && !(error && name[0]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *const space = calloc(1, PCI_CONFIG_SIZE), *const stream = malloc(size ? size : 1);

	assert(space && stream);
	memcpy(space, data, size < PCI_CONFIG_SIZE ? size : PCI_CONFIG_SIZE);
	memcpy(stream, data, size);
	check_space(space);
	check_names(stream, size);
	free(space);
	free(stream);
	return 0;
}
