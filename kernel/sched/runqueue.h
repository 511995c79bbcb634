/* The run queue of one CPU: who runs next. Pure order logic: no locks, no hardware, time is passed in.
 *
 * Rules
 * - One caller at a time. Entities belong to the caller, which does not change them while they are queued.
 * - The current entity is the one that rq_pick returned last; it counts as queued until rq_dequeue. The caller charges
 *   it for the time it ran before it asks for anything else.
 * - Classes, the first wins: SCHED_FIFO and SCHED_RR by priority, 99 highest, in the order of their arrival; then all
 *   others by EEVDF (Stoica, Abdel-Wahab: "Earliest Eligible Virtual Deadline First", 1995), with Linux's weights for
 *   nice -20 to 19, and SCHED_IDLE with a weight of 3.
 * - Cost: logarithmic in the number of entities, in the worst case. Nothing is allocated. */
#ifndef KERNEL_SCHED_RUNQUEUE_H
#define KERNEL_SCHED_RUNQUEUE_H

#include <abi/linux/sched.h>
#include "lib/avl.h"

#define RQ_SLICE	3000000		/* ns: what an entity asks for at a time (Linux: base_slice_ns, many CPUs) */
#define RQ_RR_SLICE	100000000	/* ns: of SCHED_RR (Linux: RR_TIMESLICE) */

#define RQ_SLICE_FIRST	300000		/* ns: the first time after it became runnable, to wait less for others */

/* Times of the fair class are virtual: 256 for each nanosecond of an entity of nice 0, more for a smaller weight, less
 * for a larger one. They wrap around; only differences mean anything. */
struct rq_entity {
	union {
		struct avl_node node;			/* fair: in the runqueue's tree, unless it is current */
		struct {
			struct rq_entity *next, *previous;	/* real time: in the ring of its priority */
			nsec_t left;			/* of SCHED_RR's slice */
		} ring;
	};
	uint64_t vruntime;	/* how much it has run */
	uint64_t deadline;	/* when it should have run for the slice that it asked for */
	uint64_t earliest;	/* vruntime: of the subtree of `node` */
	int64_t lag;		/* while it is not queued: what it is owed (positive) or has run too much */
	uint64_t rate;		/* 2^32 times the virtual time that passes for it in a nanosecond */
	uint64_t slice;		/* RQ_SLICE in virtual time */
	uint32_t weight;
	uint8_t policy;
	uint8_t priority;	/* 1 to 99: real time; 0: fair */
	int8_t nice;
	bool queued;
};

struct runqueue {
	struct rq_entity *current;
	uint32_t queued;	/* all, the current one included */
	bool slice_over;	/* the current one has finished a slice since it was picked */

	struct avl_tree fair;	/* by deadline; without the current one */
	uint64_t load;		/* sum of the weights of the fair, the current one included */
	uint64_t base;		/* a virtual time near the average of all */
	int64_t sum;		/* of weight * (vruntime - base), of the same as `load` */

	uint64_t ready[2];	/* bit set: the ring of this priority is not empty */
	struct rq_entity *first[SCHED_PRIORITY_MAX + 1];	/* in each ring */
	uint32_t realtime;	/* how many are in the rings */
};

void rq_init(struct runqueue *q);

/* An entity that is not queued. -EINVAL: no such policy, a priority out of 1 to 99 (FIFO, RR; 0 for the others), a nice
 * out of -20 to 19. */
int rq_entity_init(struct rq_entity *e, int policy, int priority, int nice);

/* Becomes runnable, or arrives from another queue. It keeps the lag it left with, up to two slices. True: the current
 * entity should make way for it. */
bool rq_enqueue(struct runqueue *q, struct rq_entity *e);

/* Sleeps, ends or moves away; also the current one. */
void rq_dequeue(struct runqueue *q, struct rq_entity *e);

/* The current entity ran for this long, 0 or more; what is over 2.4 hours is not counted. */
void rq_charge(struct runqueue *q, nsec_t ran);

/* The current entity gives up the rest of its slice to its equals; the fair pay for it as if they had used it. */
void rq_yield(struct runqueue *q);

/* Choose who runs now; NULL where nobody is queued. */
struct rq_entity *rq_pick(struct runqueue *q);

/* The current entity ran for this long, and leaves: rq_charge, rq_dequeue and rq_pick at once, as most switches are. */
struct rq_entity *rq_leave(struct runqueue *q, nsec_t ran);

/* Should the current entity make way, since its slice is over or somebody else is more urgent now? */
bool rq_should_preempt(const struct runqueue *q);

/* How long the current entity may run before rq_should_preempt must be asked again; 0: as long as nobody comes. */
nsec_t rq_slice_left(const struct runqueue *q);

/* Change how an entity is scheduled, queued or not. -EINVAL as rq_entity_init, nothing is changed then. */
int rq_set(struct runqueue *q, struct rq_entity *e, int policy, int priority, int nice);

/* An entity that is queued but not current and may move to another CPU: the one that would wait longest; NULL where
 * there is none that `may_move` lets go. */
struct rq_entity *rq_find_to_move(const struct runqueue *q, bool (*may_move)(const struct rq_entity *e, void *context),
				  void *context);

/* Has a queued entity not had more than its share? Always so for those of real time. */
bool rq_is_owed(const struct runqueue *q, const struct rq_entity *e);

/* Sum of the weights of all that are queued, for balance. */
uint64_t rq_load(const struct runqueue *q);

#endif
