/* `fail`: allocations of another thread fail, which is how tests outside see a driver without memory: each try of the
 * driver that takes as many steps fails at the same one. */
#include <abi/linux/errno.h>
#include "kernel/core/monitor.h"
#include "kernel/mm/failure.h"
#include "kernel/mm/kmalloc.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

static struct kt_in_use before;
static uint32_t mark;

static void choose(struct thread *t, void *name)
{
	if (strcmp(t->name, name) == 0)
		failure_thread = t;
}

static int stop(void)
{
	failure_countdown = failure_period = 0;
	if (kt_is_back_at(before)) {
		monitor_printf("fail: nothing is left behind\n");
		return 0;
	}
	struct kt_in_use now = kt_in_use();
	kmalloc_leaks(mark);
	monitor_printf("fail: %lld objects and %lld frames are left behind\n", (long long)(now.objects - before.objects),
		       (long long)(now.frames - before.frames));
	return -EIO;
}

static int fail_command(int argc, char **argv)
{
	uint64_t nth;

	if (!FAILURE_INJECTION)
		return -ENOSYS;
	if (argc == 1)
		return stop();
	if (argc != 3 || cmdline_parse_number(argv[2], strlen(argv[2]), &nth) || !nth)
		return -EINVAL;
	failure_countdown = 0;
	failure_thread = NULL;
	thread_for_each(choose, argv[1]);
	if (!failure_thread)
		return -ENOENT;
	before = kt_in_use();
	mark = kmalloc_mark();
	failure_countdown = failure_period = nth;
	return 0;
}
MONITOR_COMMAND(fail, "[THREAD N]", "each Nth allocation of a thread fails; or no more", fail_command);
