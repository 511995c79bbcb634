/* `stress`: many threads do at random what threads can do, everywhere at once, and check what they see.
 *
 * Each operation has a check of its own. What only the sum shows is checked at the end: tokens that were given are taken
 * or left, and what the mutex guards counts what was done under it. Each thread has its own sequence of random numbers,
 * by its number alone; how they meet is different each time. */
#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/vmap.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/watch.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "kernel/sync/mutex.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define SECONDS_USUAL	5u
#define SECONDS_MOST	86400u
#define THREADS_PER_CPU	5u
#define THREADS_MOST	10000u
#define SLEEP_MOST	(500 * NSEC_PER_USEC)
#define TOKEN_PATIENCE	(2 * NSEC_PER_MSEC)
#define BLOCK_MOST	6000u		/* bytes by kmalloc */
#define STRETCH_MOST	5u		/* pages by vmalloc */

struct worker {
	struct thread *thread;
	uint32_t random;
	uint64_t operations, locked, given, taken;	/* by it alone */
};

static struct mutex mutex = MUTEX("stress");
static uint64_t guarded[2];			/* by the mutex: both count who had it */
static struct waitq came = WAITQ("stress");
static uint64_t tokens, errors;			/* atomic */
static bool over;				/* atomic */

static uint32_t random_under(struct worker *w, uint32_t under)
{
	w->random = w->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(w->random >> 8) * under >> 24);
}

static bool is_so(bool holds, const char *what)
{
	if (!holds && __atomic_add_fetch(&errors, 1, __ATOMIC_RELAXED) == 1)
		pr_err("stress: %s", what);
	return holds;
}

/* ---- Operations ---- */

static void do_yield(struct worker *w)
{
	thread_yield();
}

static void do_sleep(struct worker *w)
{
	nsec_t until = clock_now() + random_under(w, SLEEP_MOST);

	thread_sleep_until(until);
	is_so(clock_now() >= until, "a thread slept too short");
}

static void do_mutex(struct worker *w)
{
	mutex_lock(&mutex);
	is_so(guarded[0] == guarded[1], "two threads had a mutex at once");
	guarded[0]++;
	if (random_under(w, 8) == 0)
		thread_yield();
	guarded[1]++;
	mutex_unlock(&mutex);
	w->locked++;
}

static void do_give(struct worker *w)
{
	__atomic_add_fetch(&tokens, 1, __ATOMIC_SEQ_CST);
	waitq_wake_one(&came);
	w->given++;
}

static bool take_token(void)
{
	uint64_t have = __atomic_load_n(&tokens, __ATOMIC_SEQ_CST);

	while (have && !__atomic_compare_exchange_n(&tokens, &have, have - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	return have;
}

static void do_take(struct worker *w)
{
	w->taken += WAITQ_WAIT_UNTIL(&came, take_token(), clock_now() + TOKEN_PATIENCE);
}

/* Memory holds what was written to it, though others run in between. */
static void use_memory(struct worker *w, uint8_t *memory, size_t size)
{
	uint8_t mark = (uint8_t)w->random;

	memset(memory, mark, size);
	if (random_under(w, 4) == 0)
		thread_yield();
	for (size_t i = 0; i < size; i += 61)
		is_so(memory[i] == mark, "memory changed by itself");
	is_so(memory[size - 1] == mark, "the end of memory changed by itself");
}

static void do_kmalloc(struct worker *w)
{
	size_t size = 1 + random_under(w, BLOCK_MOST);
	uint8_t *memory = kmalloc(size);

	if (memory)
		use_memory(w, memory, size);
	kfree(memory);
}

/* Giving it back makes all CPUs forget its addresses. */
static void do_vmalloc(struct worker *w)
{
	size_t size = (1 + random_under(w, STRETCH_MOST)) * PAGE_SIZE;
	uint8_t *memory = vmalloc(size);

	if (memory)
		use_memory(w, memory, size);
	vfree(memory);
}

static int one_more(void *number)
{
	return *(int *)number + 1;
}

static void do_thread(struct worker *w)
{
	int number = (int)random_under(w, 1000);
	struct thread *t = thread_create("stress child", one_more, &number);

	if (t)
		is_so(thread_join(t) == number + 1, "a thread returned something else");
}

static cpu_id_t random_cpu(struct worker *w)
{
	cpu_id_t cpu = random_under(w, percpu_count);

	return cpu_is_online(cpu) ? cpu : 0;
}

static void do_move(struct worker *w)
{
	cpu_id_t cpu = random_cpu(w);

	is_so(thread_set_cpu(thread_current(), cpu) == 0 && cpu_id() == cpu, "a thread is not where it is bound");
	thread_set_cpu(thread_current(), CPU_ANY);
}

static void note_cpu(void *ret)
{
	*(cpu_id_t *)ret = cpu_id();
}

static void do_call(struct worker *w)
{
	cpu_id_t cpu = random_cpu(w), ran = CPU_ANY;

	smp_call_one(cpu, note_cpu, &ran);
	is_so(ran == cpu, "a call ran elsewhere");
}

static void do_policy(struct worker *w)
{
	int nice = (int)random_under(w, 40) - 20;

	is_so(thread_set_policy(thread_current(), SCHED_OTHER, 0, nice) == 0, "a nice value was refused");
}

/* How often each is chosen. */
static const struct { void (*run)(struct worker *w); uint32_t share; } operations[] = {
	{ do_yield, 10 }, { do_sleep, 10 }, { do_mutex, 15 }, { do_give, 10 }, { do_take, 10 }, { do_kmalloc, 15 }, { do_vmalloc, 3 },
	{ do_thread, 5 }, { do_move, 8 }, { do_call, 8 }, { do_policy, 6 },
};

static int work(void *worker)
{
	struct worker *w = worker;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		uint32_t drawn = random_under(w, 100);
		unsigned i = 0;
		while (drawn >= operations[i].share)
			drawn -= operations[i++].share;
		operations[i].run(w);
		w->operations++;
	}
	return 0;
}

/* ---- The command ---- */

static struct worker sum(const struct worker *workers, unsigned count)
{
	struct worker all = { 0 };

	for (unsigned i = 0; i < count; i++) {
		all.operations += workers[i].operations;
		all.locked += workers[i].locked;
		all.given += workers[i].given;
		all.taken += workers[i].taken;
	}
	return all;
}

static void run(struct worker *workers, unsigned count, nsec_t duration)
{
	unsigned started = 0;

	for (; started < count; started++) {
		workers[started] = (struct worker){ .random = started };
		workers[started].thread = thread_create("stress", work, &workers[started]);
		if (!workers[started].thread)
			break;
	}
	if (is_so(started == count, "there is no memory for so many threads"))
		thread_sleep(duration);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < started; i++)
		thread_join(workers[i].thread);
}

static int stress(unsigned count, nsec_t duration)
{
	struct worker *workers = vmalloc(count * sizeof(*workers));
	unsigned reports = watch_reports();

	if (!workers)
		return -ENOMEM;
	memset(workers, 0, count * sizeof(*workers));
	guarded[0] = guarded[1] = tokens = errors = 0;
	over = false;
	run(workers, count, duration);
	struct worker all = sum(workers, count);
	is_so(guarded[0] == all.locked && guarded[1] == all.locked, "what a mutex guards was changed without it");
	is_so(all.given == all.taken + tokens, "a token is lost");
	is_so(watch_reports() == reports, "the watchdog had to say something");
	monitor_printf("stress: %llu operations, %llu errors\n", (unsigned long long)all.operations, (unsigned long long)errors);
	vfree(workers);
	return errors ? -EIO : 0;
}

static int stress_command(int argc, char **argv)
{
	uint64_t numbers[2] = { SECONDS_USUAL, THREADS_PER_CPU * cpus_online() };

	for (int i = 1; i < argc; i++)
		if (i > 2 || cmdline_parse_number(argv[i], strlen(argv[i]), &numbers[i - 1]) || !numbers[i - 1])
			return -EINVAL;
	if (numbers[0] > SECONDS_MOST || numbers[1] > THREADS_MOST)
		return -EINVAL;
	return stress((unsigned)numbers[1], (nsec_t)numbers[0] * NSEC_PER_SEC);
}
MONITOR_COMMAND(stress, "[SECONDS] [THREADS]", "all that threads can do at once, with checks", stress_command,
	.text = "5 seconds and 5 threads for each CPU unless told. They yield, sleep, wake, lock, allocate, start others, move, call "
		"other CPUs and unmap memory. The first error is named in the log.");
