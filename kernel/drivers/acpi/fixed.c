/* The registers' bits are those of ACPI 6.5, section 4.8.3, and so are the numbers of sections below.
 *
 * Registers in memory are mapped when the FADT is read, since nothing can be mapped in a panic. An interrupt of ACPI's,
 * the SCI, is shared by all its events. Those of general purpose are AML's business, so they are all disabled: one that
 * stayed enabled would interrupt for ever. */
#include "kernel/drivers/acpi/fixed.h"

#include <abi/linux/errno.h>
#include "kernel/arch/mmu.h"
#include "kernel/arch/port.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/irq/irq.h"
#include "kernel/time/clock.h"

#define EVENT_POWER_BUTTON	(1u << 8)	/* tables 4.14 and 4.15 */
#define EVENT_WAKE		(1u << 15)
#define CONTROL_ACPI_MODE	(1u << 0)	/* SCI_EN, table 4.16 */
#define CONTROL_TYPE_SHIFT	10
#define CONTROL_SLEEP		(1u << 13)
#define REDUCED_TYPE_SHIFT	2		/* table 4.20 */
#define REDUCED_SLEEP		(1u << 5)
#define REDUCED_WAKE		(1u << 7)	/* table 4.21 */
#define MODE_PATIENCE		(3 * NSEC_PER_SEC)	/* the firmware's answer; Linux waits as long */

/* One byte, in a port or in memory. */
struct byte_register {
	uint16_t port;
	volatile uint8_t *memory;
};

static struct acpi_fadt fadt;	/* zeros without ACPI: no register is there */
static struct byte_register reset, sleep_control, sleep_status;
static void (*button_pressed)(void);

static struct byte_register byte_register_open(const struct acpi_address *a)
{
	if (a->space == ACPI_SPACE_PORTS)
		return (struct byte_register){ .port = (uint16_t)a->address };
	if (a->space == ACPI_SPACE_MEMORY && a->address)
		return (struct byte_register){ .memory = mmu_map_device(a->address, 1, MMU_UNCACHED) };
	return (struct byte_register){ 0 };	/* in configuration space: none was ever seen */
}

static bool byte_register_write(const struct byte_register *r, uint8_t value)
{
	if (r->port)
		port_write8(r->port, value);
	else if (r->memory)
		*r->memory = value;
	return r->port || r->memory;
}

/* ---- Switching off ---- */

/* In the DSDT, else in the first SSDT that has it. */
static bool find_s5(struct acpi_sleep_type *ret)
{
	struct acpi_table table;
	int error = 0;

	if (firmware_table_at(fadt.dsdt, "DSDT", &table) == 0 && acpi_find_s5(&table, ret) == 0)
		return true;
	for (unsigned i = 0; error != -ENOENT; i++) {
		error = firmware_table("SSDT", i, &table);
		if (!error && acpi_find_s5(&table, ret) == 0)
			return true;
	}
	pr_warn("acpi: no sleep type for S5 in %s", fadt.dsdt ? "DSDT and SSDTs" : "the SSDTs, and there is no DSDT");
	return false;
}

/* Section 4.8.2.5: the firmware is asked by a port of its own, and hands the registers over. */
static bool enter_acpi_mode(void)
{
	nsec_t end = clock_now() + MODE_PATIENCE;

	if (port_read16(fadt.pm1_control[0]) & CONTROL_ACPI_MODE)
		return true;
	if (!fadt.smi_command || !fadt.acpi_enable)
		return false;
	port_write8(fadt.smi_command, fadt.acpi_enable);
	while (!(port_read16(fadt.pm1_control[0]) & CONTROL_ACPI_MODE))
		if (clock_now() >= end) {
			pr_warn("acpi: the firmware does not hand over its registers");
			return false;
		}
	return true;
}

/* The enable bits are the second half of the block. */
static void disable_general_events(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fadt.gpe); i++)
		for (unsigned at = fadt.gpe_size[i] / 2; fadt.gpe[i] && at < fadt.gpe_size[i]; at++)
			port_write8((uint16_t)(fadt.gpe[i] + at), 0);
}

static void pm1_control_write(struct acpi_sleep_type type, uint16_t more)
{
	const uint8_t types[] = { type.a, type.b };

	for (unsigned i = 0; i < ARRAY_SIZE(fadt.pm1_control); i++) {
		uint16_t kept;
		if (!fadt.pm1_control[i])
			continue;
		kept = port_read16(fadt.pm1_control[i]) & (uint16_t)~(7u << CONTROL_TYPE_SHIFT | CONTROL_SLEEP);
		port_write16(fadt.pm1_control[i], kept | (uint16_t)(types[i] << CONTROL_TYPE_SHIFT) | more);
	}
}

void acpi_sleep_off(void)
{
	struct acpi_sleep_type type;

	if (!fadt.pm1_control[0] || !find_s5(&type))
		return;
	enter_acpi_mode();	/* tried without, too: nothing is lost */
	disable_general_events();
	for (unsigned i = 0; i < ARRAY_SIZE(fadt.pm1_event); i++)
		if (fadt.pm1_event[i])
			port_write16(fadt.pm1_event[i], EVENT_WAKE);
	pm1_control_write(type, 0);		/* the type first, and then the word: section 16.1.6 */
	pm1_control_write(type, CONTROL_SLEEP);
}

void acpi_reduced_off(void)
{
	struct acpi_sleep_type type;

	if (!sleep_control.port && !sleep_control.memory)
		return;
	if (!find_s5(&type))
		return;
	byte_register_write(&sleep_status, REDUCED_WAKE);
	byte_register_write(&sleep_control, (uint8_t)(type.a << REDUCED_TYPE_SHIFT | REDUCED_SLEEP));
}

void acpi_reset(void)
{
	byte_register_write(&reset, fadt.reset_value);
}

/* ---- The power button ---- */

/* Status bits are cleared by writing them. */
static bool sci(void *context)
{
	bool pressed = false;

	for (unsigned i = 0; i < ARRAY_SIZE(fadt.pm1_event); i++) {
		if (!fadt.pm1_event[i])
			continue;
		const uint16_t enabled = port_read16((uint16_t)(fadt.pm1_event[i] + fadt.pm1_event_size / 2));
		const uint16_t status = port_read16(fadt.pm1_event[i]) & enabled;
		if (status)
			port_write16(fadt.pm1_event[i], status);
		pressed |= status & EVENT_POWER_BUTTON;
	}
	if (pressed)
		button_pressed();
	return pressed;
}

/* Without an override in the MADT the SCI is level-triggered and active low, unlike the ISA interrupt of its number
 * (section 5.2.15). */
static int sci_request(void)
{
	struct acpi_madt_override o, found = { .gsi = fadt.sci };
	struct acpi_table madt;

	if (firmware_table("APIC", 0, &madt) == 0)
		for (size_t at = 0; acpi_madt_next_override(&madt, &at, &o);)
			if (o.irq == fadt.sci)
				found = o;
	return irq_request_gsi(found.gsi, found.wiring.trigger != ACPI_TRIGGER_EDGE, found.wiring.polarity != ACPI_POLARITY_HIGH,
			       "acpi", sci, NULL);
}

static void power_button_init(void)
{
	const uint16_t enable = (uint16_t)(fadt.pm1_event[0] + fadt.pm1_event_size / 2);

	if (!fadt.power_button || !enter_acpi_mode())
		return;
	disable_general_events();
	port_write16(enable, 0);
	port_write16(fadt.pm1_event[0], EVENT_POWER_BUTTON);	/* pressed earlier */
	int error = sci_request();
	if (error < 0) {
		pr_warn("acpi: no interrupt %u for the power button: error %d", fadt.sci, -error);
		return;
	}
	port_write16(enable, EVENT_POWER_BUTTON);
	pr_debug("acpi: the power button is on interrupt %u", fadt.sci);
}

void acpi_fixed_init(void (*pressed)(void))
{
	struct acpi_table table;

	if (firmware_table("FACP", 0, &table))
		return;
	acpi_fadt_read(&table, &fadt);
	button_pressed = pressed;
	reset = byte_register_open(&fadt.reset);
	sleep_control = byte_register_open(&fadt.sleep_control);
	sleep_status = byte_register_open(&fadt.sleep_status);
	power_button_init();
}
