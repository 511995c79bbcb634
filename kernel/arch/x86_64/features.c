/* CPUID as a table, and what else a CPU says about itself (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E). */
#include "kernel/arch/x86_64/features.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/arch/x86_64/weaknesses.h"

enum { EAX, EBX, ECX, EDX };

static const struct {
	const char *name;	/* as in Linux's /proc/cpuinfo */
	uint32_t leaf;
	uint8_t reg, bit;
} features[FEATURE_COUNT] = {
	[FEATURE_MTRR] = { "mtrr", 1, EDX, 12 },
	[FEATURE_PCID] = { "pcid", 1, ECX, 17 },
	[FEATURE_MONITOR] = { "monitor", 1, ECX, 3 },
	[FEATURE_X2APIC] = { "x2apic", 1, ECX, 21 },
	[FEATURE_TSC_DEADLINE] = { "tsc_deadline_timer", 1, ECX, 24 },
	[FEATURE_XSAVE] = { "xsave", 1, ECX, 26 },
	[FEATURE_AVX] = { "avx", 1, ECX, 28 },
	[FEATURE_RDRAND] = { "rdrand", 1, ECX, 30 },
	[FEATURE_HYPERVISOR] = { "hypervisor", 1, ECX, 31 },
	[FEATURE_ARAT] = { "arat", 6, EAX, 2 },
	[FEATURE_FSGSBASE] = { "fsgsbase", 7, EBX, 0 },
	[FEATURE_AVX2] = { "avx2", 7, EBX, 5 },
	[FEATURE_SMEP] = { "smep", 7, EBX, 7 },
	[FEATURE_ERMS] = { "erms", 7, EBX, 9 },
	[FEATURE_INVPCID] = { "invpcid", 7, EBX, 10 },
	[FEATURE_RTM] = { "rtm", 7, EBX, 11 },
	[FEATURE_AVX512F] = { "avx512f", 7, EBX, 16 },
	[FEATURE_RDSEED] = { "rdseed", 7, EBX, 18 },
	[FEATURE_SMAP] = { "smap", 7, EBX, 20 },
	[FEATURE_UMIP] = { "umip", 7, ECX, 2 },
	[FEATURE_PKU] = { "pku", 7, ECX, 3 },
	[FEATURE_CET_SS] = { "user_shstk", 7, ECX, 7 },
	[FEATURE_LA57] = { "la57", 7, ECX, 16 },
	[FEATURE_FSRM] = { "fsrm", 7, EDX, 4 },
	[FEATURE_CET_IBT] = { "ibt", 7, EDX, 20 },
	[FEATURE_ARCH_CAPABILITIES] = { "arch_capabilities", 7, EDX, 29 },
	[FEATURE_NX] = { "nx", 0x80000001, EDX, 20 },
	[FEATURE_PAGE1GB] = { "pdpe1gb", 0x80000001, EDX, 26 },
	[FEATURE_RDTSCP] = { "rdtscp", 0x80000001, EDX, 27 },
	[FEATURE_TSC_INVARIANT] = { "nonstop_tsc", 0x80000007, EDX, 8 },
	[FEATURE_AUTO_IBRS] = { "autoibrs", 0x80000021, EAX, 8 },
};

static PERCPU(uint64_t, feature_bits);	/* read when first asked for; bit FEATURE_COUNT: it was */

_Static_assert(FEATURE_COUNT < 64, "a bit for each, and one more");

/* Each leaf once: a hypervisor takes a microsecond or two for it. */
static uint64_t read_all(void)
{
	uint64_t bits = 1ull << FEATURE_COUNT;
	struct cpuid r = { 0 };

	for (unsigned i = 0; i < FEATURE_COUNT; i++) {
		if (!i || features[i].leaf != features[i - 1].leaf)
			r = cpuid_read_checked(features[i].leaf, 0);
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

const char *cpu_feature_name(unsigned index)
{
	return index < FEATURE_COUNT ? features[index].name : NULL;
}

bool cpu_has_feature(cpu_id_t id, unsigned index)
{
	return cpu_of(id, feature_bits) >> index & 1;
}

struct cpu_model cpu_model(void)
{
	uint32_t eax = cpuid_read(1, 0).eax, family = eax >> 8 & 15;

	return (struct cpu_model){
		.family = family == 15 ? 15 + (eax >> 20 & 0xff) : family,
		.model = (eax >> 4 & 15) | (family == 15 || family == 6 ? eax >> 12 & 0xf0 : 0),
		.stepping = eax & 15,
	};
}

const char *cpu_protection(unsigned index, bool *ret_on)
{
	const struct { const char *name; bool on; } protections[] = {
		{ "write protect", cr0_read() & CR0_WP }, { "no-execute", msr_read(MSR_EFER) & EFER_NXE },
		{ "SMEP", cr4_read() & CR4_SMEP }, { "SMAP", cr4_read() & CR4_SMAP }, { "UMIP", cr4_read() & CR4_UMIP },
	};

	if (index >= ARRAY_SIZE(protections))
		return NULL;
	*ret_on = protections[index].on;
	return protections[index].name;
}

/* AuthenticAMD, HygonGenuine: the last four letters. */
bool cpu_is_amd(void)
{
	uint32_t maker = cpuid_read(0, 0).ecx;

	return maker == 0x444d4163 || maker == 0x656e6975;
}

uint64_t cpu_arch_capabilities(void)
{
	return cpu_has(FEATURE_ARCH_CAPABILITIES) ? msr_read(MSR_ARCH_CAPABILITIES) : 0;
}

const char *cpu_weakness(unsigned index, const char **ret_state)
{
	const struct cpu_immunity immunity = {
		.amd = cpu_is_amd(),
		.arch_capabilities = cpu_arch_capabilities(),
		.amd_extended = cpuid_read_checked(0x80000008, 0).ebx,
		.amd_extended_2 = cpuid_read_checked(0x80000021, 0).eax,
		.rtm = cpu_has(FEATURE_RTM),
		.gather = cpu_has(FEATURE_AVX2),
	};

	return weakness_state(&immunity, index, ret_state);
}
