/* Measuring the TSC.
 *
 * A reading is a counter's value between two readings of the TSC. SMM or a hypervisor may stop us in between and
 * spoil it, so of several the one with the narrowest window counts; its width says how wrong it can be, and with the
 * counter's own step that makes the error that is shown. All counters are measured over the same millisecond, so that
 * comparing them costs no further waiting. The PIT comes only where no other runs: to ask it is to program it.
 *
 * A millisecond gives about a thousandth, better on the emulator. The first reading is kept, and a second one taken
 * much later gives a few millionths at no price. */
#include "kernel/time/calibrate.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"

#define WAIT_TICKS_MAX	200000000ull	/* 20 ms at 10 GHz, and longer at less */
#define BOOT_HZ		1000		/* measure for 1/1000 s */
#define READINGS	5
#define REFERENCES_MAX	4
#define GUESS_HZ	2000000000ull
#define MILLION		1000000ull

struct reading {
	uint64_t count, ticks, window;
};

static struct reference {
	const struct clock_source *source;
	struct reading first;
	struct rate_claim claim;	/* the TSC's rate by it */
	uint64_t ticks;			/* measured for so long */
} references[REFERENCES_MAX];
static unsigned reference_count;
static uint64_t stated_hz;
static const char *stated_by;
static uint64_t chosen_hz;

static struct reading reading_take(const struct clock_source *s)
{
	struct reading best = { .window = ~0ull };

	for (unsigned i = 0; i < READINGS; i++) {
		uint64_t before = cpu_ticks_ordered(), count = s->read(s), after = cpu_ticks_ordered();
		if (after - before < best.window)
			best = (struct reading){ count & s->mask, before + (after - before) / 2, after - before };
	}
	return best;
}

static uint64_t counts_between(const struct clock_source *s, uint64_t from, uint64_t to)
{
	return (to - from) & s->mask;
}

/* The rate from the first reading to `last`; claims nothing where the counter stands still. */
static void reference_measure(struct reference *r, const struct reading *last)
{
	uint64_t counts = counts_between(r->source, r->first.count, last->count), ticks = last->ticks - r->first.ticks;

	r->ticks = ticks;
	r->claim = (struct rate_claim){ .by = r->source->name, .measured = true };
	if (!counts || !ticks || ticks > ~0ull / r->source->hz || ticks > ~0ull / MILLION)
		return;
	uint64_t uncertain = (r->first.window + last->window) / 2 + ticks / counts + 1;
	r->claim.hz = ticks * r->source->hz / counts;
	r->claim.ppm = (uint32_t)MIN(uncertain * MILLION / ticks + 1, MILLION);
}

/* Start what is there among the sources of one kind, and take the first readings. */
static void references_start(bool wraps_soon)
{
	unsigned from = reference_count;

	for (unsigned i = 0; clock_sources[i]; i++) {
		struct clock_source *s = clock_sources[i];
		if (s->wraps_soon != wraps_soon || reference_count == REFERENCES_MAX || !s->start(s))
			continue;
		references[reference_count++] = (struct reference){ .source = s };
	}
	for (struct reference *r = references + from; r < references + reference_count; r++)
		r->first = reading_take(r->source);
}

static bool millisecond_passed(unsigned from)
{
	for (struct reference *r = references + from; r < references + reference_count; r++)
		if (counts_between(r->source, r->first.count, r->source->read(r->source)) >= r->source->hz / BOOT_HZ)
			return true;
	return false;
}

/* Measure all references of one kind. True where one gave a rate. */
static bool references_measure(bool wraps_soon)
{
	unsigned from = reference_count;
	uint64_t start = cpu_ticks();
	bool any = false;

	references_start(wraps_soon);
	if (from == reference_count)
		return false;
	while (!millisecond_passed(from) && cpu_ticks() - start < WAIT_TICKS_MAX)
		cpu_relax();
	for (struct reference *r = references + from; r < references + reference_count; r++) {
		struct reading last = reading_take(r->source);
		reference_measure(r, &last);
		any |= rate_is_plausible(r->claim.hz);
	}
	return any;
}

static bool reference_is_good(const struct reference *r)
{
	return rate_is_plausible(r->claim.hz) && rate_agrees(r->claim.hz, chosen_hz);
}

/* The counter with the finest step among the good ones that do not wrap soon; NULL where there is none. */
static struct reference *reference_best(void)
{
	struct reference *best = NULL;

	for (struct reference *r = references; r < references + reference_count; r++)
		if (reference_is_good(r) && !r->source->wraps_soon && (!best || r->source->hz > best->source->hz))
			best = r;
	return best;
}

static void warn_of_others(void)
{
	if (stated_hz && !rate_agrees(stated_hz, chosen_hz))
		pr_warn("clock: %s says %llu Hz, which is not so", stated_by, (unsigned long long)stated_hz);
	for (struct reference *r = references; r < references + reference_count; r++)
		if (!r->claim.hz)
			pr_warn("clock: the %s does not count", r->source->name);
		else if (!reference_is_good(r))
			pr_warn("clock: by the %s the TSC runs at %llu Hz: not used", r->source->name,
				(unsigned long long)r->claim.hz);
}

struct rate_claim calibrate_boot(uint64_t stall_hz)
{
	struct rate_claim claims[REFERENCES_MAX + 2], chosen = { .by = "a guess", .hz = GUESS_HZ, .ppm = MILLION };
	unsigned count = 0;

	stated_hz = cpu_ticks_stated_hz(&stated_by);
	if (!references_measure(false))
		references_measure(true);
	claims[count++] = (struct rate_claim){ .by = stated_by, .hz = stated_hz };
	for (unsigned i = 0; i < reference_count; i++)
		claims[count++] = references[i].claim;
	claims[count++] = (struct rate_claim){ .by = "the firmware's Stall", .hz = stall_hz, .ppm = 10000 };

	const struct rate_claim *best = rate_choose(claims, count);
	if (best)
		chosen = *best;
	else
		pr_warn("clock: nothing tells the TSC's rate; times are guesses");
	chosen_hz = chosen.hz;
	warn_of_others();
	return chosen;
}

struct rate_claim calibrate_again(const struct rate_claim *known)
{
	struct reference *r = reference_best();
	struct rate_claim nothing = { 0 };

	if (!r)
		return nothing;
	struct reading now = reading_take(r->source);
	/* Beyond half of the counter's range nobody knows how often it has wrapped. */
	if ((now.ticks - r->first.ticks) / known->hz >= r->source->mask / 2 / r->source->hz) {
		r->first = now;
		return nothing;
	}
	struct reference measured = *r;
	reference_measure(&measured, &now);
	/* It is the TSC that has changed, else: the counter is as good as it was. */
	if (rate_agrees(measured.claim.hz, chosen_hz))
		*r = measured;
	return measured.claim;
}

void calibrate_restart(void)
{
	struct reference *r = reference_best();

	if (r)
		r->first = reading_take(r->source);
}

const struct clock_source *calibrate_fallback(void)
{
	struct reference *r = reference_best();

	return r ? r->source : NULL;
}

static unsigned bits_of(uint64_t mask)
{
	return mask ? 64 - (unsigned)__builtin_clzll(mask) : 0;
}

void calibrate_print(void)
{
	if (stated_hz)
		monitor_printf("stated     %llu Hz, by %s\n", (unsigned long long)stated_hz, stated_by);
	for (struct reference *r = references; r < references + reference_count; r++)
		monitor_printf("measured   %llu Hz within %u ppm, by the %s (%u bits at %llu Hz) over %llu us%s\n",
			       (unsigned long long)r->claim.hz, r->claim.ppm, r->source->name, bits_of(r->source->mask),
			       (unsigned long long)r->source->hz, (unsigned long long)(r->ticks * MILLION / chosen_hz),
			       reference_is_good(r) ? "" : ": not used");
}
