/* What the fair class of the run queue must do, written a second time: slow, obvious, and without the tricks. Virtual
 * times do not wrap around here and all sums are made anew each time, in 128 bits. Entities are numbers in an array;
 * nothing is sorted. The rules are those of Stoica and Abdel-Wahab 1995, and of kernel/sched/runqueue.h where the paper
 * leaves a choice. */
#ifndef TESTS_UNIT_RUNQUEUE_MODEL_H
#define TESTS_UNIT_RUNQUEUE_MODEL_H

#include "kernel/sched/runqueue.h"

#define MODEL_NOBODY	(-1)
#define MODEL_CHARGE	(1ll << 43)	/* a longer one counts as this */

typedef __int128 wide_t;

struct model_entity {
	bool queued, idle, batch;
	uint32_t weight;
	wide_t vruntime, deadline, lag;
	uint64_t turn;		/* who came first, of two with the same deadline */
};

struct model {
	struct model_entity *entities;
	int count, current;
	bool slice_over;
	wide_t last;		/* V when the queue became empty */
	uint64_t turns;
};

/* Linux's weights, as the man page has them: 1024 * 1.25^-nice, with Linux's rounding. */
static const uint32_t model_weights[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

static wide_t floor_div(wide_t a, wide_t b)
{
	return a / b - (a % b < 0);
}

static wide_t model_virtual(const struct model_entity *e, nsec_t ran)
{
	return ((wide_t)ran * ((1ll << 50) / e->weight)) >> 32;
}

static wide_t model_load(const struct model *m)
{
	wide_t load = 0;

	for (int i = 0; i < m->count; i++)
		load += m->entities[i].queued ? m->entities[i].weight : 0;
	return load;
}

/* V times the load. */
static wide_t model_sum(const struct model *m)
{
	wide_t sum = 0;

	for (int i = 0; i < m->count; i++)
		sum += m->entities[i].queued ? m->entities[i].weight * m->entities[i].vruntime : 0;
	return sum;
}

/* Real time that an entity is owed, in ns. */
static nsec_t model_lag(const struct model *m, int i, wide_t sum, wide_t load)
{
	const struct model_entity *e = &m->entities[i];

	return (nsec_t)((sum - e->vruntime * load) * e->weight / load >> 18);
}

static void model_set(struct model *m, int i, int policy, int nice)
{
	struct model_entity *e = &m->entities[i];
	uint32_t weight = policy == SCHED_IDLE ? 3 : model_weights[nice + 20];

	if (e->weight)
		e->lag = e->lag * e->weight / weight;
	e->weight = weight;
	e->idle = policy == SCHED_IDLE;
	e->batch = policy == SCHED_BATCH;
}

static void model_join(struct model *m, int i)
{
	struct model_entity *e = &m->entities[i];
	wide_t load = model_load(m), lag = 0, now = m->last;

	if (load) {
		now = floor_div(model_sum(m), load);
		lag = e->lag + e->lag * e->weight / load;
		if (lag < 0 && m->current != MODEL_NOBODY && m->entities[m->current].idle && !e->idle)
			lag = 0;
	}
	e->queued = true;
	e->vruntime = now - lag;
	e->deadline = e->vruntime + model_virtual(e, RQ_SLICE_FIRST);
	e->turn = m->turns++;
}

static void model_leave(struct model *m, int i)
{
	struct model_entity *e = &m->entities[i];
	wide_t load = model_load(m), most = 2 * model_virtual(e, RQ_SLICE);

	e->lag = floor_div(model_sum(m), load) - e->vruntime;
	e->lag = e->lag > most ? most : e->lag < -most ? -most : e->lag;
	if (load == e->weight) {
		e->lag = 0;
		m->last = e->vruntime;
	}
	e->queued = false;
	if (m->current == i)
		m->current = MODEL_NOBODY;
}

static void model_charge(struct model *m, nsec_t ran)
{
	struct model_entity *e = &m->entities[m->current];

	e->vruntime += model_virtual(e, ran > MODEL_CHARGE ? MODEL_CHARGE : ran);
	if (e->vruntime >= e->deadline) {
		e->deadline = e->vruntime + model_virtual(e, RQ_SLICE);
		m->slice_over = true;
	}
}

static void model_yield(struct model *m)
{
	struct model_entity *e = &m->entities[m->current];

	e->vruntime = e->deadline;
	e->deadline += model_virtual(e, RQ_SLICE);
	m->slice_over = true;
}

/* Is an entity to run rather than another? The current one comes behind those of the same deadline. */
static bool model_before(const struct model *m, int i, int other)
{
	const struct model_entity *a = &m->entities[i], *b = &m->entities[other];

	if (a->deadline != b->deadline)
		return a->deadline < b->deadline;
	return other == m->current || (i != m->current && a->turn < b->turn);
}

/* The eligible one with the earliest deadline. The current one is in the running until its slice is over, whatever its
 * lag. */
static int model_pick(const struct model *m)
{
	wide_t load = model_load(m), sum = model_sum(m);
	int best = MODEL_NOBODY;

	for (int i = 0; i < m->count; i++) {
		const struct model_entity *e = &m->entities[i];
		bool protected = i == m->current && !m->slice_over;
		if (!e->queued || !(protected || e->vruntime * load <= sum))
			continue;
		if (best == MODEL_NOBODY || model_before(m, i, best))
			best = i;
	}
	return best;
}

static void model_run(struct model *m, int i)
{
	if (m->current != i && m->current != MODEL_NOBODY)
		m->entities[m->current].turn = m->turns++;
	m->current = i;
	m->slice_over = false;
}

#endif
