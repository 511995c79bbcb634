/* Calls of all kinds from all CPUs to all CPUs, while CPUs send each other NMIs: each call runs exactly once.
 *
 * A storm is a number of calls made by one CPU. Alone, the boot CPU makes its with interrupts on, and idle CPUs take
 * them as interrupts. Together, every CPU makes calls from within a call, with interrupts off: they reach each other
 * only by answering while they wait. What ran is counted where it ran, what was asked for where it was asked, and the
 * sums must agree; a call that has a struct of its own is counted there too.
 *
 * test.calls=N on the command line says how many calls. */
#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/trap.h"
#include "kernel/core/boot_info.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "kernel/time/clock.h"
#include "lib/cmdline.h"
#include "tests/kernel/framework.h"

#define CALLS_USUAL	200000u	/* divided by the CPUs: with more than the host has, a call takes longer */
/* Calls in a storm. Together all CPUs spin while they wait: on a host with fewer CPUs each call takes milliseconds. */
#define STORM_ALONE	10000u
#define STORM_TOGETHER	25u
#define BATCH		8u
#define NMI_EVERY	4u
#define MEET_PATIENCE	(10 * NSEC_PER_SEC)

struct tracked {
	struct smp_call call;
	uint32_t runs;		/* written by the CPU that is called */
};

struct caller {
	struct tracked batch[BATCH];
	uint64_t asked, ran, nmis_sent, nmis;
	uint32_t random;
};

static PERCPU(struct caller, caller);
static unsigned met;		/* atomic: CPUs that are ready for a storm together */
static bool wrong;		/* atomic */

static uint32_t random_under(uint32_t under)
{
	uint32_t *state = &this_cpu(caller).random;

	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % under;
}

static bool count_nmi(const struct trap_frame *frame)
{
	this_cpu(caller).nmis++;
	return true;
}

static void count(void *runs)
{
	this_cpu(caller).ran++;
	if (runs)
		++*(uint32_t *)runs;
}

static void expect_once(const struct tracked *t)
{
	if (t->runs != 1)
		__atomic_store_n(&wrong, true, __ATOMIC_RELAXED);
}

/* Several without waiting, also to one CPU and to this one; then they are waited for. */
static void call_batch(struct caller *self)
{
	cpu_id_t to[BATCH];

	for (unsigned i = 0; i < BATCH; i++) {
		struct tracked *t = &self->batch[i];
		to[i] = random_under(percpu_count);
		*t = (struct tracked){ .call = { .function = count, .argument = &t->runs } };
		smp_call_start(to[i], &t->call);
	}
	for (unsigned i = 0; i < BATCH; i++) {
		smp_call_wait(&self->batch[i].call, to[i]);
		expect_once(&self->batch[i]);
	}
	self->asked += BATCH;
}

static void call_one(struct caller *self)
{
	struct tracked t = { .runs = 0 };

	smp_call_one(random_under(percpu_count), count, &t.runs);
	expect_once(&t);
	self->asked++;
}

static void storm(unsigned calls)
{
	struct caller *self = &this_cpu(caller);
	uint64_t end = self->asked + calls;

	while (self->asked < end) {
		switch (random_under(8)) {
		case 0:
			smp_call_all(count, NULL);
			self->asked += percpu_count;
			break;
		case 1:
			smp_call_others(count, NULL);
			self->asked += percpu_count - 1;
			break;
		case 2:
			call_batch(self);
			break;
		default:
			call_one(self);
		}
		if (random_under(NMI_EVERY) == 0) {
			smp_arch_send_nmi(random_under(percpu_count));
			self->nmis_sent++;
		}
	}
}

/* Nobody makes calls before all are here: a call behind this one on a CPU's stack would have to wait for its end. */
static void storm_together(void *argument)
{
	nsec_t end = clock_now() + MEET_PATIENCE;

	__atomic_fetch_add(&met, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&met, __ATOMIC_RELAXED) < percpu_count) {
		if (clock_now() > end) {
			__atomic_store_n(&wrong, true, __ATOMIC_RELAXED);
			return;
		}
		cpu_relax();
	}
	storm(STORM_TOGETHER);
}

static void all_storm_together(void)
{
	static PERCPU(struct smp_call, start);

	__atomic_store_n(&met, 0, __ATOMIC_RELAXED);
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		cpu_of(id, start) = (struct smp_call){ .function = storm_together };
		if (id != cpu_id())
			smp_call_start(id, &cpu_of(id, start));
	}
	uint64_t flags = cpu_irq_save();
	storm_together(NULL);
	cpu_irq_restore(flags);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		if (id != cpu_id())
			smp_call_wait(&cpu_of(id, start), id);
}

static struct caller sums(void)
{
	struct caller sum = { 0 };

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		const struct caller *c = &cpu_of(id, caller);
		sum.asked += c->asked;
		sum.ran += c->ran;
		sum.nmis_sent += c->nmis_sent;
		sum.nmis += c->nmis;
	}
	return sum;
}

KERNEL_TEST(calls_run_exactly_once_among_nmis)
{
	uint64_t wanted = CALLS_USUAL / percpu_count;
	struct caller sum = { 0 };

	if (percpu_count < 2 || cpus_online() != percpu_count)
		return KT_SKIP;
	cmdline_number(boot_cmdline(), "test.calls", &wanted);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		cpu_of(id, caller) = (struct caller){ .random = id + 1 };
	wrong = false;
	trap_set_nmi_handler(count_nmi);
	while (sum.asked < wanted && !wrong && sum.asked == sum.ran) {
		storm(STORM_ALONE);
		all_storm_together();
		sum = sums();
	}
	smp_stop_init();	/* NMIs are the panic's again */
	pr_info("test: %llu calls asked for, %llu run, %llu NMIs sent, %llu taken", (unsigned long long)sum.asked,
		(unsigned long long)sum.ran, (unsigned long long)sum.nmis_sent, (unsigned long long)sum.nmis);
	KT_CHECK(!wrong && sum.asked == sum.ran);
	/* NMIs that come while one is pending are one. */
	KT_CHECK(sum.nmis && sum.nmis <= sum.nmis_sent);
	return KT_PASS;
}
