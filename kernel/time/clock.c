/* Ticks to nanoseconds with one multiplication: mult is nanoseconds a tick in 32.32 fixed point. At 1 GHz and more its error is under 1e-9. */
#include "kernel/time/clock.h"

#include "kernel/arch/clock.h"
#include "kernel/arch/cpu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"

#define UNKNOWN_HZ 10000000000ull

static uint64_t mult = (1000000000ull << 32) / UNKNOWN_HZ;
static uint64_t rate_hz;
static const char *rate_how = "";

nsec_t clock_at(uint64_t ticks)
{
	uint64_t since = ticks - boot_info()->stage_tsc[HANDOFF_STAGE_ENTRY];

	return (nsec_t)((unsigned __int128)since * mult >> 32);
}

nsec_t clock_now(void)
{
	return clock_at(cpu_ticks());
}

void clock_delay(nsec_t duration)
{
	nsec_t end = clock_now() + duration;

	while (clock_now() < end)
		cpu_relax();
}

void clock_init(void)
{
	rate_hz = cpu_ticks_calibrate(boot_info(), &rate_how);
	mult = (1000000000ull << 32) / rate_hz;
	log_set_clock(clock_at);
	pr_info("clock: TSC at %llu.%03llu MHz, by %s", (unsigned long long)rate_hz / 1000000,
		(unsigned long long)rate_hz / 1000 % 1000, rate_how);
}

static int clock_command(int argc, char **argv)
{
	nsec_t now = clock_now();

	monitor_printf("source TSC, %llu Hz, by %s\nup %lld.%06lld s since the EFI entry point\n", (unsigned long long)rate_hz, rate_how,
		       (long long)now / NSEC_PER_SEC, (long long)now / 1000 % 1000000);
	return 0;
}
MONITOR_COMMAND(clock, "", "the clock, and how its rate is known", clock_command);
