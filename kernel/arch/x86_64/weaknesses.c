/* The bits with which CPUs say that they are safe: MSR IA32_ARCH_CAPABILITIES (Intel SDM volume 4, table 2-2), CPUID
 * 8000_0008h EBX and 8000_0021h EAX (AMD APM volume 3, appendix E.4).
 *
 * What the kernel does is what costs nothing: indirect branches are kept apart by the CPU where it can do that by
 * itself (control.c sets the bit), and entries of page tables that are not present are zero, so that they name no
 * memory but page 0, which is nobody's. */
#include "kernel/arch/x86_64/weaknesses.h"

#define BIT(n)			(1ull << (n))
#define NOBODY			~0ull	/* of this maker is affected */
#define EVERYBODY		0ull

#define RDCL_NO			BIT(0)
#define SSB_NO			BIT(4)
#define MDS_NO			BIT(5)
#define TAA_NO			BIT(8)
#define MMIO_NO			(BIT(13) | BIT(14) | BIT(15))	/* SBDR_SSDP_NO, FBSDP_NO, PSDP_NO */
#define GDS_CTRL		BIT(25)
#define GDS_NO			BIT(26)

/* 8000_0008h EBX below, 8000_0021h EAX above. */
#define AMD_SSB_NO		BIT(26)
#define AMD_BTC_NO		BIT(29)
#define AMD_SRSO_NO		BIT(32 + 29)

enum weakness { GDS, L1TF, MDS, MELTDOWN, MMIO, RETBLEED, SRSO, SSB, SPECTRE_1, SPECTRE_2, TAA, WEAKNESS_COUNT };

static const struct {
	const char *name;
	uint64_t intel_safe, amd_safe;	/* all of these bits say that it is */
} weaknesses[] = {
	[GDS] = { "gather_data_sampling", GDS_NO, NOBODY },
	[L1TF] = { "l1tf", RDCL_NO, NOBODY },
	[MDS] = { "mds", MDS_NO, NOBODY },
	[MELTDOWN] = { "meltdown", RDCL_NO, NOBODY },
	[MMIO] = { "mmio_stale_data", MMIO_NO, NOBODY },
	[RETBLEED] = { "retbleed", ARCH_CAPABILITIES_IBRS_ALL, AMD_BTC_NO },
	[SRSO] = { "spec_rstack_overflow", NOBODY, AMD_SRSO_NO },
	[SSB] = { "spec_store_bypass", SSB_NO, AMD_SSB_NO },
	[SPECTRE_1] = { "spectre_v1", EVERYBODY, EVERYBODY },
	[SPECTRE_2] = { "spectre_v2", EVERYBODY, EVERYBODY },
	[TAA] = { "tsx_async_abort", TAA_NO, NOBODY },
};

_Static_assert(ARRAY_SIZE(weaknesses) == WEAKNESS_COUNT, "one for each");

static bool is_safe(const struct cpu_immunity *cpu, enum weakness w)
{
	uint64_t bits = cpu->amd ? (uint64_t)cpu->amd_extended_2 << 32 | cpu->amd_extended : cpu->arch_capabilities;
	uint64_t safe = cpu->amd ? weaknesses[w].amd_safe : weaknesses[w].intel_safe;

	return safe == NOBODY || (safe != EVERYBODY && (bits & safe) == safe) || (w == TAA && !cpu->rtm) ||
	       (w == GDS && !cpu->gather);
}

/* Microcode that has GDS_CTRL locks gathers unless it is told otherwise. */
static const char *mitigation(const struct cpu_immunity *cpu, enum weakness w)
{
	if (w == L1TF)
		return "Mitigation: absent pages name no memory";
	if (w == GDS && cpu->arch_capabilities & GDS_CTRL)
		return "Mitigation: Microcode";
	if (w == SPECTRE_2 && !cpu->amd && cpu->arch_capabilities & ARCH_CAPABILITIES_IBRS_ALL)
		return "Mitigation: Enhanced IBRS";
	if (w == SPECTRE_2 && cpu->amd && cpu->amd_extended_2 & AMD_AUTO_IBRS)
		return "Mitigation: Automatic IBRS";
	return NULL;
}

const char *weakness_state(const struct cpu_immunity *cpu, unsigned index, const char **ret_state)
{
	if (index >= WEAKNESS_COUNT)
		return NULL;
	enum weakness w = (enum weakness)index;
	const char *done = mitigation(cpu, w);

	*ret_state = is_safe(cpu, w) ? "Not affected" : done ? done : "Vulnerable";
	return weaknesses[w].name;
}
