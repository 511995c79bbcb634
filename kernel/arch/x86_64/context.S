/* void context_switch(vaddr_t *ret_old, vaddr_t to, uint64_t canary)
 *
 * World: kernel, interrupts off, RDI, RSI, RDX as the arguments. A function call keeps six registers (System V ABI for
 * x86-64, section 3.2.1), so these are all there is to keep; the kernel has no floating-point state. Leaves to where
 * the other context called this, or to the entry that context_make put there. */
#include "kernel/arch/x86_64/layout.h"

	.text
	.p2align 4
	.globl context_switch
	.type context_switch, @function
context_switch:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	mov	%rdx, %gs:STACK_CANARY
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size context_switch, . - context_switch

	.section .note.GNU-stack, "", @progbits
