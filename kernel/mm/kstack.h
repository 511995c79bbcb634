/* Kernel stacks, with unmapped pages below each.
 *
 * Rules: not from interrupt handlers. A stack is MMU_STACK_SIZE bytes, not cleared; running over its end is a fault
 * that says so. */
#ifndef KERNEL_MM_KSTACK_H
#define KERNEL_MM_KSTACK_H

#include "lib/types.h"

/* After kmalloc_init. */
void kstack_init(void);

/* The address behind a new stack, where the stack pointer starts; 0 where there is none. Freed by the same address. */
vaddr_t kstack_alloc(void);
void kstack_free(vaddr_t top);

/* Stacks there are. */
uint32_t kstack_count(void);

#endif
