/* Text as a QR code on the screen, for a machine that has no other way out than a phone's camera.
 *
 * What the code says is "SAMARA:" and the text, packed by lib/lz4.h and written in base45 (RFC 9285), which
 * tools/decode turns back.
 *
 * Rules: one code at a time; no locks and no memory, a panic included. */
#ifndef KERNEL_DRIVERS_CONSOLE_QR_SCREEN_H
#define KERNEL_DRIVERS_CONSOLE_QR_SCREEN_H

#include "lib/surface.h"

/* Make the code of a text, or of as much of its beginning as one code holds (some 1,200 bytes); returns how much. */
size_t qr_screen_encode(const char *text, size_t size);

/* Draw it in the lower right corner, in a place of at most so many pixels a side and at most so large a module; returns
 * the pixels a side, 0 where a camera could not read it. */
uint32_t qr_screen_draw(const struct surface *s, uint32_t room, uint32_t module_most);

#endif
