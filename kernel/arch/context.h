/* From one thread's stack to another's.
 *
 * Rules: interrupts off. A context is a stack pointer: what a thread needs to go on lies on its stack. */
#ifndef KERNEL_ARCH_CONTEXT_H
#define KERNEL_ARCH_CONTEXT_H

#include "lib/types.h"

#define CONTEXT_CANARY "%%gs:40"	/* as arch/x86_64/cpu_local.h asserts it */

/* A context on a new stack: the first switch to it calls `entry`, which never returns. */
vaddr_t context_make(vaddr_t stack_top, void (*entry)(void));

/* Leave the running context in *ret_old and go on with another; returns when somebody switches back to *ret_old.
 * canary is what guards the other's stack (the compiler's stack protector).
 *
 * On the stack lie where to go on and the frame pointer, a frame like any other; whatever else it needs the compiler
 * keeps, since all registers change meanwhile. The kernel has no floating-point state. */
static inline __attribute__((always_inline)) void context_switch(vaddr_t *ret_old, vaddr_t to, uint64_t canary)
{
	__asm__ volatile("lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "push %%rbp\n\t"
			 "mov %%rsp, (%0)\n\t"
			 "mov %1, %%rsp\n\t"
			 "mov %2, " CONTEXT_CANARY "\n\t"
			 "pop %%rbp\n\t"
			 "pop %%rax\n\t"
			 "jmp *%%rax\n"		/* not a return: the processor predicts those by its calls */
			 "1:"
			 : "+D"(ret_old), "+S"(to), "+d"(canary)
			 :: "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

/* Where a backtrace of a context begins: the frame pointer of whoever switched. */
vaddr_t context_frame_pointer(vaddr_t context);

/* What guards the running stack. */
uint64_t context_canary(void);

#endif
