/* Exceptions as generic code sees them. */
#ifndef KERNEL_ARCH_TRAP_H
#define KERNEL_ARCH_TRAP_H

#include "lib/types.h"

struct trap_frame;	/* the registers at an exception; its members are the CPU's business */

/* Asked first at a non-maskable interrupt: true where it is explained. */
void trap_set_nmi_handler(bool (*handler)(const struct trap_frame *frame));

/* An exception's name, such as "page fault". */
const char *trap_name(unsigned vector);

/* In an interrupt handler: the registers of what was interrupted. NULL elsewhere. */
const struct trap_frame *trap_interrupted(void);

/* The registers as a few lines of text (each ended by a newline). */
void trap_describe_registers(const struct trap_frame *frame, char *buffer, size_t size);

/* Where the exception happened, and the frame pointer there, for a backtrace. */
vaddr_t trap_instruction(const struct trap_frame *frame);
bool trap_interrupts_were_on(const struct trap_frame *frame);
vaddr_t trap_frame_pointer(const struct trap_frame *frame);

#endif
