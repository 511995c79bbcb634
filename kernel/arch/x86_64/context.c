/* The first stack of a thread, as context_switch takes it up. */
#include "kernel/arch/context.h"

#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"

/* From the top: a zero where a caller's return address would be, which also aligns the stack as a call does; the entry,
 * where context_switch goes; and a zero as frame pointer, where backtraces end. */
vaddr_t context_make(vaddr_t stack_top, void (*entry)(void))
{
	uint64_t *stack = (uint64_t *)stack_top;

	*--stack = 0;
	*--stack = (uint64_t)entry;
	*--stack = 0;
	return (vaddr_t)stack;
}

vaddr_t context_frame_pointer(vaddr_t context)
{
	return context;
}

uint64_t context_canary(void)
{
	return this_cpu(cpu_local).stack_canary;
}
