/* The framebuffer as a surface to draw on. */
#ifndef KERNEL_DRIVERS_CONSOLE_DISPLAY_H
#define KERNEL_DRIVERS_CONSOLE_DISPLAY_H

#include "lib/surface.h"

/* Set the surface up from the handoff and rotate=; needs no memory and is called as soon as there is a handoff. The
 * stage strip and the panic page work from here on. */
void display_init_early(void);

/* NULL where the machine has no framebuffer. */
const struct surface *display_surface(void);

/* Font and scale for a console on it: readable on any size, and at least 80 columns where the screen is wide enough. */
const struct font *display_font(unsigned *ret_scale);

#endif
