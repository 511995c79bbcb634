/* The one place that knows where the firmware's tables are; what they mean is lib/acpi.h's and lib/smbios.h's. */
#include "kernel/core/firmware.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "lib/bytes.h"

/* Of each table, the RSDP too (ACPI specification 6.5, sections 5.2.5.3 and 5.2.6). */
#define ACPI_HEADER	36
#define ACPI_LENGTH	4

static struct acpi_root acpi;	/* no entries without ACPI */
static paddr_t dsdt;		/* named by the FADT alone; 0: none */
static struct smbios_table smbios;	/* empty without SMBIOS */
static struct smbios_names names;

static const void *map_table(void *context, paddr_t address, size_t size)
{
	return mmu_map_firmware(address, size);
}

static paddr_t find_dsdt(void)
{
	struct acpi_table table;
	struct acpi_fadt fadt;

	if (firmware_table("FACP", 0, &table))
		return 0;
	acpi_fadt_read(&table, &fadt);
	return fadt.dsdt;
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
	dsdt = find_dsdt();
	if (h->smbios && smbios_open(map_table, NULL, h->smbios, &smbios))
		pr_warn("smbios: tables are damaged");
	smbios_read_names(&smbios, &names);
}

int firmware_table(const char signature[4], unsigned index, struct acpi_table *ret)
{
	return acpi.entry_count ? acpi_find(&acpi, signature, index, ret) : -ENOENT;
}

int firmware_table_at(paddr_t address, const char signature[4], struct acpi_table *ret)
{
	return acpi.map ? acpi_table_at(&acpi, address, signature, ret) : -EFAULT;
}

/* Take this for the answer where it lies in from…*end and before what was found so far. */
static void consider(paddr_t base, uint64_t size, paddr_t from, paddr_t *end, uint64_t *ret_size)
{
	if (base < from || base >= *end)
		return;
	*end = base;
	*ret_size = size;
}

/* The same for an ACPI table, whose header says how long it is. */
static void consider_table(paddr_t address, paddr_t from, paddr_t *end, uint64_t *ret_size)
{
	const char *header = address >= from && address < *end ? mmu_map_firmware(address, ACPI_HEADER) : NULL;

	if (header)
		consider(address, bytes_get_u32(header + ACPI_LENGTH), from, end, ret_size);
}

bool firmware_next_in(paddr_t from, paddr_t end, paddr_t *ret_base, uint64_t *ret_size)
{
	const struct handoff *h = boot_info();
	uint64_t bytes = (uint64_t)acpi.entry_count * acpi.entry_size;
	const uint8_t *entry = bytes ? mmu_map_firmware(acpi.table + ACPI_HEADER, bytes) : NULL;

	*ret_base = end;
	consider(h->rsdp, ACPI_HEADER, from, ret_base, ret_size);
	consider(h->system_table, PAGE_SIZE, from, ret_base, ret_size);
	consider(acpi.table, ACPI_HEADER + bytes, from, ret_base, ret_size);
	if (smbios.size)
		consider(virt_to_phys(smbios.data), smbios.size, from, ret_base, ret_size);
	consider_table(dsdt, from, ret_base, ret_size);
	for (uint32_t i = 0; entry && i < acpi.entry_count; i++, entry += acpi.entry_size)
		consider_table(acpi.entry_size == 8 ? bytes_get_u64(entry) : bytes_get_u32(entry), from, ret_base, ret_size);
	return *ret_base != end;
}

const struct smbios_names *firmware_names(void)
{
	return &names;
}

const struct smbios_table *firmware_smbios(void)
{
	return &smbios;
}

const struct acpi_root *firmware_acpi(void)
{
	return &acpi;
}
