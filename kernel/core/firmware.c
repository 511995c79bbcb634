/* The one place that knows where the firmware's tables are; what they mean is lib/acpi.h's and lib/smbios.h's. */
#include "kernel/core/firmware.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"

static struct acpi_root acpi;	/* no entries without ACPI */
static struct smbios_names names;

static const void *map_table(void *context, paddr_t address, size_t size)
{
	return mmu_map_firmware(address, size);
}

void firmware_init(void)
{
	const struct handoff *h = boot_info();
	const char *why = NULL;

	if (!h->rsdp)
		pr_warn("acpi: the firmware gives no tables");
	else if (acpi_open(map_table, NULL, h->rsdp, &acpi, &why))
		pr_warn("acpi: tables not used: %s", why);
	else
		pr_info("acpi: %u tables by %s, made by \"%s\"", acpi.entry_count, acpi.entry_size == 8 ? "XSDT" : "RSDT", acpi.oem);
	if (h->smbios && smbios_read_names(map_table, NULL, h->smbios, &names))
		pr_warn("smbios: tables are damaged");
}

int firmware_table(const char signature[4], unsigned index, struct acpi_table *ret)
{
	return acpi.entry_count ? acpi_find(&acpi, signature, index, ret) : -ENOENT;
}

const struct smbios_names *firmware_names(void)
{
	return &names;
}
