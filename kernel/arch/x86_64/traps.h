/* Exceptions and their registers. */
#ifndef KERNEL_ARCH_X86_64_TRAPS_H
#define KERNEL_ARCH_X86_64_TRAPS_H

#include "kernel/arch/trap.h"
#include "lib/types.h"

/* As traps.S pushes it. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* The first of VECTOR_COUNT stubs of TRAP_STUB_SIZE bytes (traps.S). */
extern const char trap_stubs[];

enum {
	VECTOR_NMI = 2, VECTOR_BREAKPOINT = 3, VECTOR_DOUBLE_FAULT = 8, VECTOR_PAGE_FAULT = 14, VECTOR_MACHINE_CHECK = 18,
	VECTOR_EXCEPTIONS = 32, VECTOR_COUNT = 256
};

#endif
