/* A graph of classes of locks: an arrow leads from each to those that were taken while it was held. An arrow that would
 * close a circle is an order that can end with everybody waiting for somebody else, as soon as the threads that go
 * round it meet; so it is reported when it turns up, long before that happens. (The idea is that of Linux's lockdep.)
 *
 * Handlers of interrupts are in it as a lock: they hold it, and as they come wherever interrupts are on, whoever holds
 * another lock there takes it. A lock that is taken in both ways closes a circle like any other.
 *
 * Nearly always the pair is known, and one look at a word tells (lock_order_add). An arrow is drawn seldom, so there is
 * time to keep who called: that is what a report can show of the other order.
 *
 * The graph has a lock of the most primitive kind, since any other would come here again; nothing is logged under it. */
#include "kernel/sync/lock_order.h"

#include "kernel/core/backtrace.h"
#include "kernel/core/log.h"
#include "kernel/core/symbols.h"
#include "lib/string.h"

#define CALLS	8u
#define ARROWS	256u	/* with their callers; of later ones these are not known */
#define WAY	8u	/* the longest circle that is shown whole */

struct arrow {
	const struct lock_graph *graph;
	uint16_t outer, inner;
	unsigned count;
	vaddr_t calls[CALLS];
};

struct report {
	const struct lock_graph *graph;
	unsigned outer, inner;
	const char *wrong;
	vaddr_t frame;			/* of who was called to take the inner one */
	const struct arrow *way[WAY];	/* from the inner one to the outer one, the last arrow first */
	unsigned steps;
};

#define CHECKED	(~(1ull << LOCK_NO_CLASS | 1ull << LOCK_UNCHECKED))
#define GRAPH(interrupts_)								\
	{										\
		.unseen = { [LOCK_NO_CLASS] = ~0ull, [LOCK_INTERRUPT] = CHECKED },	\
		.name = { [LOCK_INTERRUPT] = (interrupts_) },				\
		.classes = LOCK_UNCHECKED + 1,						\
	}

struct lock_graph lock_graph_spin = GRAPH("interrupt"), lock_graph_blocking = GRAPH(NULL);

static struct arrow arrows[ARROWS];	/* under `busy`; one that is there does not change */
static unsigned arrow_count;		/* busy */
static bool busy;			/* atomic */
static unsigned reports;		/* atomic */

static uint64_t graph_lock(void)
{
	uint64_t flags = cpu_irq_save();

	while (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static void graph_unlock(uint64_t flags)
{
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	cpu_irq_restore(flags);
}

/* The same name may be at several addresses, one for each file. */
static unsigned class_locked(struct lock_graph *g, uint16_t rank, const char *name)
{
	unsigned class = LOCK_UNCHECKED + 1;

	if (!name)
		return LOCK_UNCHECKED;
	while (class < g->classes && strcmp(g->name[class], name) != 0)
		class++;
	if (class == LOCK_CLASSES)
		return LOCK_UNCHECKED;
	if (class == g->classes) {
		g->classes++;
		g->name[class] = name;
		g->rank[class] = rank;
		g->unseen[class] = CHECKED;
	}
	return class;
}

void lock_order_classify(struct lock_graph *g, struct lock_key *key, const char *name)
{
	uint64_t flags = graph_lock();
	unsigned class = class_locked(g, key->rank, name);
	graph_unlock(flags);
	if (name && class == LOCK_UNCHECKED)
		pr_warn("lock order: \"%s\" and others are not checked, %u names are the most", name, LOCK_CLASSES);
	__atomic_store_n(&key->class, (uint16_t)class, __ATOMIC_RELEASE);
}

static const struct arrow *arrow_find(const struct lock_graph *g, unsigned outer, unsigned inner)
{
	for (unsigned i = 0; i < arrow_count; i++)
		if (arrows[i].graph == g && arrows[i].outer == outer && arrows[i].inner == inner)
			return &arrows[i];
	return NULL;
}

/* Does a way along arrows lead there? `been` keeps off those that were tried; the report gets the way. */
static bool way_find(struct report *r, unsigned from, unsigned to, uint64_t *been)
{
	const struct lock_graph *g = r->graph;

	*been |= 1ull << from;
	for (uint64_t next = g->inner[from] & ~*been; next; next = g->inner[from] & ~*been) {
		unsigned class = (unsigned)__builtin_ctzll(next);
		if (class != to && !way_find(r, class, to, been))
			continue;
		const struct arrow *a = arrow_find(g, from, class);
		if (a && r->steps < WAY)
			r->way[r->steps++] = a;
		return true;
	}
	return false;
}

static const char *wrong_locked(struct report *r)
{
	uint16_t outer_rank = r->graph->rank[r->outer], inner_rank = r->graph->rank[r->inner];
	uint64_t been = 0;

	if (r->outer == r->inner)
		return "another of its kind";
	bool circle = way_find(r, r->inner, r->outer, &been);
	if (outer_rank && inner_rank && outer_rank >= inner_rank)
		return "against the declared order";
	return circle ? "against the order seen before" : NULL;
}

static void arrow_draw_locked(struct lock_graph *g, const struct report *r)
{
	g->inner[r->outer] |= 1ull << r->inner;
	if (arrow_count == ARROWS)
		return;
	struct arrow *a = &arrows[arrow_count++];
	*a = (struct arrow){ .graph = g, .outer = (uint16_t)r->outer, .inner = (uint16_t)r->inner };
	a->count = backtrace_walk(r->frame, a->calls, CALLS);
}

static void calls_log(const vaddr_t *calls, unsigned count)
{
	char symbol[SYMBOL_TEXT];

	for (unsigned i = 0; i < count; i++)
		pr_err("lock order:   by %s", symbol_text(calls[i] - 1, symbol));
}

static void report_log(const struct report *r)
{
	const char *const *name = r->graph->name;
	vaddr_t calls[BACKTRACE_MAX];
	char symbol[SYMBOL_TEXT];

	pr_err("lock order: \"%s\" is taken with \"%s\" held, %s", name[r->inner], name[r->outer], r->wrong);
	calls_log(calls, backtrace_walk(r->frame, calls, BACKTRACE_MAX));
	if (r->outer != LOCK_INTERRUPT)
		pr_err("lock order: \"%s\" was taken by %s", name[r->outer],
		       symbol_text(r->graph->taken_at[r->outer], symbol));
	for (unsigned i = r->steps; i--; ) {
		const struct arrow *a = r->way[i];
		pr_err("lock order: before, \"%s\" was taken with \"%s\" held", name[a->inner], name[a->outer]);
		calls_log(a->calls, a->count);
	}
	__atomic_add_fetch(&reports, 1, __ATOMIC_RELEASE);
}

/* A pair that has not been seen: draw its arrow, or report it. Either way it is known from now on. */
static void pair_judge(struct lock_graph *g, unsigned outer, unsigned inner, const void *frame)
{
	struct report r = { .graph = g, .outer = outer, .inner = inner, .frame = (vaddr_t)frame };
	uint64_t flags = graph_lock(), bit = 1ull << outer;
	bool news = g->unseen[inner] & bit;

	if (news) {
		__atomic_and_fetch(&g->unseen[inner], ~bit, __ATOMIC_RELAXED);
		r.wrong = wrong_locked(&r);
		if (!r.wrong)
			arrow_draw_locked(g, &r);
	}
	graph_unlock(flags);
	if (news && r.wrong)
		report_log(&r);
}

void lock_order_look(struct lock_graph *g, struct lock_key *key, const char *name, uint64_t held)
{
	if (key->class == LOCK_NO_CLASS)
		lock_order_classify(g, key, name);
	for (uint64_t left = g->unseen[key->class] & held; left; left &= left - 1)
		pair_judge(g, (unsigned)__builtin_ctzll(left), key->class, __builtin_frame_address(0));
}

/* One is held where interrupts are on. */
void lock_order_look_interrupts(const struct lock_key *key)
{
	if (lock_graph_spin.unseen[LOCK_INTERRUPT] & lock_order_bit(key))
		pair_judge(&lock_graph_spin, key->class, LOCK_INTERRUPT, __builtin_frame_address(0));
}

unsigned lock_order_reports(void)
{
	return __atomic_load_n(&reports, __ATOMIC_ACQUIRE);
}
