/* ACPI tables.
 *
 * The firmware gives the address of the RSDP, which names a table of tables: the XSDT with 8-byte addresses, or the
 * older RSDT with 4-byte ones. Revision 0 of the RSDP has the RSDT alone, and U-Boot gives that even where the
 * firmware's configuration table promises ACPI 2.0. Newer revisions have a second checksum over the longer structure,
 * with the XSDT in the part that only that one covers. So the order is: the XSDT where it can be trusted and read,
 * otherwise the RSDT.
 *
 * Signatures are looked at without mapping more than a table's header. Only the table asked for is mapped whole and
 * summed: real machines have a megabyte of AML in other tables, and 16 of 655 real machines have one with a wrong
 * checksum, which is no reason to doubt the rest. */
#include "lib/acpi.h"

#include <abi/linux/errno.h>

#include "lib/bytes.h"
#include "lib/string.h"
#include "lib/utf.h"

enum {
	RSDP_CHECKSUMMED	= 20,	/* the bytes of revision 0 */
	RSDP_OEM		= 9,
	RSDP_REVISION		= 15,
	RSDP_RSDT		= 16,
	RSDP_LENGTH		= 20,
	RSDP_XSDT		= 24,
	RSDP_SIZE		= 36,	/* from revision 2 on */

	TABLE_LENGTH		= 4,
	TABLE_HEADER		= 36,
	TABLE_MOST		= 16 << 20,	/* more cannot be a table; the largest seen is under 1 MiB */
};

/* Map a table with its signature and check it. 0; -EFAULT; -EBADMSG. The header is mapped first, since only it says
 * how long the table is; that mapping is not used after the second, whose pointer may differ. */
static int table_open(acpi_map_fn *map, void *context, paddr_t address, const char *signature, struct acpi_table *ret)
{
	const uint8_t *data = map(context, address, TABLE_HEADER);

	if (!data)
		return -EFAULT;
	if (memcmp(data, signature, 4) != 0)
		return -EBADMSG;

	const uint32_t size = bytes_get_u32(data + TABLE_LENGTH);

	if (size < TABLE_HEADER || size > TABLE_MOST || address + size < address)
		return -EBADMSG;
	data = map(context, address, size);
	if (!data)
		return -EFAULT;
	if (bytes_sum(data, size) != 0)
		return -EBADMSG;
	*ret = (struct acpi_table){ data, size, address };
	return 0;
}

/* Take the XSDT or RSDT at an address as the root; address 0 means that there is none. */
static int root_open(struct acpi_root *root, paddr_t address, const char *signature, uint32_t entry_size)
{
	struct acpi_table table;
	int error;

	if (!address)
		return -ENOENT;
	error = table_open(root->map, root->context, address, signature, &table);
	if (error)
		return error;
	root->table = address;
	root->entry_size = entry_size;
	root->entry_count = (uint32_t)(table.size - TABLE_HEADER) / entry_size;
	return 0;
}

/* The XSDT's address where the RSDP has one that its second checksum vouches for, else 0. */
static paddr_t rsdp_xsdt(acpi_map_fn *map, void *context, paddr_t rsdp)
{
	const uint8_t *data = map(context, rsdp, RSDP_SIZE);

	if (!data)
		return 0;

	const uint32_t size = bytes_get_u32(data + RSDP_LENGTH);

	if (size < RSDP_SIZE || size > PAGE_SIZE)
		return 0;
	data = map(context, rsdp, size);
	if (!data || bytes_sum(data, size) != 0)
		return 0;
	return bytes_get_u64(data + RSDP_XSDT);
}

int acpi_open(acpi_map_fn *map, void *context, paddr_t rsdp, struct acpi_root *ret, const char **ret_why)
{
	struct acpi_root root = { .map = map, .context = context };
	const uint8_t *const data = map(context, rsdp, RSDP_CHECKSUMMED);

	if (!data) {
		*ret_why = "the RSDP is not in memory";
		return -EFAULT;
	}
	if (memcmp(data, "RSD PTR ", 8) != 0) {
		*ret_why = "the RSDP has a wrong signature";
		return -EBADMSG;
	}
	if (bytes_sum(data, RSDP_CHECKSUMMED) != 0) {
		*ret_why = "the RSDP has a wrong checksum";
		return -EBADMSG;
	}
	utf8_clean((const char *)data + RSDP_OEM, 6, root.oem, sizeof(root.oem));

	/* Everything is read from this mapping before the next one is asked for. */
	const paddr_t rsdt = bytes_get_u32(data + RSDP_RSDT);
	const bool extended = data[RSDP_REVISION] >= 2;
	int error = root_open(&root, extended ? rsdp_xsdt(map, context, rsdp) : 0, "XSDT", 8);

	if (error && rsdt)
		error = root_open(&root, rsdt, "RSDT", 4);
	if (error == -ENOENT) {
		*ret_why = "the RSDP names neither an XSDT nor an RSDT";
		return -EBADMSG;
	}
	if (error) {
		*ret_why = error == -EFAULT ? "XSDT and RSDT are not in memory" : "XSDT and RSDT are damaged or absent";
		return error;
	}
	*ret = root;
	return 0;
}

paddr_t acpi_entry(const struct acpi_root *root, uint32_t i)
{
	const paddr_t at = root->table + TABLE_HEADER + (paddr_t)i * root->entry_size;
	const uint8_t *const entry = root->map(root->context, at, root->entry_size);

	if (!entry)
		return 0;
	return root->entry_size == 8 ? bytes_get_u64(entry) : bytes_get_u32(entry);
}

int acpi_find(const struct acpi_root *root, const char signature[4], unsigned index, struct acpi_table *ret)
{
	for (uint32_t i = 0; i < root->entry_count; i++) {
		const paddr_t address = acpi_entry(root, i);
		const uint8_t *const header = address ? root->map(root->context, address, TABLE_HEADER) : NULL;

		if (!header || memcmp(header, signature, 4) != 0 || index--)
			continue;
		/* A table whose header is in memory and whose end is not has a wrong length. */
		return table_open(root->map, root->context, address, signature, ret) ? -EBADMSG : 0;
	}
	return -ENOENT;
}

int acpi_table_at(const struct acpi_root *root, paddr_t address, const char signature[4], struct acpi_table *ret)
{
	return address ? table_open(root->map, root->context, address, signature, ret) : -EFAULT;
}
