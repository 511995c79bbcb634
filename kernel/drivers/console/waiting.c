/* How threads wait for input.
 *
 * An interrupt that brings bytes wakes them straight away. When the log has wiped the prompt they must wake as well, to
 * draw it again; but the log is written in every context, with whatever lock held, so that goes through a timer. A
 * serial port whose interrupt does not work is looked at once a millisecond, in which its FIFO does not fill up. */
#include "kernel/drivers/console/waiting.h"

#include "kernel/core/console.h"
#include "kernel/sync/waitq.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

#define POLL_EVERY NSEC_PER_MSEC

static struct waitq input = WAITQ("console input");
static struct timer later;

static void wait(nsec_t deadline)
{
	nsec_t until = console_is_polled() ? MIN(deadline, clock_now() + POLL_EVERY) : deadline;

	(void)WAITQ_WAIT_UNTIL(&input, console_ready(), until);
}

static void wake(void)
{
	waitq_wake_all(&input);
}

static void later_now(struct timer *t)
{
	wake();
}

static void wake_later(void)
{
	timer_arm(&later, clock_now());
}

void console_waiting_init(void)
{
	static const struct console_waiting waiting = { .wait = wait, .wake = wake, .wake_later = wake_later };

	timer_init(&later, later_now);
	console_set_waiting(&waiting);
}
