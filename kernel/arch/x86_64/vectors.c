/* From a vector to its handler. */
#include "kernel/arch/x86_64/vectors.h"

#include "kernel/arch/preempt.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/core/log.h"
#include "kernel/core/trace.h"
#include "kernel/sync/lock_order.h"

PERCPU(uint64_t, vector_counts[VECTOR_COUNT]);

#define SYSTEM_FIRST (VECTOR_DEVICE_LAST + 1)

static struct { const char *name; void (*handler)(void); } systems[VECTOR_COUNT - SYSTEM_FIRST];
static bool (*device_handler)(unsigned vector);

void vector_set_system(unsigned vector, const char *name, void (*handler)(void))
{
	systems[vector - SYSTEM_FIRST].handler = handler;
	systems[vector - SYSTEM_FIRST].name = name;
}

void vector_set_devices(bool (*handler)(unsigned))
{
	device_handler = handler;
}

const char *vector_name(unsigned vector)
{
	if (vector >= SYSTEM_FIRST)
		return systems[vector - SYSTEM_FIRST].name;
	return vector == VECTOR_PIC_SPURIOUS_MASTER || vector == VECTOR_PIC_SPURIOUS_SLAVE ? "8259 spurious" : NULL;
}

static bool draining;	/* the boot CPU takes what the firmware left */

/* Said once a vector and CPU; the count says the rest. */
static void report_unclaimed(unsigned vector)
{
	if (this_cpu(vector_counts)[vector] == 1 && !draining)
		pr_warn("irq: CPU %u took an interrupt on vector %u, which nobody asked for", cpu_id(), vector);
}

static void dispatch(unsigned vector)
{
	if (vector >= SYSTEM_FIRST) {
		if (vector != VECTOR_SPURIOUS)	/* the LAPIC keeps no record of a spurious one (Intel SDM volume 3, section 11.9) */
			lapic_end_of_interrupt();
		if (systems[vector - SYSTEM_FIRST].handler)
			systems[vector - SYSTEM_FIRST].handler();
		else
			report_unclaimed(vector);
		return;
	}
	/* The 8259s are masked, so theirs are spurious, and the LAPIC knows nothing of them. */
	if (vector < VECTOR_DEVICE_FIRST)
		return;
	if (!device_handler || !device_handler(vector))
		report_unclaimed(vector);
	lapic_end_of_interrupt();
}

static PERCPU(struct trap_frame *, interrupted);

const struct trap_frame *trap_interrupted(void)
{
	return this_cpu(interrupted);
}

void trap_return_to(vaddr_t instruction, vaddr_t stack, uint64_t rax)
{
	struct trap_frame *f = this_cpu(interrupted);

	f->rip = instruction;
	f->rsp = stack;
	f->rax = rax;
	f->rflags = 2;	/* the bit that is always set */
}

void vector_dispatch(struct trap_frame *f)
{
	unsigned vector = (unsigned)f->vector;

	this_cpu(vector_counts)[vector]++;
	trace_event(TRACE_INTERRUPT, vector, 0);
	preempt_interrupt_enter();
	lock_order_interrupt_enter();
	this_cpu(interrupted) = f;
	dispatch(vector);
	this_cpu(interrupted) = NULL;
	trace_event(TRACE_INTERRUPT_END, vector, 0);
	lock_order_interrupt_leave();
	preempt_interrupt_leave();	/* another thread may run now, until this one's turn comes again */
}

static bool any_pending(void)
{
	uint32_t pending = 0;

	for (unsigned i = VECTOR_EXCEPTIONS / 32; i < VECTOR_COUNT / 32; i++)
		pending |= lapic->read(LAPIC_IRR + 0x10 * i);
	return pending;
}

/* A request that the LAPIC has accepted cannot be withdrawn, only taken (Intel SDM volume 3, section 11.8.4). */
void vectors_drain(void)
{
	if (!any_pending())
		return;
	draining = true;
	for (unsigned tries = 0; tries < VECTOR_COUNT && any_pending(); tries++)
		__asm__ volatile("sti; nop; nop; cli" ::: "memory");
	draining = false;
	for (unsigned vector = VECTOR_EXCEPTIONS; vector < VECTOR_COUNT; vector++) {
		if (this_cpu(vector_counts)[vector])
			pr_info("irq: the firmware left an interrupt on vector %u", vector);
		this_cpu(vector_counts)[vector] = 0;
	}
}
