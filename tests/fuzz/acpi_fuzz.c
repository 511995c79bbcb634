/* Fuzz the readers of the firmware's tables, lib/acpi*.c, lib/smbios.c and lib/edid.c: the input is physical memory
 * from address 1000h on, with an RSDP, an SMBIOS entry point or an EDID block at its start.
 *
 * Random changes hardly ever give a right checksum, so checksums are put right first, unless the first byte of the
 * input (which does not belong to the memory) is '0': what looks like a table on an 8-byte boundary is sealed. Beyond
 * not reading what was not mapped (each map is a copy of exactly that size): what is returned is inside the memory,
 * has the checksum and signature asked for, every text is printable, and every list ends. */
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

static void check_fadt(const struct acpi_table *table)
{
	struct acpi_address timer;
	struct acpi_fadt fadt;
	unsigned bits;

	acpi_fadt_read(table, &fadt);
	assert(fadt.pm_timer_bits == 24 || fadt.pm_timer_bits == 32);
	assert(fadt.pm_timer.space < 2 && (!fadt.pm_timer.address || table->size >= 92));
	assert(fadt.pm_timer.space != ACPI_SPACE_PORTS || fadt.pm_timer.address <= 0xfffc);
	assert(fadt.reset.space < 3 && (!fadt.reset.address || table->size >= 129));
	assert(fadt.reset.space != ACPI_SPACE_PORTS || fadt.reset.address <= 0xffff);
	assert(fadt.reset.address || !fadt.reset_value);
	assert(fadt.sleep_control.space < 2 && fadt.sleep_status.space < 2);
	assert(!fadt.power_button || (fadt.pm1_event[0] && fadt.pm1_event[0] <= 0xfffc && fadt.pm1_event_size >= 4));
	if (acpi_fadt_pm_timer(table, &timer, &bits) == 0)
		assert(!fadt.hardware_reduced && timer.address == fadt.pm_timer.address && bits == fadt.pm_timer_bits);
}

/* Whatever table it is: its bytes are AML to this reader. */
static void check_s5(const struct acpi_table *table)
{
	struct acpi_sleep_type type;

	if (acpi_find_s5(table, &type) == 0)
		assert(type.a <= 7 && type.b <= 7);
}

/* acpi_madt_cpus with room for `room` CPUs, of which `enabled` entries are. */
static void check_cpus(const struct acpi_table *madt, size_t room, size_t enabled)
{
	struct acpi_madt_cpu *const cpus = calloc(room, sizeof(*cpus));
	const size_t count = acpi_madt_cpus(madt, cpus, room);

	assert(count <= MIN(room, enabled) && !count == !MIN(room, enabled));
	for (size_t i = 0; i < count; i++) {
		assert(cpus[i].enabled && cpus[i].apic_id != ACPI_NO_APIC_ID);
		assert(!i || cpus[i - 1].apic_id < cpus[i].apic_id);
	}
	free(cpus);
}

static void check_wiring(struct acpi_wiring wiring)
{
	assert(wiring.polarity < 4 && wiring.trigger < 4);
}

/* A list has at least `least` bytes an entry, and never leaves its table. */
static void check_step(const struct acpi_table *table, size_t *before, size_t now, size_t least)
{
	assert(now <= table->size && now >= *before + least);
	*before = now;
}

static void check_madt(const struct acpi_table *madt)
{
	struct acpi_madt_cpu cpu;
	struct acpi_madt_ioapic ioapic;
	struct acpi_madt_override override;
	struct acpi_madt_nmi_source source;
	struct acpi_madt_lapic_nmi nmi;
	size_t enabled = 0;

	for (size_t at = 0, before = 0; acpi_madt_next_cpu(madt, &at, &cpu); check_step(madt, &before, at, 8)) {
		assert(!(cpu.enabled && (cpu.online_capable || cpu.apic_id == ACPI_NO_APIC_ID)));
		enabled += cpu.enabled;
	}
	check_cpus(madt, enabled, enabled);
	check_cpus(madt, enabled / 2, enabled);
	for (size_t at = 0, before = 0; acpi_madt_next_ioapic(madt, &at, &ioapic); check_step(madt, &before, at, 12))
		assert(ioapic.address <= UINT32_MAX);
	for (size_t at = 0, before = 0; acpi_madt_next_override(madt, &at, &override); check_step(madt, &before, at, 10))
		check_wiring(override.wiring);
	for (size_t at = 0, before = 0; acpi_madt_next_nmi_source(madt, &at, &source); check_step(madt, &before, at, 8))
		check_wiring(source.wiring);
	for (size_t at = 0, before = 0; acpi_madt_next_lapic_nmi(madt, &at, &nmi); check_step(madt, &before, at, 6))
		check_wiring(nmi.wiring);
	assert(madt->size >= 40 || !acpi_madt_lapic_address(madt));
	assert(madt->size >= 44 || !acpi_madt_has_pic(madt));
}

static void check_srat(const struct acpi_table *srat)
{
	struct acpi_srat_memory memory;
	struct acpi_srat_cpu cpu;

	for (size_t at = 0, before = 0; acpi_srat_next_memory(srat, &at, &memory); check_step(srat, &before, at, 40))
		assert(memory.size && memory.base + memory.size > memory.base);
	for (size_t at = 0, before = 0; acpi_srat_next_cpu(srat, &at, &cpu); check_step(srat, &before, at, 16))
		assert(cpu.domain < 256 || srat->data[8] > 1 || at - before >= 24);	/* the long form had 32 bits from the first */
}

static void check_slit(const struct acpi_table *slit)
{
	static const uint32_t domains[] = { 0, 1, 2, 7, 255, 65535, 65536, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(domains); j++) {
			const unsigned distance = acpi_slit_distance(slit, domains[i], domains[j]);

			assert(i == j ? distance == ACPI_DISTANCE_LOCAL : distance > ACPI_DISTANCE_LOCAL && distance < 256);
		}
	}
}

static void check_hpet(const struct acpi_table *hpet)
{
	paddr_t base = 0;

	if (acpi_hpet_base(hpet, &base) == 0)
		assert(base && hpet->size >= 52);
}

static void check_mcfg(const struct acpi_table *mcfg)
{
	struct acpi_mcfg_range range;
	size_t count = 0;

	for (size_t at = 0, before = 0; acpi_mcfg_next_range(mcfg, &at, &range); check_step(mcfg, &before, at, 16))
		count++;
	assert(count == (mcfg->size < 44 ? 0 : (mcfg->size - 44) / 16));
}

static void check_spcr(const struct acpi_table *spcr)
{
	struct acpi_address address;
	uint32_t baud;

	if (acpi_spcr_port(spcr, &address, &baud))
		return;
	assert(address.address && address.space < 2 && spcr->size >= 59);
	assert(address.space != ACPI_SPACE_PORTS || address.address <= 0xfff8);
}

static const struct kind {
	char signature[5];
	void (*check)(const struct acpi_table *table);
} kinds[] = {
	{ "APIC", check_madt }, { "FACP", check_fadt }, { "HPET", check_hpet }, { "MCFG", check_mcfg },
	{ "SPCR", check_spcr }, { "SRAT", check_srat }, { "SLIT", check_slit }, { "SSDT", check_s5 },
};

static bool is_table(const uint8_t *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (memcmp(p, kinds[i].signature, 4) == 0)
			return true;
	}
	return memcmp(p, "XSDT", 4) == 0 || memcmp(p, "RSDT", 4) == 0;
}

static void seal_if(struct physmem *memory, size_t at, size_t size, size_t checksum)
{
	if (size > checksum && at <= memory->size && size <= memory->size - at)
		physmem_seal(memory->bytes + at, size, checksum);
}

/* Tables from the end to the start, so that an RSDP or EDID block at the start, which may reach over others, is
 * sealed last. */
static void seal_all(struct physmem *memory)
{
	uint8_t *const p = memory->bytes;

	for (size_t at = memory->size / 8 * 8; at >= 8; at -= 8) {
		if (memory->size - at >= 36 && is_table(p + at))
			seal_if(memory, at, bytes_get_u32(p + at + 4), 9);
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

static void check_table(const struct acpi_root *root, const struct physmem *memory, const struct kind *kind, unsigned index)
{
	struct acpi_table table;
	const int error = acpi_find(root, kind->signature, index, &table);

	assert(error == 0 || error == -ENOENT || error == -EBADMSG);
	if (error == -ENOENT)
		assert(acpi_find(root, kind->signature, index + 1, &table) == -ENOENT);
	if (error)
		return;
	assert(table.size >= 36 && table.address >= BASE && table.address - BASE <= memory->size - table.size);
	assert(memcmp(table.data, kind->signature, 4) == 0 && bytes_sum(table.data, table.size) == 0);
	assert(memcmp(table.data, memory->bytes + (table.address - BASE), table.size) == 0);
	kind->check(&table);
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
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (unsigned index = 0; index < 3; index++)
			check_table(&root, memory, &kinds[i], index);
	}
}

static void check_smbios(struct physmem *memory)
{
	struct smbios_names names;
	struct smbios_table table;
	struct smbios_module module;
	const int error = smbios_open(physmem_map, memory, BASE, &table);

	assert(error == 0 || error == -EFAULT || error == -EBADMSG);
	if (error)
		return;
	for (size_t at = 0, before = 0; smbios_next_module(&table, &at, &module); before = at) {
		assert(at > before && at <= table.size);
		check_text(module.slot, sizeof(module.slot));
		check_text(module.part, sizeof(module.part));
	}
	smbios_read_names(&table, &names);
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
