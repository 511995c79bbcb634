/* Off, and on again. */
#ifndef KERNEL_DRIVERS_POWER_H
#define KERNEL_DRIVERS_POWER_H

/* Read exit= and panic= and say what a panic does at its end. Early. */
void power_init(void);

/* With exit=qemu the emulator ends with status 33; else the firmware switches the machine off; else it says that this
 * is to be done by hand, and stops. */
_Noreturn void power_off(void);

_Noreturn void power_reboot(void);

/* The emulator's exit for failed tests (status 35); returns where exit=qemu was not given. */
void power_exit_failed(void);

#endif
