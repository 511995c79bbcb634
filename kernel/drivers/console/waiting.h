/* Waiting for a person. */
#ifndef KERNEL_DRIVERS_CONSOLE_WAITING_H
#define KERNEL_DRIVERS_CONSOLE_WAITING_H

/* From now on who waits for input blocks (console_idle), so that other threads have the CPU. When there are threads and
 * timers. */
void console_waiting_init(void);

#endif
