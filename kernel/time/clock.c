/* The clock: a line from ticks to nanoseconds (timeline.h), which is replaced when the rate is known better, or the
 * TSC is given up.
 *
 * Readers take no lock, so that an NMI that comes while the line is replaced can read the time. There are two copies;
 * the generation's last bit names the one in use, the writer fills the other one and then counts up. A reader whose
 * copy was replaced meanwhile sees another generation, and reads again.
 *
 * A better rate starts a little in the future, so that every CPU has the new line when it begins to differ from the
 * old one.
 *
 * Without a TSC, time comes from a counter that wraps within seconds or minutes. Its value is extended to 64 bits by
 * a value that somebody has seen less than a wrap ago, kept up by whoever reads the clock, and by a timer where
 * nobody does (clock_watch.c). */
#include "kernel/time/clock.h"

#include "kernel/arch/clock.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/sync/spinlock.h"
#include "kernel/time/calibrate.h"
#include "kernel/time/clock_internal.h"
#include "kernel/time/timeline.h"

#define UNKNOWN_HZ	10000000000ull
#define BEND_AHEAD	(100 * NSEC_PER_USEC)	/* a better rate counts from here on */
#define STEP_AHEAD	(10 * NSEC_PER_USEC)	/* more than two counters can be read apart */
#define CRYSTAL_PPM	500			/* no crystal is that wrong: more is a mistake */

struct clock_state {
	struct timeline tsc;			/* of the boot CPU */
	const struct clock_source *counter;	/* in place of the TSC; NULL while that is good */
	struct timeline counter_line;
};

PERCPU(int64_t, clock_ticks_offset);	/* written by its own CPU, before it reads the clock for others */
uint64_t clock_span_factor;		/* as of the boot: what is learnt later is parts in a million */

static struct clock_state states[2];
static uint32_t generation;		/* atomic; states[generation % 2] is in use */
static uint64_t counter_seen;		/* atomic: the counter's value, extended, less than a wrap ago */
static struct spinlock change_lock = SPINLOCK("clock");	/* held to replace the state, and for `rate` */
static struct rate_claim rate;

static void state_replace(const struct clock_state *new)
{
	uint32_t next = generation + 1;

	states[next % 2] = *new;
	__atomic_store_n(&generation, next, __ATOMIC_RELEASE);
}

static const struct clock_state *state_begin(uint32_t *ret_generation)
{
	*ret_generation = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
	return &states[*ret_generation % 2];
}

static bool state_changed(uint32_t since)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&generation, __ATOMIC_RELAXED) != since;
}

/* What was seen is read first: then the counter cannot be behind it. */
static uint64_t counter_read(const struct clock_source *s)
{
	uint64_t seen = __atomic_load_n(&counter_seen, __ATOMIC_ACQUIRE);
	uint64_t now = seen + ((s->read(s) - seen) & s->mask);

	if (now - seen > s->mask / 8)	/* now and then is enough, and keeps the cache line still */
		__atomic_compare_exchange_n(&counter_seen, &seen, now, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	return now;
}

uint64_t clock_ticks(void)
{
	preempt_disable();	/* both of one CPU */
	uint64_t ticks = cpu_ticks_ordered() + (uint64_t)this_cpu(clock_ticks_offset);
	preempt_enable();
	return ticks;
}

static nsec_t state_now(const struct clock_state *s)
{
	if (s->counter)
		return timeline_time(&s->counter_line, counter_read(s->counter));
	return timeline_time(&s->tsc, clock_ticks());
}

nsec_t clock_now(void)
{
	uint32_t seen;
	nsec_t now;

	do {
		now = state_now(state_begin(&seen));
	} while (state_changed(seen));
	return now;
}

nsec_t clock_at(uint64_t ticks)
{
	uint32_t seen;
	nsec_t time;

	do {
		time = timeline_time(&state_begin(&seen)->tsc, ticks);
	} while (state_changed(seen));
	return time;
}

uint64_t clock_ticks_at(nsec_t time)
{
	uint32_t seen;
	uint64_t ticks;

	do {
		const struct clock_state *s = state_begin(&seen);
		nsec_t left = time - state_now(s);
		ticks = cpu_ticks_ordered() + timeline_ticks_for(&s->tsc, left);
	} while (state_changed(seen));
	return ticks;
}

void clock_delay(nsec_t duration)
{
	nsec_t end = clock_now() + duration;

	while (clock_now() < end)
		cpu_relax();
}

void clock_init_early(void)
{
	struct clock_state s = { .tsc = timeline_make(boot_info()->stage_tsc[HANDOFF_STAGE_ENTRY], 0, UNKNOWN_HZ) };

	state_replace(&s);
}

void clock_init(void)
{
	rate = calibrate_boot(boot_info()->stall_tsc_hz);
	struct clock_state s = { .tsc = timeline_make(boot_info()->stage_tsc[HANDOFF_STAGE_ENTRY], 0, rate.hz) };

	state_replace(&s);
	clock_span_factor = s.tsc.after;
	log_set_clock(clock_ticks, clock_at);
	pr_info("clock: TSC at %llu.%03llu MHz, by %s", (unsigned long long)rate.hz / 1000000,
		(unsigned long long)rate.hz / 1000 % 1000, rate.by);
	clock_wall_init();
}

struct rate_claim clock_rate(void)
{
	uint64_t flags = spin_lock_irqsave(&change_lock);
	struct rate_claim result = rate;

	spin_unlock_irqrestore(&change_lock, flags);
	return result;
}

/* From a little in the future on, the TSC counts at this rate. */
static void bend_to(const struct rate_claim *better)
{
	struct clock_state s = states[generation % 2];
	uint64_t corner = clock_ticks() + timeline_ticks_for(&s.tsc, BEND_AHEAD);

	s.tsc = timeline_bend(&s.tsc, corner, better->hz);
	state_replace(&s);
}

/* Go on with a new measurement, if it is better. A statement of the CPU or the hypervisor stays as long as it is off
 * by what crystals are, and is known to differ by so much then. False where the TSC has changed its rate. */
static bool rate_improve(const struct rate_claim *better)
{
	uint64_t off = better->hz > rate.hz ? better->hz - rate.hz : rate.hz - better->hz;

	if (!rate_agrees(better->hz, rate.hz))
		return false;
	if (!rate.measured && off <= rate.hz / 1000000 * CRYSTAL_PPM) {
		rate.ppm = (uint32_t)(off * 1000000 / rate.hz) + better->ppm;
	} else if (!rate.measured || better->ppm < rate.ppm) {
		rate = *better;
		bend_to(better);
	}
	return true;
}

void clock_fall_back(const char *why)
{
	const struct clock_source *counter = calibrate_fallback();
	uint64_t flags = spin_lock_irqsave(&change_lock);
	struct clock_state s = states[generation % 2];

	if (counter && !s.counter) {
		uint64_t value = counter->read(counter) & counter->mask;
		__atomic_store_n(&counter_seen, value, __ATOMIC_RELAXED);
		s.counter = counter;
		s.counter_line = timeline_make(value, clock_now() + STEP_AHEAD, counter->hz);
		state_replace(&s);
		pr_warn("clock: %s: time is told by the %s", why, counter->name);
	} else if (!counter) {
		pr_warn("clock: %s, and there is no other counter: time may jump", why);
	}
	spin_unlock_irqrestore(&change_lock, flags);
}

const struct clock_source *clock_counter(void)
{
	uint32_t seen;

	return state_begin(&seen)->counter;
}

nsec_t clock_patience(const struct clock_source *counter)
{
	uint64_t counts = counter->mask / 4;

	return (nsec_t)(counts / counter->hz * NSEC_PER_SEC + counts % counter->hz * NSEC_PER_SEC / counter->hz);
}

void clock_check_from_now(void)
{
	uint64_t flags = spin_lock_irqsave(&change_lock);

	calibrate_restart();
	spin_unlock_irqrestore(&change_lock, flags);
}

bool clock_check(void)
{
	uint64_t flags = spin_lock_irqsave(&change_lock);
	struct rate_claim better = calibrate_again(&rate);
	bool constant = !better.hz || rate_improve(&better);

	spin_unlock_irqrestore(&change_lock, flags);
	if (!constant)
		clock_fall_back("the TSC has changed its rate");
	return better.hz && constant;
}
