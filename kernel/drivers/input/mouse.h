/* The pointer that all mice move.
 *
 * Rules: mouse_button and mouse_move are called with the input layer's lock held. */
#ifndef KERNEL_DRIVERS_INPUT_MOUSE_H
#define KERNEL_DRIVERS_INPUT_MOUSE_H

#include "lib/types.h"

void mouse_button(unsigned code, bool down);
void mouse_move(unsigned axis, int32_t value);

#endif
