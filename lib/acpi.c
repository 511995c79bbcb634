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
 * checksum, which is no reason to doubt the rest.
 *
 * Tables grew with each version of the specification (the FADT has been seen with seven lengths), so what a reader
 * needs decides how long a table must be, never the table's revision. Offsets below are those of the ACPI
 * specification 6.5, table 5.9 for the FADT. */
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
	TABLE_REVISION		= 8,
	TABLE_HEADER		= 36,
	TABLE_MOST		= 16 << 20,	/* more cannot be a table; the largest seen is under 1 MiB */

	FADT_PM_TIMER		= 76,
	FADT_PM_TIMER_LENGTH	= 91,
	FADT_FLAGS		= 112,
	FADT_X_PM_TIMER		= 208,
	FADT_TIMER_32_BITS	= 1 << 8,
	FADT_HARDWARE_REDUCED	= 1 << 20,

	HPET_BASE		= 40,

	SPCR_INTERFACE		= 36,
	SPCR_BASE		= 40,
	SPCR_BAUD		= 58,
	SPCR_PRECISE_BAUD	= 80,

	ADDRESS_SIZE		= 12,
	SPACE_MEMORY		= 0,
	SPACE_IO		= 1,
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

/* The address in the root's entry; 0 where it cannot be read. */
static paddr_t root_entry(const struct acpi_root *root, uint32_t i)
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
		const paddr_t address = root_entry(root, i);
		const uint8_t *const header = address ? root->map(root->context, address, TABLE_HEADER) : NULL;

		if (!header || memcmp(header, signature, 4) != 0 || index--)
			continue;
		/* A table whose header is in memory and whose end is not has a wrong length. */
		return table_open(root->map, root->context, address, signature, ret) ? -EBADMSG : 0;
	}
	return -ENOENT;
}

static struct acpi_address address_read(const uint8_t *at)
{
	return (struct acpi_address){
		.space = at[0], .width = at[1], .access = at[3], .address = bytes_get_u64(at + 4),
	};
}

/* Is this an address that a driver can reach with `size` bytes of registers: memory, or I/O ports under 64 Ki? */
static bool address_usable(const struct acpi_address *a, unsigned size)
{
	if (a->space == SPACE_IO)
		return a->address && a->address <= 0x10000 - size;
	return a->space == SPACE_MEMORY && a->address;
}

int acpi_fadt_pm_timer(const struct acpi_table *fadt, struct acpi_address *ret, unsigned *ret_bits)
{
	const uint32_t flags = fadt->size >= FADT_FLAGS + 4 ? bytes_get_u32(fadt->data + FADT_FLAGS) : 0;
	struct acpi_address timer = { 0 };

	/* Without the fixed hardware the fields below mean nothing (section 4.1). */
	if (flags & FADT_HARDWARE_REDUCED)
		return -ENOENT;
	if (fadt->size >= FADT_X_PM_TIMER + ADDRESS_SIZE)
		timer = address_read(fadt->data + FADT_X_PM_TIMER);
	/* Real machines have the long form, and zeros in it. */
	if (!address_usable(&timer, 4) && fadt->size > FADT_PM_TIMER_LENGTH && fadt->data[FADT_PM_TIMER_LENGTH] == 4)
		timer = (struct acpi_address){
			.space = SPACE_IO, .width = 32, .access = 3,
			.address = bytes_get_u32(fadt->data + FADT_PM_TIMER),
		};
	if (!address_usable(&timer, 4))
		return -ENOENT;
	*ret = timer;
	*ret_bits = flags & FADT_TIMER_32_BITS ? 32 : 24;
	return 0;
}

int acpi_hpet_base(const struct acpi_table *hpet, paddr_t *ret)
{
	if (hpet->size < HPET_BASE + ADDRESS_SIZE)
		return -ENOENT;

	/* Its width is 64, 8 and 0 on real machines, and says nothing. */
	const struct acpi_address base = address_read(hpet->data + HPET_BASE);

	if (base.space != SPACE_MEMORY || !base.address)
		return -ENOENT;
	*ret = base.address;
	return 0;
}

/* Port Subtypes of the Microsoft DBG2 specification, which SPCR uses from revision 2 on; 0 and 1 meant 16550 and
 * 16450 before. */
static bool spcr_is_16550(const struct acpi_table *spcr)
{
	const uint8_t interface = spcr->data[SPCR_INTERFACE];

	return interface == 0 || interface == 1 || (interface == 0x12 && spcr->data[TABLE_REVISION] >= 2);
}

static uint32_t spcr_baud(const struct acpi_table *spcr)
{
	static const uint32_t rates[8] = { [3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200 };
	const uint8_t index = spcr->data[SPCR_BAUD];
	uint32_t precise = 0;

	/* Older revisions have other or reserved bytes there. */
	if (spcr->data[TABLE_REVISION] >= 4 && spcr->size >= SPCR_PRECISE_BAUD + 4)
		precise = bytes_get_u32(spcr->data + SPCR_PRECISE_BAUD);
	if (precise)
		return precise;
	return index < ARRAY_SIZE(rates) ? rates[index] : 0;
}

int acpi_spcr_port(const struct acpi_table *spcr, struct acpi_address *ret, uint32_t *ret_baud)
{
	if (spcr->size <= SPCR_BAUD)
		return -ENOENT;

	const struct acpi_address port = address_read(spcr->data + SPCR_BASE);

	/* Firmware that has redirection switched off leaves the table there with address 0. */
	if (!port.address)
		return -ENOENT;
	if (!spcr_is_16550(spcr) || !address_usable(&port, 8))
		return -EINVAL;
	*ret = port;
	*ret_baud = spcr_baud(spcr);
	return 0;
}
