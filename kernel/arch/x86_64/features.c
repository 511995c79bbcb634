/* CPUID (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E), and the command that shows it. */
#include "kernel/arch/x86_64/features.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/monitor.h"

enum { EAX, EBX, ECX, EDX };

static const struct {
	const char *name;	/* as in Linux's /proc/cpuinfo */
	uint32_t leaf;
	uint8_t reg, bit;
} features[FEATURE_COUNT] = {
	[FEATURE_NX] = { "nx", 0x80000001, EDX, 20 },
	[FEATURE_PAGE1GB] = { "pdpe1gb", 0x80000001, EDX, 26 },
	[FEATURE_SMEP] = { "smep", 7, EBX, 7 },
	[FEATURE_SMAP] = { "smap", 7, EBX, 20 },
	[FEATURE_UMIP] = { "umip", 7, ECX, 2 },
	[FEATURE_PCID] = { "pcid", 1, ECX, 17 },
	[FEATURE_INVPCID] = { "invpcid", 7, EBX, 10 },
	[FEATURE_LA57] = { "la57", 7, ECX, 16 },
	[FEATURE_X2APIC] = { "x2apic", 1, ECX, 21 },
	[FEATURE_TSC_DEADLINE] = { "tsc_deadline_timer", 1, ECX, 24 },
	[FEATURE_TSC_INVARIANT] = { "nonstop_tsc", 0x80000007, EDX, 8 },
	[FEATURE_RDTSCP] = { "rdtscp", 0x80000001, EDX, 27 },
	[FEATURE_ARAT] = { "arat", 6, EAX, 2 },
	[FEATURE_RDRAND] = { "rdrand", 1, ECX, 30 },
	[FEATURE_RDSEED] = { "rdseed", 7, EBX, 18 },
	[FEATURE_FSGSBASE] = { "fsgsbase", 7, EBX, 0 },
	[FEATURE_XSAVE] = { "xsave", 1, ECX, 26 },
	[FEATURE_AVX] = { "avx", 1, ECX, 28 },
	[FEATURE_AVX2] = { "avx2", 7, EBX, 5 },
	[FEATURE_AVX512F] = { "avx512f", 7, EBX, 16 },
	[FEATURE_ERMS] = { "erms", 7, EBX, 9 },
	[FEATURE_FSRM] = { "fsrm", 7, EDX, 4 },
	[FEATURE_MONITOR] = { "monitor", 1, ECX, 3 },
	[FEATURE_PKU] = { "pku", 7, ECX, 3 },
	[FEATURE_CET_SS] = { "user_shstk", 7, ECX, 7 },
	[FEATURE_CET_IBT] = { "ibt", 7, EDX, 20 },
	[FEATURE_HYPERVISOR] = { "hypervisor", 1, ECX, 31 },
};

static PERCPU(uint64_t, feature_bits);	/* read when first asked for; bit FEATURE_COUNT: it was */

_Static_assert(FEATURE_COUNT < 64, "a bit for each, and one more");

static uint64_t read_all(void)
{
	uint64_t bits = 1ull << FEATURE_COUNT;

	for (unsigned i = 0; i < FEATURE_COUNT; i++) {
		struct cpuid r = cpuid_read_checked(features[i].leaf, 0);
		const uint32_t registers[] = { r.eax, r.ebx, r.ecx, r.edx };
		bits |= (uint64_t)(registers[features[i].reg] >> features[i].bit & 1) << i;
	}
	return bits;
}

bool cpu_has(enum feature feature)
{
	if (!this_cpu(feature_bits))
		this_cpu(feature_bits) = read_all();
	return this_cpu(feature_bits) >> feature & 1;
}

/* Deterministic cache parameters: Intel's leaf 4 and AMD's 8000001Dh have the same form. */
static void print_caches(void)
{
	static const char *const kinds[] = { "", "data", "instruction", "unified" };
	uint32_t leaf = cpuid_read_checked(0x8000001d, 0).eax & 31 ? 0x8000001d : 4;

	for (uint32_t i = 0; i < 8; i++) {
		struct cpuid r = cpuid_read_checked(leaf, i);
		unsigned kind = r.eax & 31;
		if (!kind || kind >= ARRAY_SIZE(kinds))
			break;
		uint64_t bytes = (uint64_t)(r.ebx >> 22 & 0x3ff) + 1;
		bytes *= ((r.ebx >> 12 & 0x3ff) + 1) * (uint64_t)((r.ebx & 0xfff) + 1) * ((uint64_t)r.ecx + 1);
		monitor_printf("  L%u %-11s %6llu KiB, shared by up to %u\n", r.eax >> 5 & 7, kinds[kind], (unsigned long long)bytes / 1024,
			       (r.eax >> 14 & 0xfff) + 1);
	}
}

static void print_protection(void)
{
	uint64_t cr4 = cr4_read();

	monitor_printf("protection: write protect %s, no-execute %s, SMEP %s, SMAP %s, UMIP %s\n",
		       cr0_read() & CR0_WP ? "on" : "off", msr_read(MSR_EFER) & EFER_NXE ? "on" : "off",
		       cr4 & CR4_SMEP ? "on" : "absent", cr4 & CR4_SMAP ? "on" : "absent", cr4 & CR4_UMIP ? "on" : "absent");
}

static void print_cpu(cpu_id_t id)
{
	const struct cpu_local *cpu = &cpu_of(id, cpu_local);

	monitor_printf("  CPU %u: APIC id %u%s\n", id, cpu->apic_id, cpu_is_online(id) ? "" : ", did not come up");
}

static int cpu_command(int argc, char **argv)
{
	struct cpuid r = cpuid_read(1, 0);

	monitor_printf("%s, family %#x, model %#x, stepping %u\n", cpu_model_name(),
		       (r.eax >> 8 & 15) + ((r.eax >> 8 & 15) == 15 ? r.eax >> 20 & 0xff : 0),
		       (r.eax >> 4 & 15) | (r.eax >> 12 & 0xf0), r.eax & 15);
	monitor_printf("features:");
	for (unsigned i = 0; i < FEATURE_COUNT; i++)
		if (cpu_has((enum feature)i))
			monitor_printf(" %s", features[i].name);
	monitor_printf("\n");
	print_protection();
	monitor_printf("caches:\n");
	print_caches();
	monitor_printf("%u CPUs:\n", percpu_count);
	for (cpu_id_t id = 0; id < percpu_count; id++)
		print_cpu(id);
	return 0;
}
MONITOR_COMMAND(cpu, "", "the CPUs: features, protection, caches, APIC ids", cpu_command);
