/* kernel/arch/x86_64/weaknesses.c, with what real CPUs say. */
#include "tests/unit/test.h"

#include "kernel/arch/x86_64/weaknesses.h"

/* The states as letters, in the order of the names: Not affected, Vulnerable, Mitigation. */
static void states_are(struct cpu_immunity cpu, const char *expected)
{
	char found[32] = "";
	const char *state;
	unsigned count = 0;

	while (weakness_state(&cpu, count, &state))
		found[count++] = state[0];
	CHECK_STR(found, expected);
}

/*	gather_data_sampling, l1tf, mds, meltdown, mmio_stale_data, retbleed, spec_rstack_overflow, spec_store_bypass,
 *	spectre_v1, spectre_v2, tsx_async_abort */
TEST(intel)
{
	/* Before all of this was known */
	states_are((struct cpu_immunity){ .rtm = true, .gather = true }, "VMVVVVNVVVV");
	states_are((struct cpu_immunity){ .rtm = false, .gather = false }, "NMVVVVNVVVN");
	/* Cascade Lake: RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, MDS_NO, TSX_CTRL */
	states_are((struct cpu_immunity){ .arch_capabilities = 0xab, .gather = true, .rtm = true }, "VNNNVNNVVMV");
	/* with microcode that has GDS_CTRL; one of the three bits for MMIO does not do */
	states_are((struct cpu_immunity){ .arch_capabilities = 0xab | 1 << 25 | 1 << 14, .gather = true },
		   "MNNNVNNVVMN");
	/* everything that can be said */
	states_are((struct cpu_immunity){ .arch_capabilities = ~0ull, .gather = true, .rtm = true }, "NNNNNNNNVMN");
}

TEST(amd)
{
	/* Zen, and Zen 5 with AutoIBRS, BTC_NO, SRSO_NO and without SSB_NO */
	states_are((struct cpu_immunity){ .amd = true, .gather = true }, "NNNNNVVVVVN");
	states_are((struct cpu_immunity){ .amd = true, .amd_extended = 1u << 29,
					  .amd_extended_2 = 1u << 29 | AMD_AUTO_IBRS }, "NNNNNNNVVMN");
	/* Intel's register is not asked, and AMD's bits not on Intel's */
	states_are((struct cpu_immunity){ .amd = true, .arch_capabilities = ~0ull }, "NNNNNVVVVVN");
	states_are((struct cpu_immunity){ .amd_extended = ~0u, .amd_extended_2 = ~0u }, "NMVVVVNVVVN");
}

TEST_MAIN
