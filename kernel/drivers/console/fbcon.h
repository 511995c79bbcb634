/* The framebuffer console. */
#ifndef KERNEL_DRIVERS_CONSOLE_FBCON_H
#define KERNEL_DRIVERS_CONSOLE_FBCON_H

#include "lib/types.h"

/* Clear the screen and add the console; a machine without a framebuffer or without memory for the cells goes on
 * without. After mmu_init. */
void fbcon_init(void);

/* Its size in characters; false where there is none. */
bool fbcon_size(uint32_t *ret_columns, uint32_t *ret_rows);

/* Show older lines (1) or newer ones (-1), by half a screen. The next output shows the newest. Any context but NMI. */
void fbcon_scroll(int direction);

/* Somebody else drew on the screen: draw all of it again. */
void fbcon_redraw(void);

/* Refresh after each write, as it starts, or at most every 33 ms. */
void fbcon_set_eager(bool eager);

#endif
