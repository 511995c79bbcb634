/* Numbers that assembly and C share; the C files that use them assert them. */
#ifndef KERNEL_ARCH_X86_64_LAYOUT_H
#define KERNEL_ARCH_X86_64_LAYOUT_H

#define BOOT_STACK_TOP		(4096 + 16 * 1024)	/* in struct guarded_stack */
#define TRAP_STUB_SIZE		16

#endif
