/* Fuzz the readers of the firmware's tables, lib/acpi.c, lib/smbios.c and lib/edid.c: the input is physical memory
 * from address 1000h on, with an RSDP, an SMBIOS entry point or an EDID block at its start.
 *
 * Random changes hardly ever give a right checksum, so checksums are put right first, unless the first byte of the
 * input (which does not belong to the memory) is '0': what looks like a table on an 8-byte boundary is sealed. Beyond
 * not reading what was not mapped (each map is a copy of exactly that size): what is returned is inside the memory,
 * has the checksum and signature asked for, and every text is printable. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <abi/linux/errno.h>

#include "lib/acpi.h"
#include "lib/bytes.h"
#include "lib/edid.h"
#include "lib/smbios.h"
#include "lib/utf.h"
#include "tests/unit/physmem.h"

enum { BASE = 0x1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal_if(struct physmem *memory, size_t at, size_t size, size_t checksum)
{
	if (size > checksum && at <= memory->size && size <= memory->size - at)
		physmem_seal(memory->bytes + at, size, checksum);
}

/* Tables from the end to the start, so that an RSDP or EDID block at the start, which may reach over others, is
 * sealed last. */
static void seal_all(struct physmem *memory)
{
	static const char *const signatures[] = { "XSDT", "RSDT", "FACP", "HPET", "SPCR" };
	uint8_t *const p = memory->bytes;

	for (size_t at = memory->size / 8 * 8; at >= 8; at -= 8) {
		for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
			if (memory->size - at >= 36 && memcmp(p + at, signatures[i], 4) == 0)
				seal_if(memory, at, bytes_get_u32(p + at + 4), 9);
		}
	}
	if (memory->size < 24)
		return;
	if (p[0] == 'R') {
		seal_if(memory, 0, 20, 8);
		seal_if(memory, 0, bytes_get_u32(p + 20), 32);
	} else if (memcmp(p, "_SM3_", 5) == 0) {
		seal_if(memory, 0, p[6], 5);
	} else if (memcmp(p, "_SM_", 4) == 0) {
		seal_if(memory, 0, p[5], 4);
	} else {
		seal_if(memory, 0, 128, 127);
	}
}

static void check_text(const char *text, size_t size)
{
	const size_t length = strnlen(text, size);

	assert(length < size && utf8_valid(text, length) && !(length && text[length - 1] == ' '));
	for (size_t i = 0; i < length; i++)
		assert(!utf_is_control((uint8_t)text[i]) || (uint8_t)text[i] >= 0x80);
}

static void check_contents(const struct acpi_table *table)
{
	struct acpi_address address = { .space = 77 };
	paddr_t base = 0;
	uint32_t baud;
	unsigned bits = 0;

	if (memcmp(table->data, "FACP", 4) == 0 && acpi_fadt_pm_timer(table, &address, &bits) == 0)
		assert((bits == 24 || bits == 32) && address.address && address.space < 2 && table->size >= 92);
	if (memcmp(table->data, "HPET", 4) == 0 && acpi_hpet_base(table, &base) == 0)
		assert(base && table->size >= 52);
	if (memcmp(table->data, "SPCR", 4) == 0 && acpi_spcr_port(table, &address, &baud) == 0)
		assert(address.address && address.space < 2 && table->size >= 59);
	assert(address.space != 1 || address.address <= 0xfffc);
}

static void check_table(const struct acpi_root *root, const struct physmem *memory, const char *signature, unsigned index)
{
	struct acpi_table table;
	const int error = acpi_find(root, signature, index, &table);

	assert(error == 0 || error == -ENOENT || error == -EBADMSG);
	if (error == -ENOENT)
		assert(acpi_find(root, signature, index + 1, &table) == -ENOENT);
	if (error)
		return;
	assert(table.size >= 36 && table.address >= BASE && table.address - BASE <= memory->size - table.size);
	assert(memcmp(table.data, signature, 4) == 0 && bytes_sum(table.data, table.size) == 0);
	assert(memcmp(table.data, memory->bytes + (table.address - BASE), table.size) == 0);
	check_contents(&table);
}

static void check_acpi(struct physmem *memory)
{
	struct acpi_root root;
	const char *why = NULL;
	const int error = acpi_open(physmem_map, memory, BASE, &root, &why);

	assert(error == 0 || error == -EFAULT || error == -EBADMSG);
	assert(!error == !why);
	if (error)
		return;
	assert(root.entry_size == 4 || root.entry_size == 8);
	assert(root.table >= BASE && root.table - BASE + 36 + (uint64_t)root.entry_size * root.entry_count <= memory->size);
	check_text(root.oem, sizeof(root.oem));
	for (unsigned index = 0; index < 3; index++) {
		check_table(&root, memory, "FACP", index);
		check_table(&root, memory, "HPET", index);
		check_table(&root, memory, "SPCR", index);
	}
}

static void check_smbios(struct physmem *memory)
{
	struct smbios_names names;
	const int error = smbios_read_names(physmem_map, memory, BASE, &names);

	assert(error == 0 || error == -EFAULT || error == -EBADMSG);
	if (error)
		return;
	check_text(names.system_vendor, sizeof(names.system_vendor));
	check_text(names.system_product, sizeof(names.system_product));
	check_text(names.bios_vendor, sizeof(names.bios_vendor));
	check_text(names.bios_version, sizeof(names.bios_version));
	check_text(names.bios_date, sizeof(names.bios_date));
}

static void check_edid(struct physmem *memory)
{
	struct edid_info info;
	const size_t size = MIN(memory->size, 128);

	if (edid_read(physmem_map(memory, BASE, size), size, &info))
		return;
	assert(!info.width == !info.height && info.width < 4096 && info.height < 2 * 4096);
	assert(strlen(info.vendor) == 3);
	check_text(info.name, sizeof(info.name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;

	struct physmem memory = { malloc(size), size - 1, BASE, NULL };

	assert(memory.bytes);
	memcpy(memory.bytes, data + 1, size - 1);
	if (data[0] != '0')
		seal_all(&memory);
	check_acpi(&memory);
	check_smbios(&memory);
	check_edid(&memory);
	physmem_free(&memory);
	free(memory.bytes);
	return 0;
}
