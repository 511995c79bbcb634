/* Off, and on again. */
#ifndef KERNEL_DRIVERS_POWER_H
#define KERNEL_DRIVERS_POWER_H

/* Read exit= and panic= and say what a panic does at its end. Early. */
void power_init(void);

/* From here on the machine's power button switches it off. After irq_init and clock_init. */
void power_button_init(void);

/* Each of these tries the ways that the machine may have one after another, first those that poweroff= and reboot=
 * name, and gives each a moment to take effect. With exit=qemu the emulator ends with status 33 instead of being
 * switched off. What cannot be switched off says so, and stops. */
_Noreturn void power_off(void);

_Noreturn void power_reboot(void);

/* The emulator's exit for failed tests (status 35); returns where exit=qemu was not given. */
void power_exit_failed(void);

#endif
