/* What the architecture keeps for each CPU, reached through the GS base.
 *
 * Rules: the compiler's stack guard reads %gs:40 (-mstack-protector-guard-offset), so that member never moves.
 * Everything here is touched by its own CPU only. */
#ifndef KERNEL_ARCH_X86_64_CPU_LOCAL_H
#define KERNEL_ARCH_X86_64_CPU_LOCAL_H

#include "lib/types.h"

#define STACK_SIZE (16 * 1024)
#define STACK_GUARD PAGE_SIZE

/* A stack with an unmapped page below it: running over the end faults instead of overwriting what lies there. */
struct guarded_stack {
	_Alignas(PAGE_SIZE) uint8_t guard[STACK_GUARD];
	uint8_t stack[STACK_SIZE];
};

/* Interrupt stack table: exceptions that can come while the stack is no good (Intel SDM volume 3, section 6.14.5). */
enum { IST_DOUBLE_FAULT = 1, IST_NMI, IST_MACHINE_CHECK, IST_COUNT = IST_MACHINE_CHECK };

/* Task state segment (SDM volume 3, figure 8-11). */
struct __attribute__((packed)) tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];	/* ist[0] is IST 1 */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
};

struct cpu_local {
	struct cpu_local *self;
	struct thread *current;	/* %gs:8, %gs:16 and %gs:32: kernel/arch/preempt.h */
	uint32_t preempt;
	uint64_t percpu_offset;	/* %gs:24: kernel/arch/percpu.h */
	uint64_t locks;
	uint64_t stack_canary;	/* %gs:40 */
	uint64_t stack_top;	/* where trampoline.S starts: layout in trampoline.h */
	struct guarded_stack *stacks;	/* as boot_stacks */
	cpu_id_t id;
	uint32_t apic_id;
	uint32_t state;		/* atomic; smp_start.c */
	uint64_t gdt[7];
	struct tss tss;
};

_Static_assert(offsetof(struct cpu_local, current) == 8 && offsetof(struct cpu_local, preempt) == 16 &&
	       offsetof(struct cpu_local, locks) == 32, "as preempt.h uses them");
_Static_assert(offsetof(struct cpu_local, percpu_offset) == 24, "as percpu.h uses it");
_Static_assert(offsetof(struct cpu_local, stack_canary) == 40, "-mstack-protector-guard-offset=40");

/* First in the per-CPU section, so that %gs:0 is its address (kernel/arch/percpu.h). */
extern struct cpu_local cpu_local;

/* The boot CPU's stacks: [0] is the one kmain runs on, [IST_*] the others. */
#define STACK_COUNT (1 + IST_COUNT)
extern struct guarded_stack boot_stacks[STACK_COUNT];

/* gdt.c: load this CPU's segments and task state. */
#define SELECTOR_KERNEL_CODE	0x08
#define SELECTOR_KERNEL_DATA	0x10
#define SELECTOR_TSS		0x28
void gdt_init_cpu(void);

/* idt.c: fill the table, once; load it, on each CPU. */
void idt_init(void);
void idt_init_cpu(void);

/* control.c: set every control bit of this CPU to what the kernel runs with, whatever the firmware left. */
void cpu_init_cpu(void);

#endif
