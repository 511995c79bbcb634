/* The report's section on displays. */
#include "kernel/core/boot_info.h"
#include "kernel/core/report.h"
#include "kernel/drivers/console/fbcon.h"

static void displays_report(struct report_sink *s)
{
	const struct handoff_framebuffer *fb = &boot_info()->framebuffer;
	uint32_t columns, rows;

	report_number(s, "outputs", fb->display_count);
	report_list(s, "framebuffers");
	if (fb->base) {
		report_row(s);
		report_hex(s, "address", fb->base, 8);
		report_number(s, "width", fb->width);
		report_number(s, "height", fb->height);
		report_number(s, "pitch", fb->pitch);
		report_number(s, "bits", fb->bytes_per_pixel * 8);
		report_hex(s, "red", fb->red_mask, 8);
		report_hex(s, "green", fb->green_mask, 8);
		report_hex(s, "blue", fb->blue_mask, 8);
		report_end(s);
	}
	report_end(s);
	if (fbcon_size(&columns, &rows)) {
		report_number(s, "columns", columns);
		report_number(s, "rows", rows);
	}
}
REPORT_SECTION(50, displays, "Displays", displays_report);
