/* The rate of the time stamp counter.
 *
 * What CPUID says (leaf 15h, or a hypervisor's leaf) is exact where it is true, and it is not everywhere: so it is held against a timer of known rate, and where the
 * two differ by more than 1 % the timer is believed. The timer is the first that runs of ACPI's PM timer, HPET and PIT; measuring takes 1 ms. With
 * no timer at all CPUID stands alone; without that either, the firmware's Stall as the loader measured it.
 *
 * A reading is the counter between two readings of the TSC; an interruption by SMM or a hypervisor in that window would spoil it, so of several
 * the one with the narrowest window counts. No wait is longer than 20 ms of a TSC at 10 GHz, and longer on a slower one. */
#include "kernel/arch/clock.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"

#define WAIT_TICKS_MAX	200000000ull	/* 20 ms at 10 GHz */
#define MEASURE_HZ	1000		/* measure 1/1000 s */
#define READINGS	5
#define GUESS_HZ	2000000000ull
#define PLAUSIBLE(hz)	((hz) >= 100000000ull && (hz) <= 20000000000ull)

/* A counter of known rate that wraps at `mask`. */
struct reference {
	const char *name;
	bool (*start)(struct reference *r);	/* false where the machine has none */
	uint64_t (*read)(const struct reference *r);
	uint64_t hz, mask;
	volatile uint32_t *registers;
	uint16_t port;
	bool backwards;
};

struct reading { uint64_t counter, ticks, window; };

/* ACPI 6.5, section 4.8.3.3: 3.579545 MHz, 24 or 32 bits. */
static bool pm_timer_start(struct reference *r)
{
	struct acpi_table fadt;
	struct acpi_address address;
	unsigned bits;

	if (firmware_table("FACP", 0, &fadt) || acpi_fadt_pm_timer(&fadt, &address, &bits))
		return false;
	r->hz = 3579545;
	r->mask = bits == 32 ? 0xffffffff : 0xffffff;
	if (address.space == 1)
		r->port = (uint16_t)address.address;
	else
		r->registers = mmu_map_device(address.address, 4, MMU_UNCACHED);
	return r->port || r->registers;
}

static uint64_t pm_timer_read(const struct reference *r)
{
	return r->port ? port_read32(r->port) : *r->registers;
}

/* IA-PC HPET specification 1.0a, section 2.3: capabilities at 0 (period in femtoseconds on top), configuration at 10h, counter at F0h. */
static bool hpet_start(struct reference *r)
{
	struct acpi_table hpet;
	paddr_t base;

	if (firmware_table("HPET", 0, &hpet) || acpi_hpet_base(&hpet, &base) || !(r->registers = mmu_map_device(base, 1024, MMU_UNCACHED)))
		return false;
	uint32_t period = r->registers[1];
	if (period < 1000000 || period > 100000000)	/* 1 GHz to 10 MHz: the specification's bounds */
		return false;
	r->hz = 1000000000000000ull / period;
	r->mask = 0xffffffff;
	r->registers[4] |= 1;	/* run */
	return true;
}

static uint64_t hpet_read(const struct reference *r)
{
	return r->registers[0xf0 / 4];
}

/* Intel 8254: channel 2, whose gate and speaker are in port 61h, counts down from FFFFh at 1.193182 MHz in mode 0. */
static bool pit_start(struct reference *r)
{
	r->hz = 1193182;
	r->mask = 0xffff;
	r->backwards = true;
	port_write8(0x61, (port_read8(0x61) & ~2) | 1);	/* gate on, speaker off */
	port_write8(0x43, 0xb0);			/* channel 2, both bytes, mode 0 */
	port_write8(0x42, 0xff);
	port_write8(0x42, 0xff);
	return true;
}

static uint64_t pit_read(const struct reference *r)
{
	port_write8(0x43, 0x80);	/* latch channel 2 */
	uint64_t low = port_read8(0x42);
	return low | (uint64_t)port_read8(0x42) << 8;
}

static struct reading take_reading(const struct reference *r)
{
	struct reading best = { .window = ~0ull };

	for (unsigned i = 0; i < READINGS; i++) {
		uint64_t before = cpu_ticks(), counter = r->read(r), after = cpu_ticks();
		if (after - before < best.window)
			best = (struct reading){ counter, before + (after - before) / 2, after - before };
	}
	return best;
}

static uint64_t passed(const struct reference *r, uint64_t from, uint64_t to)
{
	return (r->backwards ? from - to : to - from) & r->mask;
}

/* The TSC's rate by this counter; 0 where it does not run. */
static uint64_t measure(const struct reference *r)
{
	struct reading first = take_reading(r), last;
	uint64_t wanted = r->hz / MEASURE_HZ, counts, ticks;

	do {
		if (cpu_ticks() - first.ticks > WAIT_TICKS_MAX)
			return 0;
		cpu_relax();
	} while (passed(r, first.counter, r->read(r)) < wanted);
	last = take_reading(r);
	counts = passed(r, first.counter, last.counter);
	ticks = last.ticks - first.ticks;
	if (!counts || ticks > 0xffffffffffffffffull / r->hz)
		return 0;
	return ticks * r->hz / counts;
}

static uint64_t measure_any(const char **ret_name)
{
	static struct reference references[] = {
		{ .name = "ACPI PM timer", .start = pm_timer_start, .read = pm_timer_read },
		{ .name = "HPET", .start = hpet_start, .read = hpet_read },
		{ .name = "PIT", .start = pit_start, .read = pit_read },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(references); i++) {
		uint64_t hz = references[i].start(&references[i]) ? measure(&references[i]) : 0;
		if (PLAUSIBLE(hz)) {
			*ret_name = references[i].name;
			return hz;
		}
		if (hz)
			pr_warn("clock: %s gives a TSC of %llu Hz, not believed", references[i].name, (unsigned long long)hz);
	}
	return 0;
}

/* Intel SDM volume 2, CPUID leaf 15h: crystal * numerator / denominator; and the leaf that VMware and KVM share: kHz. */
static uint64_t cpuid_rate(const char **ret_name)
{
	struct cpuid r = cpuid_read_checked(0x15, 0);
	uint64_t hz = r.eax && r.ebx ? (uint64_t)r.ecx * r.ebx / r.eax : 0;

	*ret_name = "CPUID leaf 15h";
	if (!hz && cpuid_read(1, 0).ecx >> 31 && cpuid_read(0x40000000, 0).eax >= 0x40000010) {
		hz = (uint64_t)cpuid_read(0x40000010, 0).eax * 1000;
		*ret_name = "the hypervisor";
	}
	return PLAUSIBLE(hz) ? hz : 0;
}

uint64_t cpu_ticks_calibrate(const struct handoff *handoff, const char **ret_how)
{
	const char *said_by, *measured_by;
	uint64_t said = cpuid_rate(&said_by), measured = measure_any(&measured_by);

	if (said && measured && (said > measured ? said - measured : measured - said) > measured / 100)
		pr_warn("clock: %s says %llu Hz, %s %llu Hz: taking the latter", said_by, (unsigned long long)said, measured_by,
			(unsigned long long)measured);
	else if (said) {
		*ret_how = said_by;
		return said;
	}
	if (measured) {
		*ret_how = measured_by;
		return measured;
	}
	if (PLAUSIBLE(handoff->stall_tsc_hz)) {
		*ret_how = "the firmware's Stall";
		return handoff->stall_tsc_hz;
	}
	pr_warn("clock: nothing tells the TSC's rate; times are guesses");
	*ret_how = "a guess";
	return GUESS_HZ;
}
