/* Wall time: the battery-backed clock is read once, and from then on counted by ours, which is better. It gives whole
 * seconds, and waiting for the next one would make the boot longer, so the date is up to a second behind. */
#include "kernel/time/clock.h"

#include <abi/linux/errno.h>
#include "kernel/arch/clock.h"
#include "kernel/core/log.h"
#include "kernel/time/clock_internal.h"

static nsec_t wall_at_zero;	/* UTC when clock_now() was 0 */

void clock_wall_init(void)
{
	struct date date;
	int error = rtc_read(&date);

	if (error)
		pr_warn("clock: %s: the date is unknown", error == -ENODEV ? "no battery-backed clock" :
			"the battery-backed clock shows no date");
	else
		wall_at_zero = date_to_seconds(&date) * NSEC_PER_SEC - clock_now();
}

nsec_t clock_wall(void)
{
	return wall_at_zero + clock_now();
}
