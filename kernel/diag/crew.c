/* Threads are made before the work and stay until after it: memtest's has all memory that a new one would need. */
#include "kernel/diag/crew.h"

#include "kernel/arch/percpu.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/sched/thread.h"

struct member {
	struct crew *crew;
	struct thread *thread;
	cpu_id_t cpu;
	struct waitq given;
	crew_work *work;	/* atomic: NULL when there is none */
	void *context;		/* before `work` */
	bool over;		/* atomic */
};

struct crew {
	unsigned size;
	unsigned busy;		/* atomic: members with work */
	struct waitq done;
	struct member members[];
};

static crew_work *work_of(const struct member *m)
{
	return __atomic_load_n(&m->work, __ATOMIC_ACQUIRE);
}

static bool is_over(const struct member *m)
{
	return __atomic_load_n(&m->over, __ATOMIC_ACQUIRE);
}

static int member_run(void *argument)
{
	struct member *m = argument;
	struct crew *c = m->crew;

	for (;;) {
		WAITQ_WAIT(&m->given, work_of(m) || is_over(m));
		if (is_over(m))
			return 0;
		work_of(m)(m->context, (unsigned)(m - c->members));
		__atomic_store_n(&m->work, NULL, __ATOMIC_RELEASE);
		if (__atomic_sub_fetch(&c->busy, 1, __ATOMIC_ACQ_REL) == 0)
			waitq_wake_all(&c->done);
	}
}

static bool member_create(struct crew *c, cpu_id_t cpu)
{
	struct thread_options options = THREAD_DEFAULTS;
	struct member *m = &c->members[c->size];

	*m = (struct member){ .crew = c, .cpu = cpu, .given = WAITQ("crew's work") };
	options.cpu = cpu;
	m->thread = thread_create_with(&options, "crew", member_run, m);
	c->size += m->thread != NULL;
	return m->thread;
}

struct crew *crew_create(void)
{
	struct crew *c = kzalloc(sizeof(*c) + percpu_count * sizeof(c->members[0]));

	if (!c)
		return NULL;
	c->done = (struct waitq)WAITQ("crew");
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		if (cpu_is_online(id) && !member_create(c, id)) {
			crew_destroy(c);
			return NULL;
		}
	}
	return c;
}

void crew_destroy(struct crew *c)
{
	for (struct member *m = c->members; m < c->members + c->size; m++) {
		__atomic_store_n(&m->over, true, __ATOMIC_RELEASE);
		waitq_wake_one(&m->given);
		thread_join(m->thread);
	}
	kfree(c);
}

unsigned crew_size(const struct crew *c)
{
	return c->size;
}

cpu_id_t crew_cpu(const struct crew *c, unsigned member)
{
	return c->members[member].cpu;
}

void crew_start(struct crew *c, unsigned member, crew_work *work, void *context)
{
	struct member *m = &c->members[member];

	__atomic_add_fetch(&c->busy, 1, __ATOMIC_RELAXED);
	m->context = context;
	__atomic_store_n(&m->work, work, __ATOMIC_RELEASE);
	waitq_wake_one(&m->given);
}

void crew_start_all(struct crew *c, crew_work *work, void *context)
{
	for (unsigned member = 0; member < c->size; member++)
		crew_start(c, member, work, context);
}

bool crew_wait(struct crew *c, nsec_t until)
{
	return WAITQ_WAIT_UNTIL(&c->done, __atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) == 0, until);
}
