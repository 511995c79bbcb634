/* One stub a vector, all alike, TRAP_STUB_SIZE bytes apart, so that the table of them is arithmetic.
 *
 * World at a stub: the CPU has pushed SS, RSP, RFLAGS, CS, RIP and, for some exceptions, an error code (Intel SDM
 * volume 3, figure 6-9), on the interrupted stack or an IST stack; interrupts off. The stub makes the frames equal, and
 * trap_common completes struct trap_frame (traps.h), calls trap_handle with it, and returns to what was interrupted. */
#include "kernel/arch/x86_64/layout.h"

	.text
	.p2align 4
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.p2align 4
	/* 8, 10 to 14, 17, 21, and AMD's 29 and 30 push one themselves (SDM volume 3, table 6-1; APM volume 2, section 8.2) */
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	push	$0
	.endif
	push	$vector
	jmp	trap_common
	.set vector, vector + 1
	.endr

	.p2align 4
	.type trap_common, @function
trap_common:
	cld
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rdi
	mov	%rsp, %rbx		/* kept across the call, whatever alignment costs */
	and	$-16, %rsp
	call	trap_handle
	mov	%rbx, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	add	$16, %rsp		/* vector and error code */
	iretq
	.size trap_common, . - trap_common

	.section .note.GNU-stack, "", @progbits
