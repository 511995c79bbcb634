/* The stage strip: a row of small squares in the top right corner of the screen, one for each stage of the boot that
 * was reached, drawn before there is a console. A boot that hangs shows by their number how far it came (docs/boot.md
 * lists them). */
#ifndef LIB_STAGE_STRIP_H
#define LIB_STAGE_STRIP_H

#include "lib/surface.h"

/* Draw the squares `first` to `last`, counted from 0. */
void stage_strip_draw(const struct surface *screen, unsigned first, unsigned last);

#endif
