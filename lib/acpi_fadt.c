/* The fixed ACPI description table (ACPI specification 6.5, section 5.2.9; offsets are those of table 5.9).
 *
 * It grew with each version of the specification, and has been seen with seven lengths from 116 to 276 bytes, so what
 * a field needs decides how long the table must be, never the table's revision. Two things are no question of length:
 * - registers that were ports have a second, longer field since ACPI 2.0, which counts where it says something useful.
 *   Real machines have it with zeros in it;
 * - tables of the first two lengths, from before ACPI 2.0, have the boot flags' place reserved. */
#include <abi/linux/errno.h>

#include "lib/acpi_field.h"

enum {
	FADT_DSDT		= 40,
	FADT_SCI		= 46,
	FADT_SMI_COMMAND	= 48,
	FADT_ACPI_ENABLE	= 52,
	FADT_PM1A_EVENT		= 56,
	FADT_PM1B_EVENT		= 60,
	FADT_PM1A_CONTROL	= 64,
	FADT_PM1B_CONTROL	= 68,
	FADT_PM_TIMER		= 76,
	FADT_GPE0		= 80,
	FADT_GPE1		= 84,
	FADT_PM1_EVENT_LENGTH	= 88,
	FADT_PM_TIMER_LENGTH	= 91,
	FADT_GPE0_LENGTH	= 92,
	FADT_GPE1_LENGTH	= 93,
	FADT_CENTURY		= 108,
	FADT_BOOT_FLAGS		= 109,
	FADT_FLAGS		= 112,
	FADT_RESET		= 116,
	FADT_RESET_VALUE	= 128,
	FADT_X_DSDT		= 140,
	FADT_X_PM1A_EVENT	= 148,
	FADT_X_PM1B_EVENT	= 160,
	FADT_X_PM1A_CONTROL	= 172,
	FADT_X_PM1B_CONTROL	= 184,
	FADT_X_PM_TIMER		= 208,
	FADT_X_GPE0		= 220,
	FADT_X_GPE1		= 232,
	FADT_SLEEP_CONTROL	= 244,
	FADT_SLEEP_STATUS	= 256,

	FADT_OLD_SIZE		= 132,	/* and less: older than ACPI 2.0 */

	/* Table 5.10. */
	FLAG_NO_FIXED_BUTTON	= 1 << 4,	/* it is a device in AML */
	FLAG_TIMER_32_BITS	= 1 << 8,
	FLAG_RESET		= 1 << 10,
	FLAG_HARDWARE_REDUCED	= 1 << 20,

	/* Table 5.11: two say what is there, four what is not. */
	BOOT_LEGACY_DEVICES	= 1 << 0,
	BOOT_8042		= 1 << 1,
	BOOT_NO_VGA		= 1 << 2,
	BOOT_NO_MSI		= 1 << 3,
	BOOT_NO_ASPM		= 1 << 4,
	BOOT_NO_RTC		= 1 << 5,
};

/* Denying a device takes a table that could: from a clear bit in a reserved place nothing follows. */
static void read_boot_flags(const struct acpi_table *fadt, struct acpi_fadt *ret)
{
	const uint16_t flags = acpi_get_u16(fadt, FADT_BOOT_FLAGS);

	if (fadt->size <= FADT_OLD_SIZE)
		return;
	ret->no_legacy_devices = !(flags & BOOT_LEGACY_DEVICES);
	ret->no_8042 = !(flags & BOOT_8042);
	ret->no_vga = flags & BOOT_NO_VGA;
	ret->no_msi = flags & BOOT_NO_MSI;
	ret->no_aspm = flags & BOOT_NO_ASPM;
	ret->no_rtc = flags & BOOT_NO_RTC;
}

/* The reset register (section 4.8.3.6). Firmware sets its flag in tables that end before the register, or before its
 * value: six of 655 machines. On half of all machines it is the port at which firmware is called (B2h), on the other
 * half the chipset's (CF9h); no machine seen has it in configuration space, where 0 as an address is device 0 and its
 * vendor's id, and so no register either. */
static void read_reset(const struct acpi_table *fadt, struct acpi_fadt *ret)
{
	const struct acpi_address reset = acpi_get_address(fadt, FADT_RESET);
	const bool pci = reset.space == ACPI_SPACE_PCI && reset.address;

	if (!(acpi_get_u32(fadt, FADT_FLAGS) & FLAG_RESET) || !acpi_has(fadt, FADT_RESET_VALUE, 1))
		return;
	if (!pci && !acpi_address_usable(&reset, 1))
		return;
	ret->reset = reset;
	ret->reset_value = fadt->data[FADT_RESET_VALUE];
}

/* Read in any case, also where the machine has reduced hardware: what may be used is another question. */
static void read_pm_timer(const struct acpi_table *fadt, struct acpi_fadt *ret)
{
	struct acpi_address timer = acpi_get_address(fadt, FADT_X_PM_TIMER);

	ret->pm_timer_bits = acpi_get_u32(fadt, FADT_FLAGS) & FLAG_TIMER_32_BITS ? 32 : 24;
	if (!acpi_address_usable(&timer, 4) && acpi_get_u8(fadt, FADT_PM_TIMER_LENGTH) == 4)
		timer = (struct acpi_address){
			.space = ACPI_SPACE_PORTS, .width = 32, .access = 3,
			.address = acpi_get_u32(fadt, FADT_PM_TIMER),
		};
	if (acpi_address_usable(&timer, 4))
		ret->pm_timer = timer;
}

/* Section 4.8.3.7. One of embedded controllers or other spaces would need a driver: taken as absent. */
static struct acpi_address read_sleep_register(const struct acpi_table *fadt, size_t offset)
{
	const struct acpi_address found = acpi_get_address(fadt, offset);

	return acpi_address_usable(&found, 1) ? found : (struct acpi_address){ 0 };
}

/* A block of the fixed hardware, by its longer field or by its old one. All that were seen are ports. */
static uint16_t read_block(const struct acpi_table *fadt, size_t offset, size_t old_offset)
{
	const struct acpi_address found = acpi_get_address(fadt, offset);
	const uint32_t old = acpi_get_u32(fadt, old_offset);

	if (found.space == ACPI_SPACE_PORTS && acpi_address_usable(&found, 4))
		return (uint16_t)found.address;
	return old <= 0xfffc ? (uint16_t)old : 0;
}

/* Without the fixed hardware its fields mean nothing (section 4.1). */
static void read_fixed(const struct acpi_table *fadt, struct acpi_fadt *ret)
{
	const uint32_t smi_command = acpi_get_u32(fadt, FADT_SMI_COMMAND);

	if (ret->hardware_reduced)
		return;
	ret->pm1_event[0] = read_block(fadt, FADT_X_PM1A_EVENT, FADT_PM1A_EVENT);
	ret->pm1_event[1] = read_block(fadt, FADT_X_PM1B_EVENT, FADT_PM1B_EVENT);
	ret->pm1_control[0] = read_block(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL);
	ret->pm1_control[1] = read_block(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL);
	ret->gpe[0] = read_block(fadt, FADT_X_GPE0, FADT_GPE0);
	ret->gpe[1] = read_block(fadt, FADT_X_GPE1, FADT_GPE1);
	ret->pm1_event_size = acpi_get_u8(fadt, FADT_PM1_EVENT_LENGTH);
	ret->gpe_size[0] = acpi_get_u8(fadt, FADT_GPE0_LENGTH);
	ret->gpe_size[1] = acpi_get_u8(fadt, FADT_GPE1_LENGTH);
	ret->smi_command = smi_command <= 0xffff ? (uint16_t)smi_command : 0;
	ret->acpi_enable = acpi_get_u8(fadt, FADT_ACPI_ENABLE);
	ret->power_button = ret->pm1_event[0] && ret->pm1_event_size >= 4 && acpi_has(fadt, FADT_FLAGS, 4) &&
			    !(acpi_get_u32(fadt, FADT_FLAGS) & FLAG_NO_FIXED_BUTTON);
}

void acpi_fadt_read(const struct acpi_table *fadt, struct acpi_fadt *ret)
{
	const paddr_t dsdt = acpi_get_u64(fadt, FADT_X_DSDT);

	*ret = (struct acpi_fadt){
		.hardware_reduced = acpi_get_u32(fadt, FADT_FLAGS) & FLAG_HARDWARE_REDUCED,
		.sci = acpi_get_u16(fadt, FADT_SCI),
		.century = acpi_get_u8(fadt, FADT_CENTURY),
		.dsdt = dsdt ? dsdt : acpi_get_u32(fadt, FADT_DSDT),
		.sleep_control = read_sleep_register(fadt, FADT_SLEEP_CONTROL),
		.sleep_status = read_sleep_register(fadt, FADT_SLEEP_STATUS),
	};
	read_boot_flags(fadt, ret);
	read_reset(fadt, ret);
	read_pm_timer(fadt, ret);
	read_fixed(fadt, ret);
}

int acpi_fadt_pm_timer(const struct acpi_table *fadt, struct acpi_address *ret, unsigned *ret_bits)
{
	struct acpi_fadt fields;

	acpi_fadt_read(fadt, &fields);
	/* Without the fixed hardware its fields mean nothing (section 4.1). */
	if (fields.hardware_reduced || !fields.pm_timer.address)
		return -ENOENT;
	*ret = fields.pm_timer;
	*ret_bits = fields.pm_timer_bits;
	return 0;
}
