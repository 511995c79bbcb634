/* From the firmware's address space into the kernel's.
 *
 * World at jump_to_kernel: long mode, 4-level paging, firmware's page tables, GDT and IDT, boot services over. RDI = struct jump.
 * The pages of this file are identity-mapped, read-execute, in the kernel's tables too. Leaves to the kernel's entry with RDI = handoff,
 * interrupts off; RSP is not usable there.
 *
 * World at jump_from_la57: the same with 5-level paging. RDI = struct jump, RSI = a page under 4 GiB with a copy of the code from
 * jump_la57_start on and struct la57_data, RDX = a PML5. CR4.LA57 can change only with paging off, which is possible only outside 64-bit
 * code (Intel SDM volume 3, sections 4.1.1 and 10.8.5.3), so the copy goes: compatibility mode, paging off, LA57 off, CR3, paging
 * on, 64-bit code again. No register holds more than 32 bits across that, so what is longer waits in the page. */
#include "loader/jump.h"

#define MSR_EFER	0xc0000080
#define EFER_NXE	(1 << 11)
#define CR0_PG		(1 << 31)
#define CR4_PGE		(1 << 7)
#define CR4_LA57	(1 << 12)
#define CR4_PCIDE	(1 << 17)
#define CR4_CET		(1 << 23)

	.text
	.p2align 6
	.globl jump_start, jump_end, jump_to_kernel, jump_from_la57
	.globl jump_la57_start, jump_la57_code32, jump_la57_code64, jump_la57_end
jump_start:

/* What both ways do first. EFER.NXE must be on before tables with the bit are used; global and tagged translations of the firmware would
 * outlive the change of CR3, and a shadow stack would fault at it. Keeps RDI, RSI and R8. */
	.macro leave_firmware
	cli
	cld
	mov	%cr4, %rax
	and	$~(CR4_PGE | CR4_CET), %eax
	mov	%rax, %cr4
	testb	$1, JUMP_NO_EXECUTE(%rdi)
	jz	1f
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_NXE, %eax
	wrmsr
1:
	.endm

/* New tables in RAX. PCIDE may go only once CR3's low bits are 0 (SDM volume 3, section 4.10.1). */
	.macro load_tables
	mov	%rax, %cr3
	mov	%cr4, %rax
	and	$~CR4_PCIDE, %eax
	mov	%rax, %cr4
	.endm

jump_to_kernel:
	leave_firmware
	mov	JUMP_ENTRY(%rdi), %r9
	mov	JUMP_ROOT(%rdi), %rax
	mov	JUMP_HANDOFF(%rdi), %rdi
	load_tables
	jmp	*%r9

jump_from_la57:
	mov	%rdx, %r8
	leave_firmware
	mov	%r8, %rax
	load_tables
	jmp	*%rsi

/* The copy starts here: position-independent, RSI = where it is. */
jump_la57_start:
	lgdt	LA57_DATA + LA57_GDTR(%rsi)
	mov	$LA57_SELECTOR_DATA, %eax
	mov	%eax, %ds		/* a null selector does in 64-bit code, and faults in 32-bit code */
	ljmpl	*LA57_DATA + LA57_FAR32(%rsi)
	.code32
jump_la57_code32:
	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	mov	%cr4, %eax
	and	$~CR4_LA57, %eax
	mov	%eax, %cr4
	mov	LA57_DATA + LA57_ROOT(%esi), %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmpl	*LA57_DATA + LA57_FAR64(%esi)
	.code64
jump_la57_code64:
	mov	%esi, %esi		/* the upper half is undefined after 32-bit code */
	mov	LA57_DATA + LA57_ENTRY(%rsi), %rax
	mov	LA57_DATA + LA57_HANDOFF(%rsi), %rdi
	jmp	*%rax
jump_la57_end:

jump_end:
