/* Wall time: the battery-backed clock is read once, and from then on counted by ours, which is better. It gives whole
 * seconds, and waiting for the next one would make the boot longer, so the date is up to a second behind. Machines
 * without such a clock, or with one that shows no date, have the one that the firmware gave the loader. */
#include "kernel/time/clock.h"

#include <abi/linux/errno.h>
#include "kernel/arch/clock.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/time/clock_internal.h"

static nsec_t wall_at_zero;	/* UTC when clock_now() was 0 */

void clock_wall_init(void)
{
	const struct handoff *h = boot_info();
	struct date date;
	int error = rtc_read(&date);

	if (!error)
		wall_at_zero = date_to_seconds(&date) * NSEC_PER_SEC - clock_now();
	else if (h->firmware_time)
		wall_at_zero = h->firmware_time * NSEC_PER_SEC - clock_at(h->firmware_time_tsc);
	if (error)
		pr_warn("clock: %s: the date is %s", error == -ENODEV ? "no battery-backed clock" :
			"the battery-backed clock shows no date", h->firmware_time ? "the firmware's" : "unknown");
}

nsec_t clock_wall(void)
{
	return wall_at_zero + clock_now();
}
