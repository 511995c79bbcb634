/* Tables that say where one device is: HPET (IA-PC HPET specification 1.0a, section 3.2.4), MCFG (PCI firmware
 * specification 3.3, section 4.1.2) and SPCR (Microsoft's Serial Port Console Redirection table). */
#include <abi/linux/errno.h>

#include "lib/acpi_field.h"

enum {
	HPET_BASE		= 40,

	MCFG_RANGES		= 44,
	MCFG_RANGE_SIZE		= 16,

	SPCR_INTERFACE		= 36,
	SPCR_BASE		= 40,
	SPCR_BAUD		= 58,
	SPCR_PRECISE_BAUD	= 80,
};

int acpi_hpet_base(const struct acpi_table *hpet, paddr_t *ret)
{
	/* Its width is 64, 8 and 0 on real machines, and says nothing. */
	const struct acpi_address base = acpi_get_address(hpet, HPET_BASE);

	if (base.space != ACPI_SPACE_MEMORY || !base.address)
		return -ENOENT;
	*ret = base.address;
	return 0;
}

bool acpi_mcfg_next_range(const struct acpi_table *mcfg, size_t *position, struct acpi_mcfg_range *ret)
{
	const size_t at = MAX(*position, (size_t)MCFG_RANGES);

	if (!acpi_has(mcfg, at, MCFG_RANGE_SIZE))
		return false;

	const uint8_t *const range = mcfg->data + at;

	ret->base = bytes_get_u64(range);
	ret->segment = bytes_get_u16(range + 8);
	ret->bus_first = range[10];
	ret->bus_last = range[11];
	*position = at + MCFG_RANGE_SIZE;
	return true;
}

/* Port Subtypes of the Microsoft DBG2 specification, which SPCR uses from revision 2 on; 0 and 1 meant 16550 and
 * 16450 before. */
static bool spcr_is_16550(const struct acpi_table *spcr)
{
	const uint8_t interface = spcr->data[SPCR_INTERFACE];

	return interface == 0 || interface == 1 || (interface == 0x12 && spcr->data[ACPI_TABLE_REVISION] >= 2);
}

static uint32_t spcr_baud(const struct acpi_table *spcr)
{
	static const uint32_t rates[8] = { [3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200 };
	const uint8_t index = spcr->data[SPCR_BAUD];
	uint32_t precise = 0;

	/* Older revisions have other or reserved bytes there. */
	if (spcr->data[ACPI_TABLE_REVISION] >= 4 && spcr->size >= SPCR_PRECISE_BAUD + 4)
		precise = bytes_get_u32(spcr->data + SPCR_PRECISE_BAUD);
	if (precise)
		return precise;
	return index < ARRAY_SIZE(rates) ? rates[index] : 0;
}

int acpi_spcr_port(const struct acpi_table *spcr, struct acpi_address *ret, uint32_t *ret_baud)
{
	if (spcr->size <= SPCR_BAUD)
		return -ENOENT;

	const struct acpi_address port = acpi_get_address(spcr, SPCR_BASE);

	/* Firmware that has redirection switched off leaves the table there with address 0. */
	if (!port.address)
		return -ENOENT;
	if (!spcr_is_16550(spcr) || !acpi_address_usable(&port, 8))
		return -EINVAL;
	*ret = port;
	*ret_baud = spcr_baud(spcr);
	return 0;
}
