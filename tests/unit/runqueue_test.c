/* The run queue: against a model of it in random steps, and what it promises to whoever waits for the CPU. */
#include "kernel/sched/runqueue.h"

#include <abi/linux/errno.h>
#include "tests/unit/random.h"
#include "tests/unit/runqueue_model.h"
#include "tests/unit/test.h"

#define MSEC		1000000ll
#define SEC		(1000 * MSEC)
#define MOST		100000		/* entities */
#define CHUNK		100000		/* ns: the most that is charged at once, "granularity" below */
#define ROUNDING	10000		/* ns: what leaving at a lag of a nanosecond or two, and not 0, adds up to */

static struct runqueue queue;
static struct rq_entity entities[MOST];
static struct model_entity model_entities[MOST];
static struct model model;

/* What the checks found, counted, so that a test can demand that they find something. */
static struct {
	unsigned wrong_picks, out_of_bounds, wrong_times;
} found;

static void begin(int count, uint64_t start)
{
	memset(entities, 0, sizeof(entities[0]) * (size_t)count);
	memset(model_entities, 0, sizeof(model_entities[0]) * (size_t)count);
	memset(&found, 0, sizeof(found));
	rq_init(&queue);
	queue.base = start;
	model = (struct model) { .entities = model_entities, .count = count, .current = MODEL_NOBODY, .last = start };
}

static void make(int i, int policy, int nice)
{
	CHECK_EQ(rq_entity_init(&entities[i], policy, 0, nice), 0);
	model_set(&model, i, policy, nice);
}

/* Let somebody run: the queue's choice, which must be the model's; or a round robin's, for the model alone. */
static void pick(bool round_robin)
{
	int right = model_pick(&model), chosen = MODEL_NOBODY;

	if (round_robin) {
		for (int n = 1; n <= model.count && chosen == MODEL_NOBODY; n++)
			if (model.entities[(model.current + n) % model.count].queued)
				chosen = (model.current + n) % model.count;
	} else {
		struct rq_entity *e = rq_pick(&queue);
		chosen = e ? (int)(e - entities) : MODEL_NOBODY;
	}
	found.wrong_picks += chosen != right;
	model_run(&model, chosen);
}

static void charge(nsec_t ran, bool round_robin)
{
	model_charge(&model, ran);
	if (!round_robin)
		rq_charge(&queue, ran);
	if (round_robin ? model.slice_over : rq_should_preempt(&queue))
		pick(round_robin);
}

static void join(int i, bool round_robin)
{
	model_join(&model, i);
	bool make_way = round_robin ? model.current == MODEL_NOBODY : rq_enqueue(&queue, &entities[i]);
	if (make_way)
		pick(round_robin);
}

static void leave(int i, bool round_robin)
{
	model_leave(&model, i);
	if (!round_robin)
		rq_dequeue(&queue, &entities[i]);
	if (model.current == MODEL_NOBODY)
		pick(round_robin);
}

/* The current one blocks, all in one call. */
static void block(nsec_t ran)
{
	model_charge(&model, ran);
	model_leave(&model, model.current);
	int right = model_pick(&model);
	struct rq_entity *e = rq_leave(&queue, ran);
	int chosen = e ? (int)(e - entities) : MODEL_NOBODY;

	found.wrong_picks += chosen != right;
	model_run(&model, chosen);
}

static void set(int i, int policy, int nice, bool round_robin)
{
	bool queued = model.entities[i].queued, current = model.current == i;

	if (queued)
		model_leave(&model, i);
	model_set(&model, i, policy, nice);
	if (queued)
		model_join(&model, i);
	if (current)
		model.current = i;
	if (!round_robin)
		CHECK_EQ(rq_set(&queue, &entities[i], policy, 0, nice), 0);
}

/* Does an entity's time agree with the model's? */
static void check_time(int i)
{
	const struct rq_entity *e = &entities[i];
	const struct model_entity *m = &model.entities[i];

	found.wrong_times += e->queued != m->queued;
	if (m->queued)
		found.wrong_times += e->vruntime != (uint64_t)m->vruntime || e->deadline != (uint64_t)m->deadline;
	else
		found.wrong_times += e->lag != m->lag;
}

/* The bound of Stoica and Abdel-Wahab 1995, theorem 1, for a system in which clients join and leave with a lag of 0: no
 * client is ahead of its ideal time by more than its request, nor behind by more than the largest request (or quantum).
 * Here time is charged up to CHUNK at a time, so that a request is exceeded by as much. */
#define STEADY_LAG	(RQ_SLICE + CHUNK + ROUNDING)

/* Who joins or leaves with another lag moves the average, and with it all others' lags; for that there is no theorem. As
 * nobody brings more than two slices along, lags stay within a few; in millions of such steps the most is about seven. */
#define ANY_LAG		(10 * RQ_SLICE)

static void check_bounds(nsec_t most)
{
	wide_t load = model_load(&model), sum = model_sum(&model);

	for (int i = 0; load && i < model.count; i++) {
		if (!model.entities[i].queued)
			continue;
		nsec_t lag = model_lag(&model, i, sum, load);
		found.out_of_bounds += lag > most || lag < -most;
	}
}

/* The current one sleeps at the moment when it is owed nothing, where it reaches that within its slice. */
static void leave_in_step(bool round_robin)
{
	wide_t load = model_load(&model), weight = model.entities[model.current].weight;

	if (load == weight) {
		leave(model.current, round_robin);
		return;
	}
	nsec_t lag = model_lag(&model, model.current, model_sum(&model), load);
	nsec_t until = (nsec_t)(lag * load / (load - weight));
	if (lag < 0 || until > CHUNK)
		return;
	int i = model.current;
	charge(until, round_robin);
	if (model.current == i)
		leave(i, round_robin);
}

static int random_policy(void)
{
	static const int policies[] = { SCHED_OTHER, SCHED_OTHER, SCHED_OTHER, SCHED_BATCH, SCHED_IDLE };

	return policies[random_under(ARRAY_SIZE(policies))];
}

static int random_nice(void)
{
	return (int)random_under(40) - 20;
}

/* One thing that happens. Steady: nobody joins or leaves with a lag other than 0. */
static void step(bool steady, bool round_robin)
{
	int i = (int)random_under((uint64_t)model.count);
	bool queued = model.entities[i].queued, running = model.current != MODEL_NOBODY;

	switch (random_under(16)) {
	case 0:
		if (!queued)
			join(i, round_robin);
		break;
	case 1:
		if (running && steady)
			leave_in_step(round_robin);
		else if (running && !round_robin && random_under(2))
			block((nsec_t)random_under(2 * RQ_SLICE));
		else if (queued)
			leave(i, round_robin);
		break;
	case 2:
		if (!steady || !queued)
			set(i, random_policy(), random_nice(), round_robin);
		break;
	case 3:
		if (running) {
			model_yield(&model);
			if (!round_robin)
				rq_yield(&queue);
			pick(round_robin);
		}
		break;
	case 4:
		if (!round_robin)
			pick(false);
		break;
	default:
		if (running)
			charge((nsec_t)random_under(CHUNK), round_robin);
	}
}

static void random_steps(unsigned steps, bool steady, bool round_robin)
{
	for (int i = 0; i < model.count; i++)
		make(i, random_policy(), random_nice());
	for (unsigned n = 0; n < steps; n++) {
		step(steady, round_robin);
		if (!round_robin) {
			check_time((int)random_under((uint64_t)model.count));
			if (model.current != MODEL_NOBODY)
				check_time(model.current);
		}
		check_bounds(steady ? STEADY_LAG : ANY_LAG);
	}
}

static void check_nothing_found(void)
{
	CHECK_EQ(found.wrong_picks, 0);
	CHECK_EQ(found.wrong_times, 0);
	CHECK_EQ(found.out_of_bounds, 0);
}

TEST(steady_system_stays_within_the_bound)
{
	begin(12, 0);
	random_steps(1000000, true, false);
	check_nothing_found();
}

TEST(any_steps_as_the_model)
{
	begin(24, 0);
	random_steps(1000000, false, false);
	check_nothing_found();
}

TEST(checks_find_a_round_robin)
{
	begin(12, 0);
	random_steps(20000, true, true);
	CHECK(found.wrong_picks > 100);
	CHECK(found.out_of_bounds > 100);
}

TEST(virtual_time_wraps_around)
{
	static const uint64_t starts[] = { INT64_MAX - (1ull << 36), UINT64_MAX - (1ull << 36), INT64_MAX, UINT64_MAX };

	for (unsigned i = 0; i < ARRAY_SIZE(starts); i++) {
		begin(12, starts[i]);
		random_steps(20000, i % 2, false);
		check_nothing_found();
	}
}

/* All there are, of the largest weight but for a few of the smallest, so that each sum is as large as it gets. */
TEST(hundred_thousand)
{
	begin(MOST, (1ull << 63) - 1000);
	for (int i = 0; i < MOST; i++) {
		make(i, i % 1000 ? SCHED_OTHER : SCHED_IDLE, -20);
		entities[i].lag = model.entities[i].lag = (i % 3 - 1) * 2 * (int64_t)entities[i].slice;
	}
	rq_enqueue(&queue, &entities[0]);
	model_join(&model, 0);
	pick(false);
	/* The model is too slow to join one by one: it follows the queue from here. */
	for (int i = 1; i < MOST; i++) {
		rq_enqueue(&queue, &entities[i]);
		struct model_entity *m = &model.entities[i];
		m->queued = true;
		m->vruntime = (wide_t)entities[0].vruntime + (int64_t)(entities[i].vruntime - entities[0].vruntime);
		m->deadline = m->vruntime + model_virtual(m, RQ_SLICE_FIRST);
		m->turn = model.turns++;
	}
	CHECK_EQ(rq_load(&queue), model_load(&model));
	for (unsigned n = 0; n < 60; n++) {
		model_charge(&model, MSEC);
		rq_charge(&queue, MSEC);
		pick(false);
		check_time(model.current);
	}
	check_nothing_found();
	for (int i = 0; i < MOST; i++)
		rq_dequeue(&queue, &entities[i]);
	CHECK(!rq_pick(&queue));
	CHECK_EQ(queue.queued, 0);
	CHECK_EQ(queue.load, 0);
	CHECK_EQ(queue.sum, 0);
}

TEST(charges_of_hours)
{
	begin(6, 1ull << 62);
	for (int i = 0; i < 6; i++) {
		make(i, i == 5 ? SCHED_IDLE : SCHED_OTHER, i == 4 ? -20 : 3 * i);
		join(i, false);
	}
	for (unsigned n = 0; n < 300; n++) {
		charge(n % 50 == 0 ? INT64_MAX : n % 10 == 0 ? 3600 * SEC : RQ_SLICE, false);
		for (int i = 0; i < 6; i++)
			check_time(i);
	}
	/* Days in a row with nobody asking who is next, as behind a lock that is never given back. */
	for (unsigned n = 0; n < 100; n++) {
		model_charge(&model, 3600 * SEC);
		rq_charge(&queue, 3600 * SEC);
	}
	for (unsigned n = 0; n < 300; n++)
		charge(RQ_SLICE, false);
	check_nothing_found();
}

/* Times of each entity, as a scheduler runs them whose timer is exact. */
static nsec_t ran[MOST];

static void run_alone(nsec_t most)
{
	struct rq_entity *e = queue.current;
	nsec_t left = rq_slice_left(&queue);

	left = left ? MIN(left, most) : most;
	rq_charge(&queue, left);
	ran[e - entities] += left;
	if (rq_should_preempt(&queue))
		rq_pick(&queue);
}

static void start(int count, const int *policies, const int *nices)
{
	rq_init(&queue);
	memset(ran, 0, sizeof(ran[0]) * (size_t)count);
	for (int i = 0; i < count; i++) {
		CHECK_EQ(rq_entity_init(&entities[i], policies ? policies[i] : SCHED_OTHER, 0, nices[i]), 0);
		rq_enqueue(&queue, &entities[i]);
	}
	rq_pick(&queue);
}

/* Run until the one that gets the least had so much, and compare each with its share. */
static void check_shares(int count, nsec_t least, nsec_t most)
{
	uint64_t load = 0;
	int last = 0;
	nsec_t all = 0;

	for (int i = 0; i < count; i++) {
		load += entities[i].weight;
		last = entities[i].weight < entities[last].weight ? i : last;
	}
	while (ran[last] < least)
		run_alone(most);
	for (int i = 0; i < count; i++)
		all += ran[i];
	for (int i = 0; i < count; i++) {
		double share = (double)entities[i].weight / (double)load, got = (double)ran[i] / (double)all;
		if (got < share * 0.98 || got > share * 1.02)
			TEST_FAIL("nice %d among %d got %f, not %f", entities[i].nice, count, got, share);
	}
}

TEST(time_by_nice_level_in_pairs)
{
	for (int high = -20; high <= 19; high++) {
		for (int low = high; low <= 19; low += 3) {
			start(2, NULL, (const int[]) { high, low });
			CHECK_EQ(entities[0].weight, model_weights[high + 20]);
			check_shares(2, 60 * RQ_SLICE, SEC);
		}
	}
}

/* The same in pieces of a microsecond, of which the heaviest gets only a few virtual nanoseconds each. */
TEST(time_by_nice_level_in_small_pieces)
{
	start(2, NULL, (const int[]) { -20, -9 });
	check_shares(2, 60 * RQ_SLICE, 997);
}

TEST(time_by_nice_level_among_ten)
{
	for (unsigned round = 0; round < 20; round++) {
		int nices[10];
		for (unsigned i = 0; i < 10; i++)
			nices[i] = (int)random_under(25) - (round % 2 ? 20 : 5);
		start(10, NULL, nices);
		check_shares(10, 60 * RQ_SLICE, SEC);
	}
}

TEST(idle_gets_3_of_1027)
{
	start(2, (const int[]) { SCHED_OTHER, SCHED_IDLE }, (const int[]) { 0, -20 });
	CHECK_EQ(entities[1].weight, 3);
	check_shares(2, 100 * RQ_SLICE, SEC);
}

/* What is yielded is given away, and each gets its turn. */
TEST(yielding_takes_turns)
{
	start(3, NULL, (const int[]) { 0, 0, 0 });
	unsigned turns[3] = { 0 };
	for (unsigned n = 0; n < 3000; n++) {
		struct rq_entity *before = queue.current;
		rq_charge(&queue, 200);
		rq_yield(&queue);
		CHECK(rq_pick(&queue) != before);
		turns[queue.current - entities]++;
	}
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(turns[i], 1000);
}

/* The first gets the CPU while the second sleeps, and the second no more than its half when it is back. */
TEST(sleep_saves_nothing_up)
{
	start(2, NULL, (const int[]) { 0, 0 });
	for (unsigned n = 0; n < 100; n++)
		run_alone(MSEC);
	rq_dequeue(&queue, &entities[1]);
	rq_pick(&queue);
	rq_charge(&queue, 3600 * SEC);
	rq_enqueue(&queue, &entities[1]);
	ran[0] = ran[1] = 0;
	while (ran[0] + ran[1] < SEC)
		run_alone(MSEC);
	CHECK(ran[1] <= SEC / 2 + 2 * RQ_SLICE);
	CHECK(ran[1] >= SEC / 2 - 2 * RQ_SLICE);
}

/* However much somebody was owed, or owes, when it left: two slices are kept. */
TEST(lag_that_is_kept_is_limited)
{
	start(2, NULL, (const int[]) { 0, 0 });
	struct rq_entity *runs = queue.current, *waits = &entities[runs == &entities[0]];
	rq_charge(&queue, 3600 * SEC);
	rq_dequeue(&queue, waits);
	CHECK_EQ(waits->lag, 2 * (int64_t)waits->slice);
	rq_enqueue(&queue, waits);
	rq_charge(&queue, 3600 * SEC);
	rq_dequeue(&queue, runs);
	CHECK_EQ(runs->lag, -2 * (int64_t)runs->slice);
}

/* A sleeper that comes back need not wait for the slice of somebody who computes. */
TEST(woken_one_interrupts)
{
	start(2, NULL, (const int[]) { 0, 0 });
	rq_dequeue(&queue, &entities[1]);
	rq_pick(&queue);
	rq_charge(&queue, RQ_SLICE_FIRST);
	CHECK(!rq_should_preempt(&queue));
	rq_charge(&queue, MSEC);
	CHECK(rq_enqueue(&queue, &entities[1]));
	CHECK(rq_pick(&queue) == &entities[1]);
	/* And not the other way round: who has just begun is left alone. */
	rq_dequeue(&queue, &entities[0]);
	rq_charge(&queue, 1000);
	CHECK(!rq_enqueue(&queue, &entities[0]));
}

TEST(batch_and_idle_do_not_interrupt)
{
	static const struct { int current, woken; bool interrupts; } cases[] = {
		{ SCHED_OTHER, SCHED_OTHER, true }, { SCHED_OTHER, SCHED_BATCH, false },
		{ SCHED_OTHER, SCHED_IDLE, false }, { SCHED_BATCH, SCHED_OTHER, true },
		{ SCHED_BATCH, SCHED_BATCH, false }, { SCHED_BATCH, SCHED_IDLE, false },
		{ SCHED_IDLE, SCHED_OTHER, true }, { SCHED_IDLE, SCHED_BATCH, true },
		{ SCHED_IDLE, SCHED_IDLE, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		start(1, &cases[i].current, (const int[]) { 0 });
		rq_charge(&queue, RQ_SLICE_FIRST);
		rq_charge(&queue, MSEC);
		rq_entity_init(&entities[1], cases[i].woken, 0, 0);
		CHECK_EQ(rq_enqueue(&queue, &entities[1]), cases[i].interrupts);
		if (cases[i].interrupts)
			CHECK(rq_pick(&queue) == &entities[1]);
	}
}

/* Even one that has run too much before. */
TEST(idle_makes_way_for_a_debtor)
{
	start(2, (const int[]) { SCHED_IDLE, SCHED_OTHER }, (const int[]) { 0, 0 });
	while (queue.current != &entities[1])
		run_alone(SEC);
	rq_charge(&queue, SEC);
	rq_dequeue(&queue, &entities[1]);
	CHECK(entities[1].lag < 0);
	rq_pick(&queue);
	CHECK(rq_enqueue(&queue, &entities[1]));
	CHECK(rq_pick(&queue) == &entities[1]);
}

/* A slice is over after what rq_slice_left said, in however many pieces it is charged, and not a microsecond or two
 * before. */
TEST(slice_left_is_true)
{
	for (int nice = -20; nice <= 19; nice++) {
		start(2, NULL, (const int[]) { nice, nice });
		for (unsigned n = 0; n < 20; n++) {
			struct rq_entity *before = queue.current;
			nsec_t left = rq_slice_left(&queue);
			CHECK(left > 2000 && left <= RQ_SLICE + 1000);
			rq_charge(&queue, left - 2000);
			CHECK(!rq_should_preempt(&queue));
			for (unsigned piece = 0; piece < 20; piece++)
				rq_charge(&queue, 100);
			CHECK(rq_should_preempt(&queue));
			CHECK(rq_pick(&queue) != before);
		}
	}
	rq_dequeue(&queue, &entities[0]);
	rq_pick(&queue);
	CHECK_EQ(rq_slice_left(&queue), 0);
	rq_dequeue(&queue, &entities[1]);
	CHECK_EQ(rq_slice_left(&queue), 0);
}

static void add(int i, int policy, int priority)
{
	CHECK_EQ(rq_entity_init(&entities[i], policy, priority, 0), 0);
	rq_enqueue(&queue, &entities[i]);
}

TEST(realtime_by_priority_then_arrival)
{
	static const int priorities[] = { 1, 63, 64, 99, 63, 99, 1, 50 }, order[] = { 3, 5, 2, 1, 4, 7, 0, 6 };

	rq_init(&queue);
	for (int i = 0; i < 8; i++)
		add(i, i % 2 ? SCHED_FIFO : SCHED_RR, priorities[i]);
	add(8, SCHED_OTHER, 0);
	for (int i = 0; i < 8; i++) {
		CHECK(rq_pick(&queue) == &entities[order[i]]);
		rq_dequeue(&queue, &entities[order[i]]);
	}
	CHECK(rq_pick(&queue) == &entities[8]);
	add(0, SCHED_FIFO, 1);
	CHECK(rq_should_preempt(&queue));
	CHECK(rq_pick(&queue) == &entities[0]);
	rq_dequeue(&queue, &entities[8]);	/* back in the tree, not current */
	CHECK_EQ(queue.queued, 1);
}

TEST(fifo_runs_on_and_rr_takes_turns)
{
	rq_init(&queue);
	for (int i = 0; i < 3; i++)
		add(i, SCHED_FIFO, 10);
	rq_pick(&queue);
	CHECK_EQ(rq_slice_left(&queue), 0);
	rq_charge(&queue, 3600 * SEC);
	CHECK(!rq_should_preempt(&queue));
	rq_yield(&queue);
	CHECK(rq_pick(&queue) == &entities[1]);
	add(3, SCHED_FIFO, 11);
	CHECK(rq_should_preempt(&queue));
	CHECK(rq_pick(&queue) == &entities[3]);
	rq_dequeue(&queue, &entities[3]);
	CHECK(rq_pick(&queue) == &entities[1]);		/* still before the others */

	rq_init(&queue);
	add(0, SCHED_RR, 10);
	rq_pick(&queue);
	CHECK_EQ(rq_slice_left(&queue), 0);		/* alone */
	add(1, SCHED_RR, 10);
	for (int n = 0; n < 6; n++) {
		CHECK_EQ(rq_slice_left(&queue), RQ_RR_SLICE);
		rq_charge(&queue, RQ_RR_SLICE - 1);
		CHECK(!rq_should_preempt(&queue));
		rq_charge(&queue, 1);
		CHECK(rq_should_preempt(&queue));
		CHECK(rq_pick(&queue) == &entities[(n + 1) % 2]);
	}
}

/* Queued ones change class, the current one as well, and each class still works. */
TEST(class_changes)
{
	start(3, NULL, (const int[]) { 0, 0, 0 });
	struct rq_entity *e = queue.current, *other = &entities[e == &entities[0] ? 1 : 0];

	CHECK_EQ(rq_set(&queue, e, SCHED_FIFO, 5, 0), 0);
	CHECK(queue.current == e);
	CHECK(!rq_should_preempt(&queue));
	CHECK_EQ(rq_set(&queue, other, SCHED_RR, 6, 0), 0);
	CHECK(rq_should_preempt(&queue));
	CHECK(rq_pick(&queue) == other);
	CHECK_EQ(rq_set(&queue, e, SCHED_RR, 6, 0), 0);
	CHECK_EQ(rq_set(&queue, other, SCHED_FIFO, 6, 0), 0);	/* behind e now, and not at the front */
	rq_yield(&queue);
	CHECK(rq_pick(&queue) == e);
	CHECK_EQ(rq_set(&queue, e, SCHED_RR, 7, 0), 0);
	CHECK_EQ(rq_set(&queue, other, SCHED_RR, 7, 0), 0);
	add(3, SCHED_RR, 7);
	CHECK(rq_pick(&queue) == e);
	CHECK_EQ(rq_set(&queue, &entities[3], SCHED_RR, 6, 0), 0);
	CHECK_EQ(rq_set(&queue, e, SCHED_RR, 6, 0), 0);
	add(4, SCHED_RR, 6);
	rq_yield(&queue);	/* it has come to the middle of a ring whose first has not had its turn */
	rq_dequeue(&queue, other);
	CHECK(rq_pick(&queue) == &entities[3]);
	rq_dequeue(&queue, &entities[3]);
	rq_dequeue(&queue, &entities[4]);
	CHECK_EQ(rq_set(&queue, e, SCHED_OTHER, 0, 0), 0);
	rq_enqueue(&queue, other);
	CHECK_EQ(rq_set(&queue, other, SCHED_OTHER, 0, 0), 0);
	CHECK_EQ(queue.realtime, 0);
	CHECK_EQ(queue.queued, 3);
	CHECK_EQ(rq_load(&queue), 3 * 1024);
	rq_pick(&queue);
	memset(ran, 0, sizeof(ran[0]) * 3);
	check_shares(3, 100 * RQ_SLICE, SEC);
}

TEST(refuses_what_is_no_policy)
{
	static const struct { int policy, priority, nice; } bad[] = {
		{ SCHED_OTHER, 1, 0 }, { SCHED_FIFO, 0, 0 }, { SCHED_RR, 100, 0 }, { SCHED_FIFO, -1, 0 },
		{ SCHED_IDLE, 1, 0 }, { SCHED_OTHER, 0, -21 }, { SCHED_BATCH, 0, 20 }, { 4, 0, 0 }, { 6, 0, 0 },
		{ -1, 0, 0 }, { INT32_MAX, 0, 0 },
	};

	start(2, NULL, (const int[]) { 0, 0 });
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct rq_entity e = { .weight = 7 };
		struct runqueue before = queue;
		CHECK_EQ(rq_entity_init(&e, bad[i].policy, bad[i].priority, bad[i].nice), -EINVAL);
		CHECK_EQ(e.weight, 7);
		CHECK_EQ(rq_set(&queue, &entities[0], bad[i].policy, bad[i].priority, bad[i].nice), -EINVAL);
		CHECK(!memcmp(&before, &queue, sizeof(queue)));
	}
}

static bool may_move(const struct rq_entity *e, void *context)
{
	const bool *fixed = context;

	return !fixed[e - entities];
}

TEST(moves_who_would_wait_longest)
{
	static const int order[] = { 4, 0, 1, 2 };	/* SCHED_IDLE; nice 0 by lag; the lowest real-time priority */
	bool fixed[5] = { false };

	rq_init(&queue);
	add(0, SCHED_OTHER, 0);
	add(1, SCHED_OTHER, 0);
	rq_dequeue(&queue, &entities[0]);
	entities[0].lag = -1000;
	rq_enqueue(&queue, &entities[0]);
	add(2, SCHED_FIFO, 3);
	add(3, SCHED_FIFO, 50);
	add(4, SCHED_IDLE, 0);
	CHECK(rq_pick(&queue) == &entities[3]);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		CHECK(rq_find_to_move(&queue, may_move, fixed) == &entities[order[i]]);
		fixed[order[i]] = true;
	}
	CHECK(!rq_find_to_move(&queue, may_move, fixed));	/* the current one stays */
}

/* To another queue and back with a new base: what it is owed goes with it. */
TEST(lag_moves_along)
{
	static struct runqueue other;

	start(3, NULL, (const int[]) { 0, 0, 5 });
	rq_charge(&queue, 2 * MSEC);
	struct rq_entity *e = &entities[queue.current == &entities[0]];
	rq_dequeue(&queue, e);
	int64_t lag = e->lag;
	CHECK(lag > 0);
	rq_init(&other);
	other.base = 12345678901234567890ull;
	struct rq_entity there;
	rq_entity_init(&there, SCHED_OTHER, 0, -3);
	rq_enqueue(&other, &there);
	rq_enqueue(&other, e);
	rq_dequeue(&other, e);
	CHECK(e->lag >= lag - 2 && e->lag <= lag + 2);
}

TEST_MAIN
