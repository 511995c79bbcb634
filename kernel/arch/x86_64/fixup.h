/* Instructions that may fault, and where they go on then.
 *
 *	register uint64_t fault __asm__("r8") = 0;
 *	__asm__ volatile(FIXUP("mov (%1), %0") : "=r"(value), "+r"(fault) : …);
 *
 * Rules: the instruction stands for itself, without a jump, and where it faults execution goes on behind it with the
 * exception's number in r8, which is never 0 (a divide error is none of these). Its outputs are undefined then. */
#ifndef KERNEL_ARCH_X86_64_FIXUP_H
#define KERNEL_ARCH_X86_64_FIXUP_H

#include "kernel/arch/x86_64/traps.h"

/* An entry holds both addresses as distances from itself, so that the table needs no relocation. */
#define FIXUP(instruction_)								\
	"1:	" instruction_ "\n2:\n"							\
	"	.pushsection .fixups, \"a\"\n	.long 1b - ., 2b - .\n	.popsection\n"

/* Asked at each exception: true where the instruction has an entry, and the frame leads behind it. */
bool fixup_apply(struct trap_frame *frame);

#endif
