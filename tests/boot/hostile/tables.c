/* What the system table points to. The fakes are in memory that stays under the kernel, as a firmware's tables are.
 *
 * rsdp=absent, old (revision 0, under the GUID of ACPI 1.0), sum (checksum), crowd (a million entries in the XSDT),
 *                   or an address
 * smbios=absent, junk, or an address
 * tables=null       a count of entries, and no table;  tables.count=N  the count
 * vendor=null, endless, or junk (unpaired surrogates)
 * runtime=N         EFI_RT_PROPERTIES_TABLE with this set of services
 * fadt.reduced      reduced hardware, and its sleep control register is the port of isa-debug-exit
 * fadt.lost         FADT and DSDT, one right behind the other, in memory of the boot services
 * fadt.reset=N      the reset register is that port, and N its value;  fadt.no-rtc  there is no battery-backed clock
 * madt.enable       every CPU that the MADT lists is enabled, those too that are not there;  madt.id=N  one more is
 *                   listed, with this APIC id;  madt.sum  its checksum is wrong */
#include "tests/boot/hostile/hostile.h"

#include "lib/bytes.h"
#include "lib/string.h"

#define CROWD 1000000u
#define TABLE_HEADER 36u
#define DEBUG_EXIT_PORT 0xf4

/* Offsets in the FADT (ACPI 6.5, table 5.9). */
enum { FADT_DSDT = 40, FADT_X_DSDT = 140, FADT_BOOT = 109, FADT_FLAGS = 112, FADT_RESET = 116, FADT_RESET_VALUE = 128, FADT_SLEEP_CONTROL = 244, FADT_SIZE = 276 };

/* In the MADT, and its entries of CPUs (sections 5.2.12, 5.2.12.2 and 5.2.12.12). */
enum { MADT_ENTRIES = 44, MADT_LAPIC = 0, MADT_LAPIC_FLAGS = 4, MADT_X2APIC = 9 };

struct madt_x2apic {
	uint8_t type, size;
	uint16_t reserved;
	uint32_t id, flags, uid;
};

static const EFI_GUID acpi_2 = ACPI_20_TABLE_GUID, acpi_1 = ACPI_TABLE_GUID;
static const EFI_GUID runtime_properties = {
	0xeb66918a, 0x7eef, 0x402a, { 0x84, 0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9 },
};
static const EFI_GUID smbios_3 = SMBIOS3_TABLE_GUID, smbios_2 = SMBIOS_TABLE_GUID;

struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t long_checksum, reserved[3];
};

static void *table_of(const EFI_GUID *guid)
{
	const EFI_CONFIGURATION_TABLE *table = hostile.real->ConfigurationTable;

	for (UINTN i = 0; i < hostile.real->NumberOfTableEntries; i++)
		if (guid_is(&table[i].VendorGuid, guid))
			return table[i].VendorTable;
	return NULL;
}

static void put_text(uint8_t *to, const char *text)
{
	while (*text)
		*to++ = (uint8_t)*text++;
}

/* A root table of a million entries, all of which lead to one table of no use. */
static uint64_t crowd_make(void)
{
	uint32_t size = TABLE_HEADER + CROWD * 8, header = TABLE_HEADER;
	uint8_t *xsdt = pages_of_type(EfiACPIReclaimMemory, size + PAGE_SIZE), *last = xsdt + size;
	uint64_t target = (uintptr_t)last;

	put_text(last, "JUNK");
	memcpy(last + 4, &header, 4);
	last[9] = (uint8_t)-bytes_sum(last, header);
	put_text(xsdt, "XSDT");
	memcpy(xsdt + 4, &size, 4);
	for (uint32_t i = 0; i < CROWD; i++)
		memcpy(xsdt + TABLE_HEADER + i * 8, &target, 8);
	xsdt[9] = (uint8_t)-bytes_sum(xsdt, size);
	return (uintptr_t)xsdt;
}

static void *rsdp_make(void)
{
	const struct rsdp *real = table_of(&acpi_2) ? table_of(&acpi_2) : table_of(&acpi_1);
	struct rsdp *r = pages_of_type(EfiACPIReclaimMemory, sizeof(*r));

	if (!real)
		fault("the firmware itself has no ACPI");
	memcpy(r, real, 20);
	r->revision = 0;
	if (is("rsdp", "crowd")) {
		r->revision = 2;
		r->length = sizeof(*r);
		r->rsdt = 0;
		r->xsdt = crowd_make();
	}
	r->checksum = 0;
	r->checksum = (uint8_t)(-bytes_sum(r, 20) + is("rsdp", "sum"));
	r->long_checksum = (uint8_t)-bytes_sum(r, sizeof(*r));
	return r;
}

static void put_port(uint8_t *address, uint16_t port)
{
	const uint8_t start[] = { 1, 8, 0, 1 };		/* a port, 8 bits, read as bytes */
	uint64_t wide = port;

	memcpy(address, start, sizeof(start));
	memcpy(address + sizeof(start), &wide, sizeof(wide));
}

static uint8_t *table_copy(const uint8_t *table, uint32_t size)
{
	uint8_t *copy = pages_of_type(EfiACPIReclaimMemory, size);

	return memcpy(copy, table, MIN(bytes_get_u32(table + 4), size));
}

static void table_seal(uint8_t *table, uint32_t size)
{
	memcpy(table + 4, &size, 4);
	table[9] = 0;
	table[9] = (uint8_t)-bytes_sum(table, size);
}

static uint64_t fadt_make(const uint8_t *real)
{
	uint8_t *fadt = table_copy(real, FADT_SIZE);

	fadt[FADT_BOOT] |= has("fadt.no-rtc") ? 1 << 5 : 0;
	fadt[FADT_FLAGS + 2] |= has("fadt.reduced") ? 1 << 4 : 0;	/* bit 20 */
	fadt[FADT_FLAGS + 1] |= has("fadt.reset") ? 1 << 2 : 0;		/* bit 10 */
	fadt[FADT_RESET_VALUE] = (uint8_t)number_of("fadt.reset", 0);
	put_port(fadt + FADT_RESET, DEBUG_EXIT_PORT);
	put_port(fadt + FADT_SLEEP_CONTROL, DEBUG_EXIT_PORT);
	table_seal(fadt, FADT_SIZE);
	return (uintptr_t)fadt;
}

/* So that what follows the first page is the start of a large block, once it is free. */
static uint64_t fadt_lose(const uint8_t *real)
{
	const uint8_t *dsdt = (void *)(uintptr_t)bytes_get_u32(real + FADT_DSDT);
	uint32_t fadt_size = bytes_get_u32(real + 4), dsdt_size = bytes_get_u32(dsdt + 4);
	uint64_t block = (uintptr_t)pages_of_type(EfiBootServicesData, MIB(12)), behind = ALIGN_UP(block + PAGE_SIZE, MIB(4)) - 16;
	uint8_t *copy = (void *)(uintptr_t)(behind - fadt_size);

	memcpy(copy, real, fadt_size);
	memcpy(copy + fadt_size, dsdt, dsdt_size);
	memcpy(copy + FADT_DSDT, &behind, 4);
	if (fadt_size >= FADT_X_DSDT + 8)
		memcpy(copy + FADT_X_DSDT, &behind, 8);
	table_seal(copy, fadt_size);
	return (uintptr_t)copy;
}

static bool fadt_given(void)
{
	return has("fadt.reduced") || has("fadt.reset") || has("fadt.lost") || has("fadt.no-rtc");
}

static bool madt_given(void)
{
	return has("madt.enable") || has("madt.id") || has("madt.sum");
}

static uint64_t madt_make(const uint8_t *real)
{
	uint32_t size = bytes_get_u32(real + 4);
	struct madt_x2apic more = { .type = MADT_X2APIC, .size = sizeof(more), .flags = 1 };
	uint8_t *madt = table_copy(real, size + sizeof(more));

	if (has("madt.id")) {
		more.id = (uint32_t)number_of("madt.id", 0);
		memcpy(madt + size, &more, sizeof(more));
		size += sizeof(more);
	}
	for (uint8_t *at = madt + MADT_ENTRIES; has("madt.enable") && at < madt + size; at += at[1])
		if (at[0] == MADT_LAPIC || at[0] == MADT_X2APIC)
			at[at[0] == MADT_LAPIC ? MADT_LAPIC_FLAGS : offsetof(struct madt_x2apic, flags)] |= 1;
	table_seal(madt, size);
	madt[9] += has("madt.sum");
	return (uintptr_t)madt;
}

/* Where the root table is to lead to instead. */
static uint64_t table_alter(uint64_t address)
{
	const uint8_t *table = (void *)(uintptr_t)address;

	if (memcmp(table, "FACP", 4) == 0 && fadt_given())
		return has("fadt.lost") ? fadt_lose(table) : fadt_make(table);
	if (memcmp(table, "APIC", 4) == 0 && madt_given())
		return madt_make(table);
	return address;
}

/* A root pointer with a root table of its own, which leads to tables that may be altered. */
static void *rsdp_with_tables(void)
{
	const struct rsdp *real = table_of(&acpi_2) ? table_of(&acpi_2) : table_of(&acpi_1);
	struct rsdp *r = pages_of_type(EfiACPIReclaimMemory, sizeof(*r));
	bool wide = real->revision >= 2 && real->xsdt;
	const uint8_t *root = (void *)(uintptr_t)(wide ? real->xsdt : real->rsdt);
	uint32_t size = bytes_get_u32(root + 4), step = wide ? 8 : 4;
	uint8_t *copy = table_copy(root, size);

	for (uint8_t *at = copy + TABLE_HEADER; at < copy + size; at += step) {
		uint64_t address = table_alter(wide ? bytes_get_u64(at) : bytes_get_u32(at));
		memcpy(at, &address, step);
	}
	table_seal(copy, size);
	memcpy(r, real, wide ? sizeof(*r) : 20);
	if (wide)
		r->xsdt = (uintptr_t)copy;
	else
		r->rsdt = (uint32_t)(uintptr_t)copy;
	r->checksum = 0;
	r->checksum = (uint8_t)-bytes_sum(r, 20);
	r->long_checksum = 0;
	r->long_checksum = (uint8_t)-bytes_sum(r, sizeof(*r));
	return r;
}

static void *smbios_make(void)
{
	uint8_t *junk = pages_of_type(EfiRuntimeServicesData, PAGE_SIZE);

	for (unsigned i = 0; i < PAGE_SIZE; i++)
		junk[i] = (uint8_t)(i * 167 + 13);
	put_text(junk, "_SM3_");
	return junk;
}

/* One entry of the altered list; false where it is left out. */
static bool alter_entry(EFI_CONFIGURATION_TABLE *entry)
{
	bool acpi = guid_is(&entry->VendorGuid, &acpi_2) || guid_is(&entry->VendorGuid, &acpi_1);
	bool smbios = guid_is(&entry->VendorGuid, &smbios_3) || guid_is(&entry->VendorGuid, &smbios_2);
	bool runtime = guid_is(&entry->VendorGuid, &runtime_properties);

	if ((acpi && is("rsdp", "absent")) || (smbios && is("smbios", "absent")) || (runtime && has("runtime")))
		return false;
	if (acpi && has("rsdp")) {
		uint64_t address = number_of("rsdp", 0);
		entry->VendorTable = address ? (void *)(uintptr_t)address : rsdp_make();
		entry->VendorGuid = is("rsdp", "old") ? acpi_1 : acpi_2;
	}
	if (acpi && (fadt_given() || madt_given()))
		entry->VendorTable = rsdp_with_tables();
	if (smbios && has("smbios")) {
		uint64_t address = number_of("smbios", 0);
		entry->VendorTable = address ? (void *)(uintptr_t)address : smbios_make();
		entry->VendorGuid = smbios_3;
	}
	return true;
}

static void vendor_alter(void)
{
	CHAR16 *name = pages_of_type(EfiRuntimeServicesData, PAGE_SIZE);

	for (unsigned i = 0; i < PAGE_SIZE / 2; i++)
		name[i] = is("vendor", "junk") ? 0xd800 : L'x';
	hostile.system->FirmwareVendor = is("vendor", "null") ? NULL : name;
}

void tables_alter(void)
{
	UINTN count = hostile.real->NumberOfTableEntries, kept = 0;
	EFI_CONFIGURATION_TABLE *list = pages_of_type(EfiRuntimeServicesData, (count + 1) * sizeof(*list) + 8);
	struct { uint16_t version, length; uint32_t supported; } *properties = (void *)(list + count + 1);

	for (UINTN i = 0; i < count; i++) {
		list[kept] = hostile.real->ConfigurationTable[i];
		kept += alter_entry(&list[kept]);
	}
	if (has("runtime")) {
		properties->version = 1;
		properties->length = sizeof(*properties);
		properties->supported = (uint32_t)number_of("runtime", 0);
		list[kept++] = (EFI_CONFIGURATION_TABLE){ runtime_properties, properties };
	}
	hostile.system->ConfigurationTable = is("tables", "null") ? NULL : list;
	hostile.system->NumberOfTableEntries = number_of("tables.count", kept);
	if (has("vendor"))
		vendor_alter();
}
