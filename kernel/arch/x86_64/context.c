/* The first stack of a thread, as context.S takes it up. */
#include "kernel/arch/context.h"

#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/layout.h"

#define REGISTERS_KEPT 6

/* From the top: a zero where a caller's return address would be, which also aligns the stack as a call does; the entry,
 * where context_switch returns to; and the registers, zero, so that backtraces end at the frame pointer. */
vaddr_t context_make(vaddr_t stack_top, void (*entry)(void))
{
	uint64_t *stack = (uint64_t *)stack_top;

	_Static_assert(offsetof(struct cpu_local, stack_canary) == STACK_CANARY, "as context.S uses it");
	*--stack = 0;
	*--stack = (uint64_t)entry;
	for (unsigned i = 0; i < REGISTERS_KEPT; i++)
		*--stack = 0;
	return (vaddr_t)stack;
}

/* The last register kept is the frame pointer, and above it lies where to return to: a frame like any other. */
vaddr_t context_frame_pointer(vaddr_t context)
{
	return context + (REGISTERS_KEPT - 1) * sizeof(uint64_t);
}

uint64_t context_canary(void)
{
	return this_cpu(cpu_local).stack_canary;
}
