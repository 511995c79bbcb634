/* The report's sections on what the firmware is and what it hands over. */
#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/firmware.h"
#include "kernel/core/report.h"
#include "lib/bytes.h"
#include "lib/utf.h"

#define TABLE_HEADER 36

static void firmware_report(struct report_sink *s)
{
	static const char *const secure_boot[] = {
		[HANDOFF_SECURE_BOOT_UNKNOWN] = "absent", [HANDOFF_SECURE_BOOT_OFF] = "off", [HANDOFF_SECURE_BOOT_SETUP] = "setup mode",
		[HANDOFF_SECURE_BOOT_ON] = "on",
	};
	const struct smbios_names *names = firmware_names();
	const struct handoff *h = boot_info();

	report_text(s, "machine_vendor", "%s", names->system_vendor);
	report_text(s, "machine", "%s", names->system_product);
	report_text(s, "vendor", "%s", h->firmware_vendor);
	report_text(s, "uefi", "%u.%u", h->uefi_revision >> 16, (h->uefi_revision & 0xffff) / 10);
	report_hex(s, "revision", h->firmware_revision, 8);
	report_text(s, "bios_vendor", "%s", names->bios_vendor);
	report_text(s, "bios_version", "%s", names->bios_version);
	report_text(s, "bios_date", "%s", names->bios_date);
	report_text(s, "secure_boot", "%s", h->secure_boot <= HANDOFF_SECURE_BOOT_ON ? secure_boot[h->secure_boot] : "");
	report_text(s, "command_line", "%s", boot_cmdline());
}
REPORT_SECTION(30, firmware, "Firmware", firmware_report);

/* A table's header (ACPI specification 6.5, section 5.2.6): signature, length, revision, OEM's name and table name. */
static void table_report(struct report_sink *s, paddr_t address)
{
	const char *header = address ? mmu_map_firmware(address, TABLE_HEADER) : NULL;
	char signature[5], oem[7], table[9];

	report_row(s);
	if (header) {
		utf8_clean(header, 4, signature, sizeof(signature));
		utf8_clean(header + 10, 6, oem, sizeof(oem));
		utf8_clean(header + 16, 8, table, sizeof(table));
		report_text(s, "signature", "%s", signature);
		report_number(s, "length", bytes_get_u32(header + 4));
		report_number(s, "revision", (uint8_t)header[8]);
		report_text(s, "oem", "%s", oem);
		report_text(s, "name", "%s", table);
	}
	report_hex(s, "address", address, 8);
	report_end(s);
}

static void acpi_report(struct report_sink *s)
{
	const struct acpi_root *root = firmware_acpi();

	report_hex(s, "rsdp", boot_info()->rsdp, 8);
	report_hex(s, root->entry_size == 4 ? "rsdt" : "xsdt", root->table, 8);
	report_list(s, "tables");
	for (uint32_t i = 0; i < root->entry_count; i++)
		table_report(s, acpi_entry(root, i));
	report_end(s);
}
REPORT_SECTION(35, acpi, "ACPI", acpi_report);
