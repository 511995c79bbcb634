/* The PC's own keyboard and mouse ports. */
#ifndef KERNEL_DRIVERS_INPUT_I8042_H
#define KERNEL_DRIVERS_INPUT_I8042_H

/* Look for the controller and start to bring it up, which goes on by itself: keyboard and mouse turn up in the input
 * layer. After input_init, and after whatever the firmware lets USB keyboards pretend has been ended. */
void i8042_init(void);

#endif
