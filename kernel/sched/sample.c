/* Threads come and go while they are counted, so that room is made for a few more than there are; a thread that comes
 * later still is left out. */
#include "kernel/sched/sample.h"

#include <abi/linux/errno.h>
#include "kernel/arch/context.h"
#include "kernel/core/backtrace.h"
#include "kernel/mm/vmap.h"
#include "kernel/sched/internal.h"
#include "lib/string.h"

#define ROOM_MORE 16u

static const char *state_name(const struct cpu_sched *s, const struct thread *t)
{
	static const char *const names[] = {
		[THREAD_RUNNABLE] = "ready", [THREAD_BLOCKING] = "ready", [THREAD_BLOCKED] = "blocked", [THREAD_MOVING] = "moving",
		[THREAD_DEAD] = "ended",
	};

	return s->queue.current == &t->entity ? "running" : names[t->blocking.state];
}

static const char *policy_name(unsigned policy)
{
	static const char *const names[] = {
		[SCHED_OTHER] = "fair", [SCHED_FIFO] = "fifo", [SCHED_RR] = "rr", [SCHED_BATCH] = "batch", [SCHED_IDLE] = "idle",
	};

	return policy < ARRAY_SIZE(names) && names[policy] ? names[policy] : "?";
}

bool thread_sample(struct thread *t, struct thread_sample *ret)
{
	nsec_t ran = thread_ran(t);
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);
	bool idle = t == s->idle;
	bool runnable = t->blocking.state <= THREAD_BLOCKING;
	uint64_t now = clock_span_start(), since = (int64_t)(now - t->since) > 0 ? now - t->since : 0;

	*ret = (struct thread_sample){
		.id = t->id, .state = state_name(s, t), .policy = policy_name(t->policy), .cpu = t->cpu, .only_cpu = t->only_cpu,
		.priority = t->priority ? t->priority : t->nice, .ran = ran, .since = clock_span(0, since),
		.waited = MAX(clock_span(0, t->runnable + (runnable ? since : 0)) - ran, (nsec_t)0), .switches = t->switches,
	};
	memcpy(ret->name, t->name, sizeof(ret->name));
	spin_unlock_irqrestore(&s->lock, flags);
	return !idle;
}

/* Its home's lock keeps it from running meanwhile, the list's lock keeps its stack. */
unsigned thread_backtrace(struct thread *t, vaddr_t *ret, unsigned room)
{
	uint64_t flags = cpu_irq_save();
	struct cpu_sched *s = sched_lock_home(t);
	spin_taken(&s->lock);
	bool on_cpu = s->queue.current == &t->entity || t->blocking.state == THREAD_DEAD || t->blocking.state == THREAD_MOVING || t == s->idle;
	unsigned count = on_cpu ? 0 : backtrace_walk(context_frame_pointer(t->context), ret, room);

	spin_unlock_irqrestore(&s->lock, flags);
	return count;
}

static void count_one(struct thread *t, void *count)
{
	++*(unsigned *)count;
}

struct filling {
	struct thread_samples *samples;
	unsigned room;
};

static void fill_one(struct thread *t, void *context)
{
	struct filling *f = context;

	if (f->samples->count < f->room)
		f->samples->count += thread_sample(t, &f->samples->rows[f->samples->count]);
}

int threads_sample(struct thread_samples *ret)
{
	struct filling f = { .samples = ret, .room = ROOM_MORE };

	thread_for_each(count_one, &f.room);
	*ret = (struct thread_samples){ .rows = vmalloc(f.room * sizeof(*ret->rows)) };
	if (!ret->rows)
		return -ENOMEM;
	thread_for_each(fill_one, &f);
	return 0;
}

void threads_sample_free(struct thread_samples *s)
{
	vfree(s->rows);
	*s = (struct thread_samples){ 0 };
}

/* Shell's sort (1959), by halves: little code, and quick enough for what a person looks at. */
void threads_sort(struct thread_samples *s, bool (*before)(const struct thread_sample *a, const struct thread_sample *b))
{
	for (unsigned gap = s->count / 2; gap; gap /= 2)
		for (unsigned i = gap; i < s->count; i++) {
			struct thread_sample row = s->rows[i];
			unsigned at = i;
			for (; at >= gap && before(&row, &s->rows[at - gap]); at -= gap)
				s->rows[at] = s->rows[at - gap];
			s->rows[at] = row;
		}
}
