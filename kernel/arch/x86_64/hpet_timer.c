/* The HPET as the timer of all CPUs, on machines whose local APIC timers cannot be relied on (lapic.c says which).
 *
 * One comparator serves all: each CPU notes when it wants to be woken, and the comparator is set for the earliest. Its
 * interrupt goes to one CPU, by ISA interrupt 0 as the specification has it for this purpose (section 2.4.2, "LEG_RT"),
 * and that CPU interrupts the others whose time has come, on the vector that their own timers would have used.
 *
 * The comparator fires when the counter is equal to it and not behind it: one that is set too late would fire a whole
 * turn of the counter later. So it is compared with the counter once it is set, and set again with more room while it
 * was late. All is in the counter's lower 32 bits; what is further away than half a turn fires on the way, and the
 * owner arms again. */
#include "kernel/arch/x86_64/hpet.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/clock_sources.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/vectors.h"
#include "kernel/irq/irq.h"
#include "kernel/sync/spinlock.h"

#define MEASURE_TICKS	2000000ull	/* of the TSC: a thousandth, with 10 MHz and a TSC of 2 GHz */
#define AHEAD_MOST	0x7fffffffu
#define TAKES		128		/* counts: on some chips it is so long until the comparator has what is written to it */
#define ROOM_LEAST	(2u * TAKES)
#define MISSED		0x100000	/* counts: some 10 ms; an interrupt that is only late would come once more at each arming */

struct wish {
	bool armed;
	uint32_t at;
};

static struct spinlock lock = SPINLOCK_RANKED("hpet", LOCK_HPET);
static PERCPU(struct wish, wishes);			/* under the lock, too */
static struct wish set GUARDED_BY(&lock);		/* what the comparator is set for */
static volatile uint32_t *registers;
static uint64_t counts_per_tick;			/* in 32.32 fixed point */
static void (*timer_fired)(void);

static int32_t counts_until(uint32_t at)
{
	return (int32_t)(at - registers[HPET_COUNTER]);
}

static void comparator_set_locked(uint32_t at) REQUIRES(&lock)
{
	for (uint32_t room = ROOM_LEAST;; room *= 2) {
		set = (struct wish){ true, at };
		registers[HPET_COMPARATOR(0)] = at;
		if (counts_until(at) >= TAKES)
			return;
		at = registers[HPET_COUNTER] + room;
	}
}

/* Interrupt the CPUs whose time has come; true where this is one of them. */
static bool wake_due_locked(void) REQUIRES(&lock)
{
	struct wish earliest = { 0 };
	bool self = false;

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		struct wish *w = &cpu_of(id, wishes);
		if (!w->armed)
			continue;
		if (counts_until(w->at) <= 0) {
			w->armed = false;
			if (id == cpu_id())
				self = true;
			else
				lapic->send(cpu_of(id, cpu_local).apic_id, LAPIC_DELIVERY_FIXED | LAPIC_ASSERT | VECTOR_TIMER);
		} else if (!earliest.armed || (int32_t)(w->at - earliest.at) < 0) {
			earliest = *w;
		}
	}
	set.armed = false;
	if (earliest.armed)
		comparator_set_locked(earliest.at);
	return self;
}

/* Always ours: one that comes for nobody is left of what was armed before. */
static bool interrupt(void *context)
{
	uint64_t flags = spin_lock_irqsave(&lock);
	bool self = wake_due_locked();

	spin_unlock_irqrestore(&lock, flags);
	if (self)
		timer_fired();
	return true;
}

void hpet_timer_arm(uint64_t ticks)
{
	uint64_t now = cpu_ticks(), ahead = ticks > now ? ticks - now : 0;
	unsigned __int128 counts = ((unsigned __int128)ahead * counts_per_tick >> 32) + 1;
	uint64_t flags = spin_lock_irqsave(&lock);
	struct wish *own = &this_cpu(wishes);

	own->armed = ticks != ~0ull;
	own->at = registers[HPET_COUNTER] + (counts > AHEAD_MOST ? AHEAD_MOST : (uint32_t)counts);
	if (set.armed && counts_until(set.at) < -MISSED)	/* all others wait as well */
		comparator_set_locked(registers[HPET_COUNTER] + ROOM_LEAST);
	else if (own->armed && (!set.armed || (int32_t)(own->at - set.at) < 0))
		comparator_set_locked(own->at);
	spin_unlock_irqrestore(&lock, flags);
}

static uint64_t measure(void)
{
	uint64_t start = cpu_ticks(), end;
	uint32_t first = registers[HPET_COUNTER];

	do
		end = cpu_ticks();
	while (end - start < MEASURE_TICKS);
	return ((uint64_t)(registers[HPET_COUNTER] - first) << 32) / (end - start);
}

bool hpet_timer_init(void (*fired)(void))
{
	registers = clock_source_hpet.hz ? clock_source_hpet.registers : NULL;
	if (!registers || !(registers[HPET_CAPABILITIES] & HPET_HAS_LEGACY_ROUTE))
		return false;
	counts_per_tick = measure();
	if (!counts_per_tick || irq_request_isa(0, "HPET", interrupt, NULL) < 0)
		return false;
	timer_fired = fired;
	registers[HPET_TIMER(0)] = (registers[HPET_TIMER(0)] & ~(HPET_TIMER_LEVEL | HPET_TIMER_PERIODIC | HPET_TIMER_MESSAGE)) |
				   HPET_TIMER_32_BITS | HPET_TIMER_INTERRUPT;
	registers[HPET_CONFIGURATION] |= HPET_LEGACY_ROUTE;
	return true;
}
