/* How threads wait for input.
 *
 * An interrupt that brings bytes wakes them straight away. When the log has wiped the prompt they must wake as well, to
 * draw it again; but the log is written in every context, NMIs included, with whatever lock held, so the CPU asks
 * itself to do that as soon as it takes interrupts: a call needs no lock. A serial port whose interrupt does not work
 * is looked at once a millisecond, in which its FIFO does not fill up. */
#include "kernel/drivers/console/waiting.h"

#include "kernel/core/console.h"
#include "kernel/smp/call.h"
#include "kernel/sync/waitq.h"
#include "kernel/time/clock.h"

#define POLL_EVERY NSEC_PER_MSEC

static struct waitq input = WAITQ("console input");
static void wake_called(void *unused);
static struct smp_call later = { .function = wake_called, .done = true };	/* with the consoles' lock */

static void wait(nsec_t deadline)
{
	nsec_t until = console_is_polled() ? MIN(deadline, clock_now() + POLL_EVERY) : deadline;

	(void)WAITQ_WAIT_UNTIL(&input, console_ready(), until);
}

static void wake(void)
{
	waitq_wake_all(&input);
}

static void wake_called(void *unused)
{
	wake();
}

/* One that is under way will do. */
static void wake_later(void)
{
	if (__atomic_load_n(&later.done, __ATOMIC_ACQUIRE))
		smp_call_start(cpu_id(), &later);
}

void console_waiting_init(void)
{
	static const struct console_waiting waiting = { .wait = wait, .wake = wake, .wake_later = wake_later };

	console_set_waiting(&waiting);
}
