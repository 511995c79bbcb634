/* ACPI without AML: what the FADT's registers and the package _S5_ can do. The seam for an interpreter is here: with
 * one, devices in AML (buttons, lids, batteries) and the methods to be run before sleep would join what is below.
 *
 * Rules: acpi_fixed_init once; the others in any context after it, a panic included. They return where nothing came
 * of it. */
#ifndef KERNEL_DRIVERS_ACPI_FIXED_H
#define KERNEL_DRIVERS_ACPI_FIXED_H

#include "lib/types.h"

/* Read the FADT; and call `pressed`, in interrupt context, where the machine has a fixed power button and somebody
 * presses it. After irq_init and clock_init. */
void acpi_fixed_init(void (*pressed)(void));

/* Write the reset register (ACPI specification 6.5, section 4.8.3.6). */
void acpi_reset(void);

/* Switch off: by the sleep type of S5 in the PM1 control registers (section 4.8.3.2.1), or by the sleep control
 * register of machines with reduced hardware (section 4.8.3.7). */
void acpi_sleep_off(void);
void acpi_reduced_off(void);

#endif
