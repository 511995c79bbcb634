/* On which CPU a thread runs.
 *
 * A thread that wakes goes to the CPU where it ran last if that is idle, since its data may be in the cache there; else
 * to an idle CPU near it, else it queues up where it was, or where no real-time thread is in its way. A CPU that runs out
 * of threads takes one from the CPU with the most. Both happen when something happens anyway; only where threads
 * compete, and their slices' timer runs, is there a look now and then whether somebody has less to do, and a thread
 * moves there. So nothing is ever done on a machine with no more threads than CPUs.
 *
 * Idle CPUs are bits: 64 to a word, which lies with the first CPU of the 64. */
#include "kernel/arch/topology.h"
#include "kernel/sched/internal.h"

static uint64_t *idle_word(cpu_id_t cpu)
{
	return &cpu_of(cpu & ~63u, cpu_sched).idle_word;
}

void balance_set_idle(bool idle)
{
	cpu_id_t cpu = cpu_id();
	uint64_t bit = 1ull << (cpu & 63);

	if (idle)
		__atomic_or_fetch(idle_word(cpu), bit, __ATOMIC_RELAXED);
	else {
		__atomic_and_fetch(idle_word(cpu), ~bit, __ATOMIC_SEQ_CST);
		watch_cpu_works(cpu);
	}
}

bool balance_is_idle(cpu_id_t cpu)
{
	return __atomic_load_n(idle_word(cpu), __ATOMIC_RELAXED) >> (cpu & 63) & 1;
}

/* An idle CPU, one that shares the last-level cache with `near` where there is one; CPU_ANY: none is idle. */
static cpu_id_t idle_find(cpu_id_t near)
{
	cpu_id_t far = CPU_ANY;

	for (cpu_id_t base = 0, n = (percpu_count + 63) / 64; n--; base += 64) {
		cpu_id_t first = (near & ~63u) + base;		/* the words in a circle, `near`'s first */
		if (first >= ALIGN_UP(percpu_count, 64u))
			first -= ALIGN_UP(percpu_count, 64u);
		for (uint64_t word = __atomic_load_n(idle_word(first), __ATOMIC_RELAXED); word; word &= word - 1) {
			cpu_id_t cpu = first + (cpu_id_t)__builtin_ctzll(word);
			if (topology_llc(cpu) == topology_llc(near))
				return cpu;
			if (far == CPU_ANY)
				far = cpu;
		}
	}
	return far;
}

/* What others have queued is read without their locks: a wrong guess is a fruitless look, or a detour. */
static bool has_realtime(cpu_id_t cpu)
{
	return __atomic_load_n(&cpu_of(cpu, cpu_sched).queue.realtime, __ATOMIC_RELAXED);
}

/* A CPU where no real-time thread is in the way; `or_else` where there is none. */
static cpu_id_t fair_find(cpu_id_t or_else)
{
	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++)
		if (!has_realtime(cpu) && __atomic_load_n(&cpu_of(cpu, cpu_sched).started, __ATOMIC_ACQUIRE))
			return cpu;
	return or_else;
}

cpu_id_t balance_choose(const struct thread *t)
{
	if (t->only_cpu != CPU_ANY)
		return t->only_cpu;
	if (percpu_count == 1 || balance_is_idle(t->cpu))
		return t->cpu;
	cpu_id_t idle = idle_find(t->cpu);
	if (idle != CPU_ANY)
		return idle;
	return has_realtime(t->cpu) ? fair_find(t->cpu) : t->cpu;
}

static bool may_move(const struct rq_entity *e, void *context)
{
	return thread_of(e)->only_cpu == CPU_ANY;
}

/* From one locked queue to another, whose CPU it belongs to from now on. */
static bool move_locked(struct cpu_sched *from, struct cpu_sched *to, cpu_id_t to_cpu, uint64_t load_most)
	REQUIRES(&from->lock, &to->lock)
{
	struct rq_entity *e = rq_find_to_move(&from->queue, may_move, NULL);

	if (!e || e->weight > load_most)
		return false;
	struct thread *t = thread_of(e);
	rq_dequeue(&from->queue, e);
	__atomic_store_n(&t->cpu, to_cpu, __ATOMIC_RELEASE);
	sched_enqueue_locked(to, t);
	return true;
}

static unsigned queued_racy(cpu_id_t cpu)
{
	return __atomic_load_n(&cpu_of(cpu, cpu_sched).queue.queued, __ATOMIC_RELAXED);
}

static cpu_id_t busiest(cpu_id_t self)
{
	cpu_id_t best = self;
	unsigned most = 1;

	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		unsigned queued = queued_racy(cpu);
		if (cpu == self || queued <= 1)
			continue;
		if (queued > most || (queued == most && topology_llc(cpu) == topology_llc(self))) {
			best = cpu;
			most = queued;
		}
	}
	return best;
}

bool balance_pull_locked(struct cpu_sched *s) REQUIRES(&s->lock)
{
	cpu_id_t self = cpu_id(), from = busiest(self);
	struct cpu_sched *other = &cpu_of(from, cpu_sched);

	if (from == self || !spin_trylock(&other->lock))
		return false;
	bool moved = move_locked(other, s, self, ~0ull);
	spin_unlock(&other->lock);
	s->counts.steals += moved;
	return moved;
}

static cpu_id_t least_loaded(cpu_id_t self)
{
	cpu_id_t best = self;
	uint64_t least = ~0ull;

	for (cpu_id_t cpu = 0; cpu < percpu_count; cpu++) {
		struct cpu_sched *other = &cpu_of(cpu, cpu_sched);
		uint64_t load = rq_load(&other->queue);
		if (cpu != self && load < least && __atomic_load_n(&other->started, __ATOMIC_ACQUIRE)) {
			best = cpu;
			least = load;
		}
	}
	return best;
}

/* A thread moves where that leaves the other CPU with no more than this one had: three equal threads on two CPUs take
 * turns at being alone. */
void balance_push_locked(struct cpu_sched *s) REQUIRES(&s->lock)
{
	nsec_t now = clock_now();

	if (percpu_count == 1 || now - s->balanced < BALANCE_EVERY)
		return;
	s->balanced = now;
	cpu_id_t self = cpu_id(), to = least_loaded(self);
	struct cpu_sched *other = &cpu_of(to, cpu_sched);
	if (to == self || !spin_trylock(&other->lock))
		return;
	uint64_t here = rq_load(&s->queue), there = rq_load(&other->queue);
	if (here > there)
		s->counts.pushes += move_locked(s, other, to, here - there);
	spin_unlock(&other->lock);
}
