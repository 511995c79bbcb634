/* Real time: a ring for each priority and a bitmap of those that are not empty. The current one stays first in its
 * ring, so that "who is next" is always the first of the highest ring; the end of a ring is what comes before its
 * first.
 *
 * Fair: EEVDF (Stoica and Abdel-Wahab 1995). Each entity has a virtual time, vruntime, which passes while it runs, the
 * slower the larger its weight. V is the average of all, by weight: where an ideal processor, which runs all at once,
 * would have each of them. lag = V - vruntime is what an entity is owed. It asks for a slice at a time: eligible while
 * lag >= 0, with a deadline a slice after its vruntime. Who runs is the eligible one with the earliest deadline. So no
 * lag leaves the range of plus or minus a slice, as long as entities join and leave with a lag of 0.
 *
 * To find it in logarithmic time the tree is sorted by deadline, and each node knows the earliest vruntime below it:
 * on the way down the left side wins if anybody there is eligible, then the node itself, then the right side.
 *
 * V = base + sum / load, where base was V a while ago, and sum adds up weight * (vruntime - base). Whatever the
 * weights, that is about the real time charged since then, in ns, times 2^18. A charge counts as CHARGE_MOST at most and
 * moves base along where sum gets large, so that it stays below 2^63. All are whole numbers and nothing is lost in sum:
 * rounding V down does not change who is eligible, and somebody always is.
 *
 * An entity that leaves keeps its lag, limited to two slices, and gets it again when it joins: neither sleeping nor a
 * change of CPU gains or loses time (as Linux's place_entity, kernel/sched/fair.c, since 6.6). */
#include "kernel/sched/runqueue.h"

#include <abi/linux/errno.h>

#define VIRTUAL_SHIFT	8		/* a virtual nanosecond of nice 0, in bits */
#define WEIGHT_SHIFT	10		/* weight 1024 is nice 0 */
#define RATE_SHIFT	32		/* binary places of rq_entity.rate */
#define WEIGHT_IDLE	3
#define WEIGHT_REALTIME	88761		/* for rq_load alone: as the largest of the fair */
#define CHARGE_MOST	(1ll << 43)	/* ns, 2.4 hours */
#define SUM_HIGH	(1ll << 60)
#define LAG_SLICES	2		/* that are kept while an entity is not queued */
#define SLICE_SPARE	1000		/* ns by which a slice may last longer than it must */
#define WORTHWHILE	100000		/* ns that a woken one must gain to be worth a switch */

/* Linux's sched_prio_to_weight, nice -20 to 19: a step is 10 % of the CPU between two, a factor of about 1.25. */
static const uint32_t weights[] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501,
	1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

static inline bool is_realtime(const struct rq_entity *e)
{
	return e->priority != 0;
}

/* How far a virtual time is behind another; they wrap around. */
static inline int64_t distance(uint64_t from, uint64_t to)
{
	return (int64_t)(to - from);
}

static inline struct rq_entity *entity_of(struct avl_node *n)
{
	return (struct rq_entity *)n;	/* its first member */
}

/* The virtual time that passes for an entity. */
static inline uint64_t virtual_time(const struct rq_entity *e, nsec_t ran)
{
	return (uint64_t)((unsigned __int128)(uint64_t)ran * e->rate >> RATE_SHIFT);
}

/* Real time. */

/* Who is to run, where there is anybody in the rings. */
static struct rq_entity *realtime_first(const struct runqueue *q)
{
	unsigned high = q->ready[1] != 0;

	return q->first[64 * high + 63 - (unsigned)__builtin_clzll(q->ready[high])];
}

static void realtime_append(struct runqueue *q, struct rq_entity *e)
{
	struct rq_entity **first = &q->first[e->priority];

	if (*first) {
		e->ring.next = *first;
		e->ring.previous = (*first)->ring.previous;
		e->ring.previous->ring.next = e;
		e->ring.next->ring.previous = e;
	} else {
		*first = e->ring.next = e->ring.previous = e;
		q->ready[e->priority / 64] |= 1ull << e->priority % 64;
	}
	e->ring.left = RQ_RR_SLICE;
	q->realtime++;
}

static void realtime_remove(struct runqueue *q, struct rq_entity *e)
{
	struct rq_entity **first = &q->first[e->priority];

	if (e->ring.next == e) {
		*first = NULL;
		q->ready[e->priority / 64] &= ~(1ull << e->priority % 64);
	} else {
		e->ring.next->ring.previous = e->ring.previous;
		e->ring.previous->ring.next = e->ring.next;
		if (*first == e)
			*first = e->ring.next;
	}
	q->realtime--;
}

/* With a new slice to the end of its ring, where it is not already because it has just come to this priority. */
static void realtime_rotate(struct runqueue *q, struct rq_entity *e)
{
	e->ring.left = RQ_RR_SLICE;
	if (q->first[e->priority] == e)
		q->first[e->priority] = e->ring.next;
}

/* The fair. */

/* V, rounded down; somebody is queued. */
static inline uint64_t average(const struct runqueue *q)
{
	if ((uint64_t)q->sum < q->load)
		return q->base;		/* often, and a division is dear */
	int64_t load = MAX((int64_t)q->load, 1ll), part = q->sum / load;

	return q->base + (uint64_t)(part - (part * load > q->sum));
}

/* Let base be V. */
static inline void average_settle(struct runqueue *q)
{
	uint64_t base = average(q);

	if (base == q->base)
		return;
	q->sum -= distance(q->base, base) * (int64_t)q->load;
	q->base = base;
}

static bool update_earliest(struct avl_node *n)
{
	struct rq_entity *e = entity_of(n);
	uint64_t earliest = e->vruntime;

	for (unsigned i = 0; i < 2; i++)
		if (n->child[i] && distance(earliest, entity_of(n->child[i])->earliest) < 0)
			earliest = entity_of(n->child[i])->earliest;
	bool changed = e->earliest != earliest;
	e->earliest = earliest;
	return changed;
}

/* Behind those of the same deadline. */
static void fair_insert(struct runqueue *q, struct rq_entity *e)
{
	struct avl_node *parent = NULL;
	bool side = false;

	for (struct avl_node *n = q->fair.root; n; n = n->child[side]) {
		parent = n;
		side = distance(entity_of(n)->deadline, e->deadline) >= 0;
	}
	e->earliest = e->vruntime;
	if (parent) {
		avl_insert(&q->fair, &e->node, parent, side);
	} else {
		e->node = (struct avl_node) { .height = 1 };
		q->fair.root = &e->node;
	}
}

/* Join at V - lag. Joining moves V by lag * weight / (load + weight), so that to have this lag afterwards the entity
 * begins that much further off. Nobody is to wait for a SCHED_IDLE one: who comes while such a one runs and has run too
 * much before is forgiven. */
static void fair_join(struct runqueue *q, struct rq_entity *e)
{
	int64_t lag = 0;

	if (q->load) {
		if (q->fair.root || !q->current) {
			average_settle(q);
		} else {	/* one alone is the average */
			q->base = q->current->vruntime;
			q->sum = 0;
		}
		lag = e->lag + (q->load == e->weight ? e->lag : e->lag * (int64_t)e->weight / (int64_t)q->load);
		if (lag < 0 && q->current && q->current->policy == SCHED_IDLE && e->policy != SCHED_IDLE)
			lag = 0;
	}
	e->vruntime = q->base - (uint64_t)lag;
	e->deadline = e->vruntime + virtual_time(e, RQ_SLICE_FIRST);
	q->sum -= lag * (int64_t)e->weight;
	q->load += e->weight;
}

static void fair_leave(struct runqueue *q, struct rq_entity *e)
{
	if (q->load == e->weight) {	/* the last one: it is the average */
		q->base = e->vruntime;
		q->sum = 0;
		q->load = 0;
		e->lag = 0;
		return;
	}
	int64_t most = LAG_SLICES * (int64_t)e->slice;
	average_settle(q);
	int64_t lag = distance(e->vruntime, q->base);
	q->sum += lag * (int64_t)e->weight;
	q->load -= e->weight;
	e->lag = MAX(MIN(lag, most), -most);
}

/* The eligible one with the earliest deadline in the tree; NULL: none there. */
static inline struct rq_entity *fair_first(const struct runqueue *q, uint64_t now)
{
	struct avl_node *n = q->fair.root;

	while (n) {
		struct avl_node *left = n->child[0];
		if (left && distance(entity_of(left)->earliest, now) >= 0)
			n = left;
		else if (distance(entity_of(n)->vruntime, now) >= 0)
			return entity_of(n);
		else
			n = n->child[1];
	}
	return NULL;
}

/* Does the current one make way for the best of the others? It counts as eligible until it has finished its slice: to
 * interrupt it before that takes an earlier deadline. */
static inline bool fair_makes_way(const struct runqueue *q, const struct rq_entity *best, uint64_t now)
{
	const struct rq_entity *current = q->current;
	bool may_stay = !q->slice_over || distance(current->vruntime, now) >= 0;

	return !may_stay || distance(best->deadline, current->deadline) >= 0;
}

/* Who is to run, while there is nobody in the rings. */
static struct rq_entity *fair_next(const struct runqueue *q)
{
	if (!q->fair.root)
		return q->current;
	uint64_t now = average(q);
	struct rq_entity *best = fair_first(q, now);
	return !q->current || (best && fair_makes_way(q, best, now)) ? best : q->current;
}

/* The same and the change itself where the tree holds one, by far the most frequent case. Of two, V is between them, so
 * that the one behind is eligible, and they change places. */
static inline struct rq_entity *fair_pick_with_one(struct runqueue *q, struct rq_entity *other)
{
	struct rq_entity *current = q->current;
	bool stays = current && (distance(current->vruntime, other->vruntime) > 0 ||
				 !fair_makes_way(q, other, other->vruntime));

	q->slice_over = false;
	if (stays)
		return current;
	if (current) {
		current->node = (struct avl_node) { .height = 1 };
		current->earliest = current->vruntime;
	}
	q->fair.root = current ? &current->node : NULL;
	return q->current = other;
}

/* The current one asks for its next slice. */
static void fair_renew(struct runqueue *q, struct rq_entity *e)
{
	e->deadline = e->vruntime + e->slice;
	q->slice_over = true;
	if (q->sum > SUM_HIGH)
		average_settle(q);
}

/* All. */

void rq_init(struct runqueue *q)
{
	*q = (struct runqueue) { .fair.update = update_earliest };
}

static int policy_check(int policy, int priority, int nice)
{
	bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;

	if (!realtime && policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	if (realtime ? priority < SCHED_PRIORITY_MIN || priority > SCHED_PRIORITY_MAX : priority != 0)
		return -EINVAL;
	return nice < SCHED_NICE_MIN || nice > SCHED_NICE_MAX ? -EINVAL : 0;
}

/* Checked. What the entity is owed stays the same in real time. */
static void policy_apply(struct rq_entity *e, int policy, int priority, int nice)
{
	uint32_t weight = policy == SCHED_IDLE ? WEIGHT_IDLE : weights[nice - SCHED_NICE_MIN];

	e->lag = e->lag * (int64_t)e->weight / (int64_t)weight;
	e->weight = weight;
	e->rate = (1ull << (WEIGHT_SHIFT + VIRTUAL_SHIFT + RATE_SHIFT)) / weight;
	e->slice = virtual_time(e, RQ_SLICE);
	e->policy = (uint8_t)policy;
	e->priority = (uint8_t)priority;
	e->nice = (int8_t)nice;
}

int rq_entity_init(struct rq_entity *e, int policy, int priority, int nice)
{
	int error = policy_check(policy, priority, nice);

	if (error)
		return error;
	*e = (struct rq_entity) { 0 };
	policy_apply(e, policy, priority, nice);
	return 0;
}

/* Does one that has just joined interrupt the current one? SCHED_BATCH and SCHED_IDLE interrupt nobody but SCHED_IDLE. */
static inline bool fair_interrupts(const struct runqueue *q, const struct rq_entity *woken)
{
	const struct rq_entity *current = q->current;

	if (current->policy == SCHED_IDLE && woken->policy != SCHED_IDLE)
		return true;
	return woken->policy == SCHED_OTHER &&
	       distance(woken->deadline, current->deadline) > WORTHWHILE << VIRTUAL_SHIFT &&
	       distance(woken->vruntime, q->base) >= 0;	/* fair_join has just let base be V */
}

bool rq_enqueue(struct runqueue *q, struct rq_entity *e)
{
	if (is_realtime(e)) {
		realtime_append(q, e);
	} else {
		fair_join(q, e);
		fair_insert(q, e);
	}
	e->queued = true;
	q->queued++;
	if (q->realtime || !q->current)
		return !q->current || realtime_first(q) != q->current;
	return fair_interrupts(q, e);
}

void rq_dequeue(struct runqueue *q, struct rq_entity *e)
{
	if (is_realtime(e)) {
		realtime_remove(q, e);
	} else {
		if (e != q->current)
			avl_remove(&q->fair, &e->node);
		fair_leave(q, e);
	}
	if (e == q->current)
		q->current = NULL;
	e->queued = false;
	q->queued--;
}

void rq_charge(struct runqueue *q, nsec_t ran)
{
	struct rq_entity *e = q->current;

	ran = MIN(ran, CHARGE_MOST);
	if (is_realtime(e)) {
		e->ring.left -= ran;
		if (e->policy == SCHED_RR && e->ring.left <= 0)
			realtime_rotate(q, e);
		return;
	}
	uint64_t passed = virtual_time(e, ran);
	e->vruntime += passed;
	q->sum += (int64_t)(passed * e->weight);
	if (distance(e->deadline, e->vruntime) >= 0)
		fair_renew(q, e);
}

/* The rest of the slice counts as used: others get the time, not only the next turn. */
void rq_yield(struct runqueue *q)
{
	struct rq_entity *e = q->current;

	if (is_realtime(e)) {
		realtime_rotate(q, e);
		return;
	}
	q->sum += distance(e->vruntime, e->deadline) * (int64_t)e->weight;
	e->vruntime = e->deadline;
	fair_renew(q, e);
}

static struct rq_entity *pick_of_many(struct runqueue *q)
{
	struct rq_entity *before = q->current, *e = q->realtime ? realtime_first(q) : fair_next(q);

	q->slice_over = false;
	if (e == before)
		return e;
	if (e && !is_realtime(e))
		avl_remove(&q->fair, &e->node);
	if (before && !is_realtime(before))
		fair_insert(q, before);
	return q->current = e;
}

struct rq_entity *rq_pick(struct runqueue *q)
{
	struct avl_node *root = q->fair.root;

	if (root && root->height == 1 && !q->realtime)
		return fair_pick_with_one(q, entity_of(root));
	return pick_of_many(q);
}

/* What `ahead`, the virtual time by which one of two is ahead of the other, adds to V, rounded down. Equal weights are the
 * usual case, and a division is dear. */
static inline int64_t half_way(int64_t ahead, const struct rq_entity *e, const struct rq_entity *other)
{
	if (e->weight == other->weight)
		return ahead >> 1;
	int64_t sum = ahead * (int64_t)e->weight, load = (int64_t)e->weight + other->weight, part = sum / load;

	return part - (part * load > sum);
}

/* The current one of two leaves, and the other takes its place: what rq_charge, rq_dequeue and rq_pick come to then. */
static struct rq_entity *fair_leave_to(struct runqueue *q, struct rq_entity *e, struct rq_entity *other, nsec_t ran)
{
	e->vruntime += virtual_time(e, MIN(ran, CHARGE_MOST));
	int64_t ahead = distance(other->vruntime, e->vruntime), most = LAG_SLICES * (int64_t)e->slice;
	int64_t lag = half_way(ahead, e, other) - ahead;	/* V less its own */

	e->lag = MAX(MIN(lag, most), -most);
	e->queued = false;
	q->base = other->vruntime;
	q->sum = 0;
	q->load = other->weight;
	q->fair.root = NULL;
	q->slice_over = false;
	q->queued = 1;
	return q->current = other;
}

struct rq_entity *rq_leave(struct runqueue *q, nsec_t ran)
{
	struct avl_node *root = q->fair.root;
	struct rq_entity *e = q->current;

	if (root && root->height == 1 && q->queued == 2 && !is_realtime(e))
		return fair_leave_to(q, e, entity_of(root), ran);
	rq_charge(q, ran);
	rq_dequeue(q, e);
	return rq_pick(q);
}

bool rq_should_preempt(const struct runqueue *q)
{
	if (q->realtime)
		return realtime_first(q) != q->current;
	return q->slice_over && fair_next(q) != q->current;
}

/* A little more than to the deadline: each charge rounds down, and to ask again for a nanosecond would cost a timer. */
nsec_t rq_slice_left(const struct runqueue *q)
{
	const struct rq_entity *e = q->current;

	if (!e)
		return 0;
	if (is_realtime(e))
		return e->policy == SCHED_RR && e->ring.next != e ? e->ring.left : 0;
	if (!q->fair.root)
		return 0;
	int64_t left = distance(e->vruntime, e->deadline) * (int64_t)e->weight;
	return (left >> (WEIGHT_SHIFT + VIRTUAL_SHIFT)) + SLICE_SPARE;
}

int rq_set(struct runqueue *q, struct rq_entity *e, int policy, int priority, int nice)
{
	bool queued = e->queued, current = q->current == e;
	int error = policy_check(policy, priority, nice);

	if (error)
		return error;
	if (queued)
		rq_dequeue(q, e);
	policy_apply(e, policy, priority, nice);
	if (queued)
		rq_enqueue(q, e);
	if (current && !is_realtime(e))
		avl_remove(&q->fair, &e->node);
	if (current)
		q->current = e;
	return 0;
}

/* The latest deadline waits longest; all of real time come before. */
struct rq_entity *rq_find_to_move(const struct runqueue *q, bool (*may_move)(const struct rq_entity *e, void *context),
				  void *context)
{
	for (struct avl_node *n = avl_last(&q->fair); n; n = avl_previous(n))
		if (may_move(entity_of(n), context))
			return entity_of(n);
	for (unsigned priority = SCHED_PRIORITY_MIN; q->realtime && priority <= SCHED_PRIORITY_MAX; priority++) {
		struct rq_entity *first = q->first[priority], *e = first;
		while (e) {
			e = e->ring.previous;
			if (e != q->current && may_move(e, context))
				return e;
			if (e == first)
				break;
		}
	}
	return NULL;
}

bool rq_is_owed(const struct runqueue *q, const struct rq_entity *e)
{
	return e->priority || distance(e->vruntime, average(q)) >= 0;
}

uint64_t rq_load(const struct runqueue *q)
{
	return q->load + (uint64_t)q->realtime * WEIGHT_REALTIME;
}
