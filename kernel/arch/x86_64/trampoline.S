/* From real mode to the kernel.
 *
 * World at trampoline_start: a CPU after its start-up interrupt: real mode, CS:IP = page:0, interrupts off, nothing else defined (Intel
 * SDM volume 3, section 9.4.4). The page, under 1 MiB, holds a copy of this code and its data, and is identity-mapped in the tables
 * named there. Several CPUs run here at once, so nothing is written. Leaves to ap_entry in the kernel.
 *
 * World at ap_entry: long mode, the tables of the start, no stack. Finds out who it is by its APIC id, takes its per-CPU area and
 * stack, and leaves to kmain_ap(). A CPU that nobody described stops here. */
#include "kernel/arch/x86_64/trampoline.h"

#define MSR_EFER	0xc0000080
#define MSR_GS_BASE	0xc0000101
#define CR0_START	0x80010033	/* PG WP NE ET MP PE */
#define CR4_PAE		0x20

	.section .rodata.trampoline, "a"
	.globl trampoline_start, trampoline_code32, trampoline_code64, trampoline_end
	.p2align 4
	.code16
trampoline_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	xor	%ebx, %ebx
	mov	%ax, %bx
	shl	$4, %ebx			/* the page's address */
	lgdtl	TRAMPOLINE_GDTR
	mov	$0x11, %eax			/* protection on, caches on, paging off */
	mov	%eax, %cr0
	ljmpl	*TRAMPOLINE_FAR32
	.code32
trampoline_code32:
	mov	$24, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	TRAMPOLINE_ROOT(%ebx), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	mov	TRAMPOLINE_EFER(%ebx), %eax
	xor	%edx, %edx
	wrmsr
	mov	$CR0_START, %eax
	mov	%eax, %cr0
	ljmpl	*TRAMPOLINE_FAR64(%ebx)
	.code64
trampoline_code64:
	mov	%ebx, %ebx
	mov	TRAMPOLINE_ENTRY(%rbx), %rax
	jmp	*%rax
trampoline_end:

	.text
	.globl ap_entry
	.type ap_entry, @function
ap_entry:
	xor	%eax, %eax			/* the id: leaf 0Bh where there is one, it has 32 bits; else leaf 1 */
	cpuid
	cmp	$0xb, %eax
	jb	1f
	mov	$0xb, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%edx, %edi
	test	%ebx, %ebx
	jnz	2f
1:	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	mov	%ebx, %edi
2:	mov	smp_apic_ids(%rip), %rsi
	mov	percpu_count(%rip), %ecx
	mov	$1, %eax
3:	cmp	%ecx, %eax
	jae	5f
	cmp	%edi, (%rsi,%rax,4)
	je	4f
	inc	%eax
	jmp	3b
4:	mov	percpu_areas(%rip), %rsi
	mov	(%rsi,%rax,8), %rbx
	mov	CPU_LOCAL_STACK_TOP(%rbx), %rsp
	mov	$MSR_GS_BASE, %ecx
	mov	%ebx, %eax
	mov	%rbx, %rdx
	shr	$32, %rdx
	wrmsr
	pushq	$2
	popfq
	xor	%ebp, %ebp
	call	kmain_ap
5:	cli
	hlt
	jmp	5b
	.size ap_entry, . - ap_entry

	.section .note.GNU-stack, "", @progbits
