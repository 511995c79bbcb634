/* The local APIC of each CPU: mode, quiet state, timer.
 *
 * Mode: x2APIC stays on where the firmware left it on (some lock it, and leaving it faults), and is entered where an
 * APIC id needs more than eight bits; else xAPIC, with which every machine works. Whatever was pending, unmasked or
 * running when the firmware left is stopped before interrupts go on.
 *
 * Timer: a TSC deadline where the CPU has it, else the one-shot count-down, whose rate is measured once against the
 * TSC. On CPUs without ARAT it may stop in states deeper than C1 (SDM volume 3, section 11.5.4). We enter none: HLT is
 * C1, and Intel's C1E is C1 at a lower voltage. AMD's families 0Fh to 11h are another matter: there firmware can have
 * the machine go on to C3 by itself when all CPUs halt, and the timer stops (erratum 400, revision guide for family
 * 10h). So that is switched off there, which costs some power on machines of those years. Where the firmware does not
 * let it be switched off, where the count-down does not count, and where `timer=hpet` says so, the HPET wakes all CPUs
 * instead (hpet_timer.c). */
#include "kernel/arch/x86_64/lapic.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/timer.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/hpet.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/arch/x86_64/vectors.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define MSR_APIC_BASE		0x1b
#define APIC_BASE_X2APIC	(1ull << 10)
#define APIC_BASE_ENABLE	(1ull << 11)
#define APIC_BASE_ADDRESS	0xffffffffff000ull
#define MSR_TSC_DEADLINE	0x6e0
#define SVR_ENABLE		(1u << 8)
#define VERSION_LVT_COUNT(v)	(((v) >> 16 & 0xff) + 1)
#define LVT_TIMER_DEADLINE	(2u << 17)
#define DIVIDE_BY_1		0xb
#define C1E_ON_HALT		(3ull << 27)	/* AMD BKDG family 10h, MSRC001_0055: SmiOnCmpHalt, C1eOnCmpHalt */
#define MEASURE_TICKS		200000ull	/* of the TSC: under 0.1 % for a count-down of 25 MHz, the slowest there is */

const struct lapic_ops *lapic;

static bool tsc_deadline, by_hpet;
static uint64_t counts_per_tick;	/* of the count-down, in 32.32 fixed point; 0 with TSC deadline */
static void (*timer_fired)(void);

/* Both bits must change one after the other: from off over xAPIC to x2APIC (SDM volume 3, figure 11-27). */
static void mode_enter(bool x2apic)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE))
		msr_write(MSR_APIC_BASE, base |= APIC_BASE_ENABLE);
	if (x2apic && !(base & APIC_BASE_X2APIC))
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
}

static bool x2apic_wanted(uint32_t largest_id)
{
	bool on = msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC;

	if (on && cmdline_flag(boot_cmdline(), "nox2apic"))
		pr_warn("lapic: nox2apic ignored, the firmware left x2APIC on");
	return on || (cpu_has(FEATURE_X2APIC) && largest_id >= 255 && !cmdline_flag(boot_cmdline(), "nox2apic"));
}

static void error_interrupt(void)
{
	lapic->write(LAPIC_ESR, 0);	/* a write latches the state, then it can be read */
	pr_warn("lapic: CPU %u: error status %#x", cpu_id(), lapic->read(LAPIC_ESR));
}

static void spurious_interrupt(void)
{
}

/* Requests that came in service before the firmware left block all of lower priority until they are ended. */
static void finish_in_service(void)
{
	for (unsigned tries = 0; tries < 256; tries++) {
		uint32_t in_service = 0;
		for (unsigned i = 0; i < 8; i++)
			in_service |= lapic->read(LAPIC_ISR + 0x10 * i);
		if (!in_service)
			return;
		lapic_end_of_interrupt();
	}
}

void lapic_init_cpu(void)
{
	mode_enter(lapic == &x2apic_ops);
	unsigned last_lvt = VERSION_LVT_COUNT(lapic->read(LAPIC_VERSION)) - 1;

	lapic->write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
	lapic->write(LAPIC_TIMER_INITIAL, 0);
	lapic->write(LAPIC_LVT_LINT0, LAPIC_LVT_MASKED);	/* the 8259s' way in */
	if (last_lvt >= 4)
		lapic->write(LAPIC_LVT_PERF, LAPIC_LVT_MASKED);
	if (last_lvt >= 5)
		lapic->write(LAPIC_LVT_THERMAL, LAPIC_LVT_MASKED);
	if (last_lvt >= 6)
		lapic->write(LAPIC_LVT_CMCI, LAPIC_LVT_MASKED);
	lapic->write(LAPIC_TPR, 0);
	lapic->write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	finish_in_service();
	/* Nearly every board has the NMI here; the MADT may say more. A disabled LAPIC would leave it masked (section
	 * 11.4.7.2). */
	lapic->write(LAPIC_LVT_LINT1, LAPIC_DELIVERY_NMI);
	lapic->write(LAPIC_ESR, 0);
	lapic->write(LAPIC_LVT_ERROR, VECTOR_ERROR);
}

void lapic_init(paddr_t base, uint32_t largest_id)
{
	if (!base)
		base = msr_read(MSR_APIC_BASE) & APIC_BASE_ADDRESS;
	lapic = x2apic_wanted(largest_id) ? &x2apic_ops : xapic_start(base);
	if (!lapic)
		panic("lapic: no mapping for the registers at %#llx", (unsigned long long)base);
	vector_set_system(VECTOR_ERROR, "LAPIC error", error_interrupt);
	vector_set_system(VECTOR_SPURIOUS, "LAPIC spurious", spurious_interrupt);
	lapic_init_cpu();
	pr_info("lapic: %s, boot CPU is id %u", lapic->name, lapic_id());
}

void timer_hw_set_handler(void (*fired)(void))
{
	timer_fired = fired;
	vector_set_system(VECTOR_TIMER, "timer", fired);
}

const char *timer_hw_name(void)
{
	return by_hpet ? "HPET, for all CPUs" : tsc_deadline ? "TSC deadline" : "LAPIC one-shot";
}

/* The count-down's counts in a tick of the TSC. */
static uint64_t measure(void)
{
	lapic->write(LAPIC_TIMER_INITIAL, ~0u);
	uint64_t start = cpu_ticks(), end;
	uint32_t first = lapic->read(LAPIC_TIMER_CURRENT);
	do
		end = cpu_ticks();
	while (end - start < MEASURE_TICKS);
	uint32_t last = lapic->read(LAPIC_TIMER_CURRENT);
	lapic->write(LAPIC_TIMER_INITIAL, 0);
	return ((uint64_t)(first - last) << 32) / (end - start);
}

/* A virtual machine's timers run whatever its CPUs do. The register came with the first dual cores, model 40h. False
 * where C1E stays on. */
static bool c1e_off(void)
{
	struct cpu_model m = cpu_model();
	uint64_t value;

	if (cpu_has(FEATURE_ARAT) || cpu_has(FEATURE_HYPERVISOR) || !cpu_is_amd() || m.family > 0x11 ||
	    (m.family == 0xf && m.model < 0x40))
		return true;
	value = msr_read(MSR_AMD_INTERRUPT_PENDING);
	if (!(value & C1E_ON_HALT))
		return true;
	msr_write(MSR_AMD_INTERRUPT_PENDING, value & ~C1E_ON_HALT);
	if (msr_read(MSR_AMD_INTERRUPT_PENDING) & C1E_ON_HALT)
		return false;
	pr_info("lapic: CPU %u: C1E is off, it would stop the timer", cpu_id());
	return true;
}

static bool hpet_asked_for(void)
{
	struct cmdline_word word;

	return cmdline_find(boot_cmdline(), "timer", &word) && word.value_size == 4 && memcmp(word.value, "hpet", 4) == 0;
}

static void fire(void)
{
	timer_fired();
}

/* On the boot CPU, for all. */
static void hpet_choose(const char *why)
{
	by_hpet = hpet_timer_init(fire);
	if (by_hpet)
		pr_notice("lapic: %s: the HPET wakes the CPUs", why);
	else
		pr_warn("lapic: %s, and no HPET can take the timer's place: CPUs may sleep too long", why);
}

static void timer_init_cpu(void)
{
	tsc_deadline = cpu_has(FEATURE_TSC_DEADLINE);
	if (tsc_deadline) {
		lapic->write(LAPIC_LVT_TIMER, LVT_TIMER_DEADLINE | VECTOR_TIMER);
		__asm__ volatile("mfence" ::: "memory");	/* the LVT before the MSR (SDM volume 3, section 11.5.4.1) */
		return;
	}
	lapic->write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic->write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED | VECTOR_TIMER);
	if (!counts_per_tick)
		counts_per_tick = measure();
	lapic->write(LAPIC_LVT_TIMER, VECTOR_TIMER);
}

void timer_hw_init_cpu(void)
{
	bool runs_in_idle = c1e_off();

	if (by_hpet)
		return;
	timer_init_cpu();
	if (cpu_id())	/* the others are like the boot CPU */
		return;
	if (hpet_asked_for())
		hpet_choose("timer=hpet");
	else if (!runs_in_idle)
		hpet_choose("C1E, which stops the timer, stays on");
	else if (!tsc_deadline && !counts_per_tick)
		hpet_choose("the timer does not count");
}

void lapic_timer_set_vector(unsigned vector)
{
	lapic->write(LAPIC_LVT_TIMER, (lapic->read(LAPIC_LVT_TIMER) & ~0xffu) | vector);
}

/* The count-down is rounded up and one more, so that it never fires early; a time too far for it fires on the way, and
 * the owner arms again. */
static uint32_t counts_until(uint64_t ticks)
{
	uint64_t now = cpu_ticks();

	if (ticks <= now)
		return 1;
	unsigned __int128 counts = ((unsigned __int128)(ticks - now) * counts_per_tick >> 32) + 2;
	return counts > 0xffffffff ? 0xffffffff : (uint32_t)counts;
}

void timer_hw_arm(uint64_t ticks)
{
	if (by_hpet)
		hpet_timer_arm(ticks);
	else if (tsc_deadline)
		msr_write(MSR_TSC_DEADLINE, ticks == ~0ull ? 0 : MAX(ticks, 1ull));
	else
		lapic->write(LAPIC_TIMER_INITIAL, ticks == ~0ull ? 0 : counts_until(ticks));
}
