/* Squares in the project's green; every fifth one is lighter, so that they can be counted at a glance. */
#include "lib/stage_strip.h"

#define SIDE 8u
#define STEP 12u
#define SQUARES 16u	/* room for this many; the first is the leftmost */

void stage_strip_draw(const struct surface *screen, unsigned first, unsigned last)
{
	unsigned scale = screen->width >= 2560 ? 2 : 1;

	if (screen->width < SQUARES * STEP * scale)
		return;
	for (unsigned i = first; i <= last && i < SQUARES; i++)
		surface_fill(screen, screen->width - (SQUARES - i) * STEP * scale, STEP / 2 * scale, SIDE * scale, SIDE * scale,
			     i % 5 == 4 ? 0xd8f0c0 : 0x6fae4e);
}
