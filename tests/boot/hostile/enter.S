/* Into the loader under test and back out of the middle of it.
 *
 * World: 64-bit, the firmware's, Microsoft's calling convention (RCX, RDX, R8; RBX, RBP, RSI, RDI, R12 to R15
 * preserved; nobody here uses vector registers). enter_victim keeps its stack pointer; leave_victim goes back to
 * it. One victim at a time. */
	.text
	.globl enter_victim, leave_victim
enter_victim:
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, stack(%rip)
	sub	$40, %rsp		/* the callee's 32 bytes, and alignment */
	mov	%rcx, %rax
	mov	%rdx, %rcx
	mov	%r8, %rdx
	call	*%rax
	mov	%rax, %rcx
leave_victim:
	mov	stack(%rip), %rsp
	mov	%rcx, %rax
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.p2align 3
stack:	.quad	0
