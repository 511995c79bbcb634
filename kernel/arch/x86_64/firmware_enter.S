/* From the kernel's calling convention to the firmware's (UEFI 2.10, section 2.3.4.2) and back, by either of two ways.
 *
 * World at firmware_call_with_return(service, arguments, ret_stack): the firmware's page tables, the kernel's stack. The
 * four arguments in registers have 32 bytes on the stack beside them, and the fifth stands behind those. The service
 * keeps RBX, RBP and R12 to R15; an interrupt that leaves it in its midst keeps none, so all lie on the stack. */
	.text
	.globl firmware_call_with_return
	.type firmware_call_with_return, @function
firmware_call_with_return:
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdx)
	sub	$40, %rsp
	mov	%rdi, %rax
	mov	0(%rsi), %rcx
	mov	8(%rsi), %rdx
	mov	16(%rsi), %r8
	mov	24(%rsi), %r9
	mov	32(%rsi), %r10
	mov	%r10, 32(%rsp)
	call	*%rax
	add	$40, %rsp

	.globl firmware_call_left
firmware_call_left:
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size firmware_call_with_return, . - firmware_call_with_return
