/* What the system table names: ACPI, SMBIOS, the firmware itself, and whether Secure Boot is on. */
#include "loader/loader.h"

#include "lib/string.h"
#include "lib/utf.h"

#define TABLES_MAX 4096	/* a firmware with more configuration tables than this has lost its count */

static uint64_t table_find(const struct loader *l, EFI_GUID guid)
{
	const EFI_CONFIGURATION_TABLE *table = l->system->ConfigurationTable;
	UINTN count = l->system->NumberOfTableEntries;

	for (UINTN i = 0; table && i < count && i < TABLES_MAX; i++)
		if (memcmp(&table[i].VendorGuid, &guid, sizeof(guid)) == 0)
			return (uintptr_t)table[i].VendorTable;
	return 0;
}

static bool variable_is_one(struct loader *l, const CHAR16 *name, bool *ret)
{
	static EFI_GUID global = EFI_GLOBAL_VARIABLE;
	uint8_t value = 0;
	UINTN size = sizeof(value);
	EFI_STATUS status = l->system->RuntimeServices->GetVariable((CHAR16 *)name, &global, NULL, &size, &value);

	*ret = value == 1;
	return !EFI_ERROR(status) && size == 1;
}

/* UEFI 2.10, section 3.3: SecureBoot is 1 where images are checked; in setup mode they are not. */
static enum handoff_secure_boot secure_boot_state(struct loader *l)
{
	bool enforcing, setup;

	if (!variable_is_one(l, L"SecureBoot", &enforcing))
		return HANDOFF_SECURE_BOOT_UNKNOWN;
	if (enforcing)
		return HANDOFF_SECURE_BOOT_ON;
	return variable_is_one(l, L"SetupMode", &setup) && setup ? HANDOFF_SECURE_BOOT_SETUP : HANDOFF_SECURE_BOOT_OFF;
}

static void firmware_name(struct loader *l)
{
	struct handoff *h = &l->handoff;
	const CHAR16 *vendor = l->system->FirmwareVendor;
	char text[4 * sizeof(h->firmware_vendor)];
	UINTN units = 0;

	while (vendor && units < sizeof(h->firmware_vendor) - 1 && vendor[units])
		units++;
	if (vendor && utf16_to_utf8(vendor, units, text, sizeof(text)) > 0)
		h->firmware_vendor_size = (uint32_t)utf8_clean(text, sizeof(text), h->firmware_vendor, sizeof(h->firmware_vendor));
	h->uefi_revision = l->system->Hdr.Revision;
	h->firmware_revision = l->system->FirmwareRevision;
}

/* Which of its services the firmware still offers to an operating system: EFI_RT_PROPERTIES_TABLE (UEFI 2.10, section
 * 4.6.2), all where there is none. */
static uint32_t runtime_supported(const struct loader *l)
{
	const struct { uint16_t version, length; uint32_t supported; } *table;

	table = (void *)(uintptr_t)table_find(l, (EFI_GUID){
		0xeb66918a, 0x7eef, 0x402a, { 0x84, 0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9 } });
	return table && table->length >= sizeof(*table) ? table->supported : ~0u;
}

void tables_gather(struct loader *l)
{
	struct handoff *h = &l->handoff;

	h->rsdp = table_find(l, (EFI_GUID)ACPI_20_TABLE_GUID);
	if (!h->rsdp)
		h->rsdp = table_find(l, (EFI_GUID)ACPI_TABLE_GUID);
	h->smbios = table_find(l, (EFI_GUID)SMBIOS3_TABLE_GUID);
	if (!h->smbios)
		h->smbios = table_find(l, (EFI_GUID)SMBIOS_TABLE_GUID);
	h->runtime_supported = runtime_supported(l);
	h->secure_boot = secure_boot_state(l);
	firmware_name(l);
}
