/* From one thread's stack to another's.
 *
 * Rules: interrupts off. A context is a stack pointer: what a thread needs to go on lies on its stack. */
#ifndef KERNEL_ARCH_CONTEXT_H
#define KERNEL_ARCH_CONTEXT_H

#include "lib/types.h"

/* A context on a new stack: the first switch to it calls `entry`, which never returns. */
vaddr_t context_make(vaddr_t stack_top, void (*entry)(void));

/* Leave the running context in *ret_old and go on with another; returns when somebody switches back to *ret_old.
 * canary is what guards the other's stack (the compiler's stack protector). */
void context_switch(vaddr_t *ret_old, vaddr_t to, uint64_t canary);

/* Where a backtrace of a context begins: the frame pointer of whoever called context_switch. */
vaddr_t context_frame_pointer(vaddr_t context);

/* What guards the running stack. */
uint64_t context_canary(void);

#endif
