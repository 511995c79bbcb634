/* Where the pointer is: so far for the monitor's `mouse` alone, by which one sees that a mouse works. It stays on the
 * screen, or on one of 1024x768 where there is none. */
#include "kernel/drivers/input/mouse.h"

#include <abi/linux/input-event-codes.h>
#include "kernel/core/monitor.h"
#include "kernel/drivers/console/display.h"

static struct {
	int32_t x, y;
	int32_t turns[2];	/* of the wheel: away from the user, to the right */
	uint8_t buttons;	/* bits from BTN_LEFT */
	uint64_t events;
} pointer;

void mouse_button(unsigned code, bool down)
{
	uint8_t bit = (uint8_t)(1u << (code - BTN_LEFT));

	pointer.buttons = (uint8_t)(down ? pointer.buttons | bit : pointer.buttons & ~bit);
	pointer.events++;
}

/* A device may report any number. */
static int32_t moved(int32_t from, int32_t by, uint32_t size)
{
	int64_t to = (int64_t)from + by;

	return (int32_t)MAX(0ll, MIN(to, (int64_t)size - 1));
}

void mouse_move(unsigned axis, int32_t value)
{
	const struct surface *s = display_surface();

	pointer.events++;
	switch (axis) {
	case REL_X: pointer.x = moved(pointer.x, value, s ? s->width : 1024); break;
	case REL_Y: pointer.y = moved(pointer.y, value, s ? s->height : 768); break;
	case REL_WHEEL: pointer.turns[0] += value; break;
	case REL_HWHEEL: pointer.turns[1] += value; break;
	}
}

static int mouse_command(int argc, char **argv)
{
	static const char *const names[] = { "left", "right", "middle", "side", "extra" };

	monitor_printf("pointer at %d,%d, wheel at %d,%d, %llu events, buttons:", pointer.x, pointer.y, pointer.turns[0], pointer.turns[1],
		       (unsigned long long)pointer.events);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		monitor_printf("%s%s", pointer.buttons >> i & 1 ? " " : "", pointer.buttons >> i & 1 ? names[i] : "");
	monitor_printf("%s\n", pointer.buttons ? "" : " none");
	return 0;
}
MONITOR_COMMAND(mouse, "", "where the pointer is, and which buttons are down", mouse_command,
	.text = "All mice move one pointer, which stays on the screen. The wheel counts its turns away from you and to the right.");
