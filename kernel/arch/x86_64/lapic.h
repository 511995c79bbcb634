/* The local APIC: this CPU's interrupts and its timer, and interrupts to other CPUs (Intel SDM volume 3, chapter 11).
 *
 * Rules: xAPIC (registers in memory, 8-bit ids) and x2APIC (registers are MSRs, 32-bit ids) are told apart in
 * lapic_init alone; everybody else calls the functions here. A machine without a usable LAPIC stops with a message:
 * every x86-64 CPU has one. */
#ifndef KERNEL_ARCH_X86_64_LAPIC_H
#define KERNEL_ARCH_X86_64_LAPIC_H

#include "lib/types.h"

/* Registers, by their xAPIC offset; an x2APIC MSR is 800h + offset / 16 (table 11-6). */
enum {
	LAPIC_ID = 0x20, LAPIC_VERSION = 0x30, LAPIC_TPR = 0x80, LAPIC_EOI = 0xb0, LAPIC_SVR = 0xf0, LAPIC_ISR = 0x100, LAPIC_IRR = 0x200,
	LAPIC_ESR = 0x280,
	LAPIC_LVT_CMCI = 0x2f0, LAPIC_ICR = 0x300, LAPIC_ICR_HIGH = 0x310, LAPIC_LVT_TIMER = 0x320, LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_PERF = 0x340, LAPIC_LVT_LINT0 = 0x350, LAPIC_LVT_LINT1 = 0x360, LAPIC_LVT_ERROR = 0x370, LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390, LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define LAPIC_LVT_MASKED	(1u << 16)
#define LAPIC_LVT_LOW		(1u << 13)
#define LAPIC_DELIVERY_FIXED	(0u << 8)
#define LAPIC_DELIVERY_NMI	(4u << 8)
#define LAPIC_DELIVERY_INIT	(5u << 8)
#define LAPIC_DELIVERY_STARTUP	(6u << 8)
#define LAPIC_ASSERT		(1u << 14)	/* with all that is sent (section 11.6.1) */
#define LAPIC_TO_SELF		(1u << 18)	/* whatever the destination is */

struct lapic_ops {
	const char *name;
	uint32_t (*read)(unsigned reg);
	void (*write)(unsigned reg, uint32_t value);
	uint32_t (*id)(void);
	/* Send: destination APIC id, and the low word of the command register. Bounded wait for the one before; false
	 * where it stays stuck. */
	bool (*send)(uint32_t destination, uint32_t command);
};

/* xapic.c, x2apic.c */
extern const struct lapic_ops x2apic_ops;
const struct lapic_ops *xapic_start(paddr_t base);

/* The one in use. */
extern const struct lapic_ops *lapic;

/* Choose the mode and set up the boot CPU's; largest_id is the largest APIC id of the machine's CPUs. Then, on each
 * other CPU, lapic_init_cpu alone. */
void lapic_init(paddr_t base, uint32_t largest_id);
void lapic_init_cpu(void);

/* What this CPU's timer interrupts by; VECTOR_TIMER unless somebody borrows it. Interrupts off. */
void lapic_timer_set_vector(unsigned vector);

static inline void lapic_end_of_interrupt(void)
{
	lapic->write(LAPIC_EOI, 0);
}

static inline uint32_t lapic_id(void)
{
	return lapic->id();
}

#endif
