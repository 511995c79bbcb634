/* One display, as the loader found it, mapped by the loader at HANDOFF_FRAMEBUFFER_MAP.
 *
 * The text's size follows the number of pixels: 8x16 up to about 2.6 million (1920x1200), twice that up to 4K, and so
 * on by whole factors. Even factors use the font's large size, which is the same design with finer lines. */
#include "kernel/drivers/console/display.h"

#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/time/stage.h"
#include "lib/cmdline.h"
#include "lib/stage_strip.h"

#define COLUMNS_WANTED 80
#define FACTOR_MAX 8		/* surface_glyph draws characters of up to 64 pixels */

static struct surface surface;
static bool present;

static void strip(unsigned first, unsigned last)
{
	stage_strip_draw(&surface, first, last);
}

/* Quarter turns clockwise, as a number of them (Linux's fbcon=rotate:) or in degrees. */
static unsigned rotation(void)
{
	uint64_t value = 0;

	cmdline_number(boot_cmdline(), "rotate", &value);
	if (value > 3 && value % 90 == 0)
		value /= 90;
	if (value > 3) {
		pr_warn("display: rotate= takes 0 to 3 quarter turns, or 0, 90, 180, 270 degrees");
		value = 0;
	}
	return (unsigned)value;
}

void display_init_early(void)
{
	const struct handoff_framebuffer *fb = &boot_info()->framebuffer;
	struct pixel_format format;
	void *base = (void *)(HANDOFF_FRAMEBUFFER_MAP + fb->base % PAGE_SIZE);

	if (!fb->base)
		return;
	if (pixel_format_from_masks(&format, fb->red_mask, fb->green_mask, fb->blue_mask, fb->bytes_per_pixel) ||
	    surface_init(&surface, base, fb->size, fb->width, fb->height, fb->pitch, &format, rotation())) {
		pr_err("display: the loader's framebuffer of %ux%u makes no sense", fb->width, fb->height);
		return;
	}
	present = true;
	stage_set_strip(strip);
}

const struct surface *display_surface(void)
{
	return present ? &surface : NULL;
}

const struct font *display_font(unsigned *ret_scale)
{
	uint32_t width = surface.width, height = surface.height, pixels = width * height;
	unsigned factor = 1;

	while (factor < FACTOR_MAX && pixels / (factor * factor) > 2600000)	/* 1920x1200 is 2.3 million */
		factor++;
	while (factor > 1 && width / (8 * factor) < COLUMNS_WANTED)
		factor--;
	*ret_scale = factor % 2 ? factor : factor / 2;
	return factor % 2 ? &font_small : &font_large;
}
