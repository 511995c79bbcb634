/* The kernel's first instructions.
 *
 * World: long mode, the loader's page tables (include/boot/handoff.h), RDI = struct handoff, no stack, the firmware's
 * GDT and IDT, interrupts off. Leaves to cpu_boot() on the boot CPU's own stack; backtraces end here, at a zero frame
 * pointer. No flag of the firmware's stays: AC would switch SMAP off, and NT makes IRETQ fault. */
#include "kernel/arch/x86_64/layout.h"

	.section .text.entry, "ax"
	.globl kernel_entry
	.type kernel_entry, @function
kernel_entry:
	lea	boot_stacks + BOOT_STACK_TOP(%rip), %rsp
	pushq	$2			/* the bit of RFLAGS that is always set */
	popfq
	xor	%ebp, %ebp
	call	cpu_boot
	ud2
	.size kernel_entry, . - kernel_entry

	.section .note.GNU-stack, "", @progbits
