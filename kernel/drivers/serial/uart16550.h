/* The serial console: a 16550-compatible port. */
#ifndef KERNEL_DRIVERS_SERIAL_UART16550_H
#define KERNEL_DRIVERS_SERIAL_UART16550_H

/* Find the port by console=ttySn[,baud], else the SPCR table, else COM1; probe it, and add it as a console. A machine
 * without one goes on without. After clock_init. */
void serial_init(void);

#endif
