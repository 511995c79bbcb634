/* What the system table points to. The fakes are in memory that stays under the kernel, as a firmware's tables are.
 *
 * rsdp=absent, old (revision 0, under the GUID of ACPI 1.0), sum (checksum), crowd (a million entries in the XSDT),
 *                   or an address
 * smbios=absent, junk, or an address
 * tables=null       a count of entries, and no table;  tables.count=N  the count
 * vendor=null, endless, or junk (unpaired surrogates) */
#include "tests/boot/hostile/hostile.h"

#include "lib/bytes.h"
#include "lib/string.h"

#define CROWD 1000000u
#define TABLE_HEADER 36u

static const EFI_GUID acpi_2 = ACPI_20_TABLE_GUID, acpi_1 = ACPI_TABLE_GUID;
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

	if ((acpi && is("rsdp", "absent")) || (smbios && is("smbios", "absent")))
		return false;
	if (acpi && has("rsdp")) {
		uint64_t address = number_of("rsdp", 0);
		entry->VendorTable = address ? (void *)(uintptr_t)address : rsdp_make();
		entry->VendorGuid = is("rsdp", "old") ? acpi_1 : acpi_2;
	}
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
	EFI_CONFIGURATION_TABLE *list = pages_of_type(EfiRuntimeServicesData, (count + 1) * sizeof(*list));

	for (UINTN i = 0; i < count; i++) {
		list[kept] = hostile.real->ConfigurationTable[i];
		kept += alter_entry(&list[kept]);
	}
	hostile.system->ConfigurationTable = is("tables", "null") ? NULL : list;
	hostile.system->NumberOfTableEntries = number_of("tables.count", kept);
	if (has("vendor"))
		vendor_alter();
}
