/* Into 5-level paging, as a firmware does it that runs so.
 *
 * World: long mode, 4-level paging, identity-mapped, Microsoft's calling convention. CR4.LA57 can change only with
 * paging off (Intel SDM volume 3, section 4.1.1), and that only in 32-bit code, so a copy of the code below runs in
 * a page under 4 GiB (RCX, then RSI): 32-bit code, paging off, LA57 on, CR3, paging on, 64-bit code, the firmware's
 * descriptors again. */
#include "tests/boot/hostile/cpu.h"

#define CR0_PG		(1 << 31)
#define CR4_LA57	(1 << 12)
#define SELECTOR_DATA	24

	.text
	.globl la57_enter, la57_start, la57_code32, la57_code64, la57_end
la57_enter:
	pushfq
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%ds, %eax
	push	%rax
	mov	%es, %eax
	push	%rax
	mov	%ss, %eax
	push	%rax
	mov	%cs, %eax
	push	%rax
	lea	back(%rip), %rax
	push	%rax
	cli
	mov	%rcx, %rsi
	mov	%rsp, ENTER_DATA + ENTER_STACK(%rsi)
	jmp	*%rsi

la57_start:
	sgdt	ENTER_DATA + ENTER_OLD_GDTR(%rsi)
	lgdt	ENTER_DATA + ENTER_GDTR(%rsi)
	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	ljmpl	*ENTER_DATA + ENTER_FAR32(%rsi)
	.code32
la57_code32:
	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	mov	%cr4, %eax
	or	$CR4_LA57, %eax
	mov	%eax, %cr4
	mov	ENTER_DATA + ENTER_ROOT(%esi), %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmpl	*ENTER_DATA + ENTER_FAR64(%esi)
	.code64
la57_code64:
	mov	%esi, %esi
	lgdt	ENTER_DATA + ENTER_OLD_GDTR(%rsi)
	mov	ENTER_DATA + ENTER_STACK(%rsi), %rsp
	lretq				/* to back, in the firmware's own code segment */
la57_end:

back:
	pop	%rax
	mov	%eax, %ss
	pop	%rax
	mov	%eax, %es
	pop	%rax
	mov	%eax, %ds
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	popfq
	ret
