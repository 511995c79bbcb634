/* Segments and task state of a CPU (Intel SDM volume 3, sections 3.4.5 and 8.2.3). In 64-bit mode segments hold little
 * more than the privilege level; the order is the one that SYSCALL and SYSRET want (volume 2, SYSRET): kernel code,
 * kernel data, user data, user code. */
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/registers.h"

#define SEGMENT_KERNEL_CODE	0x00af9b000000ffffull
#define SEGMENT_KERNEL_DATA	0x00cf93000000ffffull
#define SEGMENT_USER_DATA	0x00cff3000000ffffull
#define SEGMENT_USER_CODE	0x00affb000000ffffull
#define SEGMENT_TSS_AVAILABLE	(0x89ull << 40)

static void tss_fill(struct tss *tss, struct guarded_stack *stacks)
{
	for (unsigned i = 1; i <= IST_COUNT; i++)
		tss->ist[i - 1] = (uint64_t)(stacks[i].stack + STACK_SIZE);
	tss->rsp[0] = (uint64_t)(stacks[0].stack + STACK_SIZE);
	tss->io_map = sizeof(*tss);	/* behind the limit: no port is allowed to user programs */
}

void gdt_init_cpu(void)
{
	struct cpu_local *cpu = &this_cpu(cpu_local);
	uint64_t tss = (uint64_t)&cpu->tss;
	struct __attribute__((packed)) { uint16_t limit; uint64_t base; } gdtr = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };

	tss_fill(&cpu->tss, cpu->stacks);
	cpu->gdt[1] = SEGMENT_KERNEL_CODE;
	cpu->gdt[2] = SEGMENT_KERNEL_DATA;
	cpu->gdt[3] = SEGMENT_USER_DATA;
	cpu->gdt[4] = SEGMENT_USER_CODE;
	cpu->gdt[5] = SEGMENT_TSS_AVAILABLE | (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	cpu->gdt[6] = tss >> 32;
	__asm__ volatile(
		"lgdt %0\n\t"
		"pushq %1\n\t"			/* a far return is the way to load CS */
		"leaq 1f(%%rip), %%rax\n\t"
		"pushq %%rax\n\t"
		"lretq\n"
		"1:\n\t"
		"movl %2, %%eax\n\t"
		"movl %%eax, %%ds\n\t"
		"movl %%eax, %%es\n\t"
		"movl %%eax, %%ss\n\t"
		"xorl %%eax, %%eax\n\t"
		"movl %%eax, %%fs\n\t"
		"movl %3, %%eax\n\t"
		"ltr %%ax"
		:: "m"(gdtr), "i"(SELECTOR_KERNEL_CODE), "i"(SELECTOR_KERNEL_DATA), "i"(SELECTOR_TSS) : "rax", "memory");
	/* GS keeps its base: writing the selector would clear it. */
}
