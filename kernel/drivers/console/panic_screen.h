/* The panic page. */
#ifndef KERNEL_DRIVERS_CONSOLE_PANIC_SCREEN_H
#define KERNEL_DRIVERS_CONSOLE_PANIC_SCREEN_H

/* From here on a panic is shown on the screen. After display_init_early; needs no memory and no console. */
void panic_screen_init(void);

#endif
