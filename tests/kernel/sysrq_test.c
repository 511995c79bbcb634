/* Emergency keys, as an interrupt would bring them: they answer in the log. */
#include "kernel/core/sysrq.h"

#include "kernel/arch/percpu.h"
#include "kernel/smp/call.h"
#include "kernel/time/clock.h"
#include "tests/kernel/framework.h"

KERNEL_TEST(sysrq_letters)
{
	uint64_t before = log_tail(0);

	sysrq_handle('h');
	KT_CHECK(kt_logged(before, "sysrq: b restarts") == 1 && kt_logged(before, "sysrq: c stops") == 1);
	before = log_tail(0);
	sysrq_handle('\x1b');
	KT_CHECK(kt_logged(before, "sysrq: ? means nothing") == 1 && kt_logged(before, "sysrq: h shows") == 1);
	before = log_tail(0);
	sysrq_handle('m');
	KT_CHECK(kt_logged(before, "memory: ") >= 3);
	before = log_tail(0);
	sysrq_handle('p');
	KT_CHECK(kt_logged(before, "sysrq: no interrupt") == 1);
	sysrq_handle('7');
	return KT_PASS;
}

static void press(void *letter)
{
	sysrq_handle(*(char *)letter);
}

KERNEL_TEST(sysrq_asks_all_cpus)
{
	const nsec_t end = clock_now() + 10 * NSEC_PER_SEC;
	uint64_t before;
	char letter = 'p';

	if (percpu_count < 3)
		return KT_SKIP;
	do {	/* a CPU that waits for a call's answer takes calls without an interrupt */
		before = log_tail(0);
		smp_call_one(1, press, &letter);
	} while (kt_logged(before, "sysrq: no interrupt") && clock_now() < end);
	KT_CHECK(kt_logged(before, "sysrq: RIP 0008:ffffffff") == 1 && kt_logged(before, "sysrq: CPU 1 is at ") == 1);
	before = log_tail(0);
	sysrq_handle('l');
	while ((!kt_logged(before, "smp: CPU 1 is at ") || !kt_logged(before, "smp: CPU 2 is at ")) && clock_now() < end)
		clock_delay(NSEC_PER_MSEC);
	KT_CHECK(kt_logged(before, "smp: CPU 1 is at ") == 1 && kt_logged(before, "smp: CPU 2 is at ") == 1);
	return KT_PASS;
}
