/* The boot CPU from its first C instruction on: GS base and stack guard before any function that uses them, then every
 * control bit.
 *
 * The firmware leaves CR0, CR4 and EFER as it likes, and other CPUs start with other defaults, so each bit is set to
 * what the kernel wants and none is inherited (Intel SDM volume 3, sections 2.2.1 and 2.5). */
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/arch/x86_64/weaknesses.h"
#include "kernel/main.h"

_Static_assert(BOOT_STACK_TOP == sizeof(struct guarded_stack), "as in entry.S");

__attribute__((section(".percpu.first"))) struct cpu_local cpu_local;
static char *boot_area = percpu_start;
char **percpu_areas = &boot_area;
unsigned percpu_count = 1;
__attribute__((section(".bss.stacks"))) struct guarded_stack boot_stacks[STACK_COUNT];

_Noreturn void cpu_boot(struct handoff *handoff);

/* Entered from entry.S. The canary is made of the time: the handoff, which has better entropy, is not checked yet. */
__attribute__((no_stack_protector)) void cpu_boot(struct handoff *handoff)
{
	cpu_local.self = &cpu_local;
	cpu_local.stacks = boot_stacks;
	/* The zero byte stops string overruns. */
	cpu_local.stack_canary = cpu_ticks() * 0x9e3779b97f4a7c15ull & ~0xffull;
	msr_write(MSR_GS_BASE, (uint64_t)&cpu_local);
	kmain(handoff);
}

cpu_id_t cpu_id(void)
{
	return this_cpu(cpu_local).id;
}

void cpu_init_cpu(void)
{
	/* LMA says that long mode is active and is written as it is read. */
	msr_write(MSR_EFER, (msr_read(MSR_EFER) & EFER_LMA) | EFER_LME | (cpu_has(FEATURE_NX) ? EFER_NXE : 0) |
		  (cpu_has(FEATURE_AUTO_IBRS) ? EFER_AUTO_IBRS : 0));
	cr0_write((cr0_read() & ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD | CR0_AM)) | CR0_MP | CR0_NE | CR0_WP);
	cr4_write(CR4_PAE | CR4_PGE | CR4_MCE |
		  (cpu_has(FEATURE_SMEP) ? CR4_SMEP : 0) |
		  (cpu_has(FEATURE_SMAP) ? CR4_SMAP : 0) |
		  (cpu_has(FEATURE_UMIP) ? CR4_UMIP : 0));
	if (cpu_arch_capabilities() & ARCH_CAPABILITIES_IBRS_ALL)	/* once and for all, and costs nothing */
		msr_write(MSR_SPEC_CTRL, SPEC_CTRL_IBRS);
	pat_init_cpu();
}

void cpu_stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void cpu_triple_fault(void)
{
	struct __attribute__((packed)) { uint16_t limit; uint64_t base; } none = { 0, 0 };

	__asm__ volatile("lidt %0; int3" :: "m"(none));
	cpu_stop();
}

/* A CPUID string: 4 bytes a register. */
static void text_add(char **to, const struct cpuid *r, const char *order)
{
	for (; *order; order++) {
		uint32_t word = *order == 'a' ? r->eax : *order == 'b' ? r->ebx : *order == 'c' ? r->ecx : r->edx;
		for (unsigned i = 0; i < 4; i++, word >>= 8)
			*(*to)++ = (char)(word & 0xff);
	}
}

/* Cut to printable ASCII, runs of blanks to one. */
static void text_clean(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++)
		if (*from > ' ' && *from < 0x7f)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

const char *cpu_model_name(void)
{
	static char name[49];
	char *to = name;

	if (name[0] || cpuid_read(0x80000000, 0).eax < 0x80000004)
		return name[0] ? name : "x86-64 CPU";
	for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
		struct cpuid r = cpuid_read(leaf, 0);
		text_add(&to, &r, "abcd");
	}
	text_clean(name);
	return name;
}

const char *cpu_hypervisor_name(void)
{
	static char name[13];
	char *to = name;

	if (!name[0] && cpu_has(FEATURE_HYPERVISOR)) {
		struct cpuid r = cpuid_read(0x40000000, 0);
		text_add(&to, &r, "bcd");
		text_clean(name);
	}
	return name;
}
