/* `threads` and `sched` at the monitor, and the emergency keys that show threads where there is no monitor any more. */
#include <abi/linux/errno.h>
#include "kernel/core/backtrace.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/symbols.h"
#include "kernel/core/sysrq.h"
#include "kernel/sched/internal.h"
#include "kernel/sched/sample.h"
#include "kernel/sched/watch.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define MSEC(t) (long long)((t) / NSEC_PER_SEC), (int)((t) % NSEC_PER_SEC / NSEC_PER_MSEC)

static bool ran_more(const struct thread_sample *a, const struct thread_sample *b)
{
	return a->ran != b->ran ? a->ran > b->ran : a->id < b->id;
}

static void print_row(const struct thread_sample *r)
{
	char cpu[16];

	ksnprintf(cpu, sizeof(cpu), "%u%s", r->cpu, r->only_cpu == CPU_ANY ? "" : "!");
	monitor_printf("%5u %-15s %-7s %4s %-5s %4d %5lld.%03d %3lld.%03d %7llu %4lld.%03d\n", r->id, r->name, r->state, cpu,
		       r->policy, r->priority, MSEC(r->ran), MSEC(r->waited), (unsigned long long)r->switches, MSEC(r->since));
}

static int print_all(void)
{
	struct thread_samples samples;
	int error = threads_sample(&samples);

	if (error)
		return error;
	threads_sort(&samples, ran_more);
	monitor_printf("   id name            state    CPU class nice     ran s waited switches since s\n");
	for (unsigned i = 0; i < samples.count; i++)
		print_row(&samples.rows[i]);
	threads_sample_free(&samples);
	return 0;
}

struct found {
	uint32_t id;
	bool exists;
	struct thread_sample sample;
	vaddr_t addresses[BACKTRACE_MAX];
	unsigned count;
};

static void find(struct thread *t, void *context)
{
	struct found *f = context;

	if (t->id != f->id)
		return;
	f->exists = true;
	thread_sample(t, &f->sample);
	f->count = thread_backtrace(t, f->addresses, BACKTRACE_MAX);
}

static int print_one(uint32_t id)
{
	struct found f = { .id = id };
	char symbol[SYMBOL_TEXT];

	thread_for_each(find, &f);
	if (!f.exists)
		return -ENOENT;
	print_row(&f.sample);
	for (unsigned i = 0; i < f.count; i++)
		monitor_printf("  %s %s\n", i ? "called by" : "is in", symbol_text(f.addresses[i] - 1, symbol));
	return 0;
}

static int threads_command(int argc, char **argv)
{
	uint64_t id;

	if (argc == 1)
		return print_all();
	if (argc > 2 || cmdline_parse_number(argv[1], strlen(argv[1]), &id) || id > UINT32_MAX)
		return -EINVAL;
	return print_one((uint32_t)id);
}
MONITOR_COMMAND(threads, "[ID]", "all threads by CPU time; or where one is", threads_command,
	.text = "The CPU is where it runs or ran last, with ! where it may run on no other. nice is the priority for fifo and rr. "
		"waited: the time in which it could have run, but others did. since: for how long it has been blocked, or "
		"wanted to run. With ID: the functions in which a thread that does not run is.");

/* With the queue locked the thread that runs cannot end. */
static void copy_current(cpu_id_t cpu, char ret[THREAD_NAME])
{
	struct cpu_sched *s = &cpu_of(cpu, cpu_sched);
	uint64_t flags = spin_lock_irqsave(&s->lock);

	memcpy(ret, s->queue.current ? thread_of(s->queue.current)->name : s->idle->name, THREAD_NAME);
	spin_unlock_irqrestore(&s->lock, flags);
}

static int sched_command(int argc, char **argv)
{
	struct sched_counts c;
	char runs[THREAD_NAME];

	monitor_printf("CPU  switches preempts wake-ups steals pushes    idle s queue  load  runs\n");
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		if (!cpu_is_online(cpu))
			continue;
		sched_count(cpu, &c);
		copy_current(cpu, runs);
		monitor_printf("%3u %9llu %8llu %8llu %6llu %6llu %5lld.%03d %5u %5llu  %s\n", cpu, (unsigned long long)c.switches,
			       (unsigned long long)c.preemptions, (unsigned long long)c.wakeups, (unsigned long long)c.steals,
			       (unsigned long long)c.pushes, MSEC(c.idle), c.queued, (unsigned long long)c.load, runs);
	}
	watch_print();
	return 0;
}
MONITOR_COMMAND(sched, "", "what the scheduler did on each CPU", sched_command,
	.text = "steals: threads that the CPU took when it had none; pushes: threads that it gave away when it had more than others. "
		"The load is the sum of the weights, 1024 for nice 0.");

/* ---- Emergency keys ---- */

static void log_row(const struct thread_sample *r)
{
	pr_notice("threads: %u %s: %s for %lld.%03d s, CPU %u, ran %lld.%03d s, %llu switches", r->id, r->name, r->state, MSEC(r->since),
		  r->cpu, MSEC(r->ran), (unsigned long long)r->switches);
}

static void log_one(struct thread *t, void *unused)
{
	struct thread_sample row;

	if (thread_sample(t, &row))
		log_row(&row);
}

static void log_threads(void)
{
	thread_for_each(log_one, NULL);
}
SYSRQ('t', threads, "shows all threads", log_threads);

static void log_blocked_one(struct thread *t, void *unused)
{
	struct thread_sample row;
	vaddr_t addresses[BACKTRACE_MAX];
	char symbol[SYMBOL_TEXT];

	if (t->blocking.state != THREAD_BLOCKED || !thread_sample(t, &row))
		return;
	log_row(&row);
	unsigned count = thread_backtrace(t, addresses, BACKTRACE_MAX);
	for (unsigned i = 0; i < count; i++)
		pr_notice("threads:   %s %s", i ? "called by" : "is in", symbol_text(addresses[i] - 1, symbol));
}

static void log_blocked(void)
{
	thread_for_each(log_blocked_one, NULL);
}
SYSRQ('w', blocked, "shows the threads that wait, and where", log_blocked);
