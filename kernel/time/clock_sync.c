/* The CPU asks for the boot CPU's ticks, several times. Each answer was given between the question and its arrival,
 * so it bounds how far the other counter is ahead, from both sides; the narrowest bounds count, whatever delayed the
 * other answers.
 *
 * Bounds that hold zero: nobody can tell the counters apart. Bounds beside zero: the counter is corrected by their
 * middle, which is wrong by less than a message between the two takes, so nobody can see that either. Bounds that
 * exclude each other: the counters do not run alike, and cannot be corrected. */
#include "kernel/time/clock_sync.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/core/log.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_internal.h"

/* To see that there is nothing to see, a few rounds, and more where they are quick; to measure a difference, many. */
#define ROUNDS_LEAST	3
#define ROUNDS_TIME	(20 * NSEC_PER_USEC)
#define DIFFERENCE_TIME	(20 * NSEC_PER_MSEC)
#define PATIENCE	(10 * NSEC_PER_SEC)	/* with a CPU that does not answer: a busy host lets it wait long */
#define THE_END		0xffffffffu		/* in place of a round */

/* One exchange at a time. What is asked and answered is a number that no other CPU's exchange uses, so that one that
 * was given up cannot be taken for another. */
static struct {
	uint64_t asked, answered;	/* atomic */
	uint64_t boot_ticks;		/* written before `answered` */
	struct clock_lead lead;		/* written before the CPU asks for the end */
} exchange;

static uint64_t question(cpu_id_t id, unsigned round)
{
	return (uint64_t)id << 32 | round;
}

static bool lead_is_none(const struct clock_lead *l)
{
	return l->least <= 0 && l->most >= 0;
}

static int64_t lead_middle(const struct clock_lead *l)
{
	return l->least + (l->most - l->least) / 2;
}

static nsec_t enough(const struct clock_lead *l)
{
	return lead_is_none(l) ? ROUNDS_TIME : DIFFERENCE_TIME;
}

static void ask(uint64_t number)
{
	__atomic_store_n(&exchange.asked, number, __ATOMIC_RELEASE);
}

void clock_sync_self(void *unused)
{
	struct clock_lead lead = { INT64_MIN, INT64_MAX };
	nsec_t start = clock_now();
	cpu_id_t self = cpu_id();

	for (unsigned round = 1; round <= ROUNDS_LEAST || clock_now() - start < enough(&lead); round++) {
		uint64_t number = question(self, round), before = clock_ticks();
		ask(number);
		while (__atomic_load_n(&exchange.answered, __ATOMIC_ACQUIRE) != number) {
			if (clock_now() - start > PATIENCE)
				return;
			cpu_relax();
		}
		clock_lead_narrow(&lead, before, exchange.boot_ticks, clock_ticks());
	}
	if (lead.least <= lead.most && !lead_is_none(&lead))
		this_cpu(clock_ticks_offset) += lead_middle(&lead);
	exchange.lead = lead;
	ask(question(self, THE_END));
}

static void judge(cpu_id_t id, const struct clock_lead *lead)
{
	if (lead->least > lead->most) {
		pr_warn("clock: the TSC of CPU %u is %lld ticks behind the boot CPU's, and then %lld", id,
			(long long)lead->least, (long long)lead->most);
		clock_fall_back("the TSCs of the CPUs do not run alike");
	} else if (!lead_is_none(lead)) {
		pr_notice("clock: the TSC of CPU %u is %lld ticks behind the boot CPU's, which is allowed for", id,
			  (long long)lead_middle(lead));
	}
}

struct clock_lead clock_sync_with(cpu_id_t id)
{
	struct clock_lead found = { INT64_MIN, INT64_MAX };
	nsec_t start = clock_now();
	uint64_t asked, last = 0;

	while (clock_now() - start < PATIENCE && last != question(id, THE_END)) {
		asked = __atomic_load_n(&exchange.asked, __ATOMIC_ACQUIRE);
		if (asked >> 32 != id || asked == last) {
			cpu_relax();
			continue;
		}
		exchange.boot_ticks = clock_ticks();
		__atomic_store_n(&exchange.answered, asked, __ATOMIC_RELEASE);
		last = asked;
	}
	if (last == question(id, THE_END)) {
		found = exchange.lead;
		judge(id, &found);
	} else {
		pr_warn("clock: CPU %u does not compare its TSC", id);
	}
	ask(0);		/* so that the next exchange does not begin with the end of this one */
	return found;
}
