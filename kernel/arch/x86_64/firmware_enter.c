/* A call of a runtime service, with a deadline.
 *
 * A service that waits for a device which never answers would take the machine with it: no other way of switching off
 * would be tried, no panic would restart. So the CPU's timer is borrowed, and set for the end of our patience, with a
 * vector that is alone in the highest class. Interrupts are on during the call, but the task priority lets no other
 * class through (Intel SDM volume 3, section 11.8.3.1). The handler finds the firmware interrupted, and has the
 * interrupt return to where the call began instead. A service that keeps interrupts off cannot be left; and where the
 * HPET stands in for the CPUs' own timers there is no deadline.
 *
 * What the timer was set for waits behind the call, which makes it fire once more. */
#include "kernel/arch/x86_64/firmware_enter.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/preempt.h"
#include "kernel/arch/timer.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/arch/x86_64/vectors.h"

#define PATIENCE	8ull		/* seconds: tidying a store in flash up takes some; CPU and thread are stuck at 10 */
#define FASTEST		10000000000ull	/* ticks a second that no CPU exceeds */
#define MXCSR_DEFAULT	0x1f80u		/* all exceptions masked (UEFI 2.10, section 2.3.4) */
#define ALL_LOWER	(VECTOR_FIRMWARE_TIMER / 16 - 1)	/* as a task priority */

static uint64_t patience = PATIENCE * FASTEST;	/* ticks */
static PERCPU(uint64_t, call_ends);	/* in cpu_ticks(), at the latest; 0: this CPU makes no call */
static uint64_t stack;			/* of the only call there is */
static _Alignas(16) uint8_t fpu[512];	/* FXSAVE's area */

static void deadline_passed(void)
{
	uint64_t now = cpu_ticks(), *ends = &this_cpu(call_ends);

	if (!*ends)
		return;
	if (now >= *ends && (int64_t)trap_interrupted()->rip >= 0)	/* the firmware is in the lower half */
		trap_return_to((vaddr_t)firmware_call_left, stack, FIRMWARE_LEFT);
	else
		timer_hw_arm(*ends = MAX(*ends, now + patience / 1000));
}

void firmware_enter_init(uint64_t ticks_a_second)
{
	patience = PATIENCE * ticks_a_second;
}

static uint64_t call_with_deadline(uint64_t service, const uint64_t *arguments)
{
	uint64_t priority = cr8_read(), status;

	if (!lapic)	/* it is early */
		return firmware_call_with_return(service, arguments, &stack);
	vector_set_system(VECTOR_FIRMWARE_TIMER, "firmware's deadline", deadline_passed);
	this_cpu(call_ends) = cpu_ticks() + patience;
	lapic_timer_set_vector(VECTOR_FIRMWARE_TIMER);
	timer_hw_arm(this_cpu(call_ends));
	cr8_write(ALL_LOWER);
	cpu_irq_on();
	status = firmware_call_with_return(service, arguments, &stack);
	cpu_irq_off();
	cr8_write(priority);
	this_cpu(call_ends) = 0;
	lapic_timer_set_vector(VECTOR_TIMER);
	timer_hw_arm(0);
	return status;
}

/* Registers as the firmware wants them (UEFI 2.10, section 2.3.4): it may use SSE, which nobody here does, so what a
 * program has in those registers is kept for it. */
uint64_t firmware_enter(uint64_t service, const uint64_t arguments[FIRMWARE_ARGUMENTS], paddr_t root)
{
	uint64_t flags = cpu_irq_save(), cr0 = cr0_read(), cr3 = cr3_read(), cr4 = cr4_read();
	uint32_t mxcsr = MXCSR_DEFAULT;

	preempt_disable();
	cr3_write(root);
	cr0_write(cr0 & ~(CR0_WP | CR0_TS | CR0_EM));
	cr4_write(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);
	__asm__ volatile("fxsave64 %0; fninit; ldmxcsr %1" : "=m"(fpu) : "m"(mxcsr));
	uint64_t status = call_with_deadline(service, arguments);
	__asm__ volatile("fxrstor64 %0" :: "m"(fpu));
	cr4_write(cr4);
	cr0_write(cr0);
	cr3_write(cr3);
	preempt_enable();
	cpu_irq_restore(flags);
	return status;
}
