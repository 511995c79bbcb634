/* The report's section on clocks. */
#include "kernel/arch/clock.h"
#include "kernel/arch/timer.h"
#include "kernel/core/report.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_internal.h"

static void clocks_report(struct report_sink *s)
{
	const struct clock_source *counter = clock_counter();
	const struct rate_claim rate = clock_rate();
	const struct date d = date_from_seconds(clock_wall() / NSEC_PER_SEC);

	report_text(s, "source", "%s", counter ? counter->name : "TSC");
	report_number(s, "tsc_hz", rate.hz);
	report_number(s, "tsc_ppm", rate.ppm);
	report_text(s, "tsc_by", "%s", rate.by);
	report_flag(s, "tsc_invariant", cpu_ticks_are_constant());
	report_text(s, "timer", "%s", timer_hw_name());
	report_number(s, "up_ms", (uint64_t)(clock_now() / NSEC_PER_MSEC));
	report_text(s, "date", "%04d-%02u-%02uT%02u:%02u:%02uZ", d.year, d.month, d.day, d.hour, d.minute, d.second);
	report_list(s, "counters");
	for (struct clock_source *const *c = clock_sources; *c; c++) {
		if (!(*c)->hz)
			continue;	/* absent, or not needed */
		report_row(s);
		report_text(s, "name", "%s", (*c)->name);
		report_number(s, "hz", (*c)->hz);
		report_hex(s, "mask", (*c)->mask, 8);
		report_end(s);
	}
	report_end(s);
}
REPORT_SECTION(60, clocks, "Clocks", clocks_report);
