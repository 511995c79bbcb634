/* Chance, for the kernel's slide and its random numbers: the firmware's generator, the CPU's, and the low bits of time
 * stamps. Each source is mixed into all 64 bytes; none is trusted to be the only good one. */
#include "loader/loader.h"

#include "lib/string.h"

/* EFI_RNG_PROTOCOL (UEFI 2.10, section 37.5); gnu-efi 3.0.15 has no header for it. */
struct rng_protocol {
	EFI_STATUS (EFIAPI *get_info)(struct rng_protocol *self, UINTN *size, EFI_GUID *list);
	EFI_STATUS (EFIAPI *get_rng)(struct rng_protocol *self, EFI_GUID *algorithm, UINTN size, UINT8 *ret);
};

#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_7_EBX_RDSEED	(1u << 18)

/* splitmix64's finaliser: every input bit reaches every output bit. */
static uint64_t scramble(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static void mix(struct loader *l, const void *data, size_t size)
{
	uint64_t pool[8], chain = size;
	const uint8_t *bytes = data;

	memcpy(pool, l->handoff.entropy, sizeof(pool));
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;
		memcpy(&word, bytes + i, MIN(size - i, sizeof(word)));
		chain = scramble(chain ^ word);
		pool[i / 8 % 8] ^= chain;
	}
	for (unsigned i = 0; i < 16; i++)
		pool[i % 8] = chain = scramble(pool[i % 8] + chain + i);
	memcpy(l->handoff.entropy, pool, sizeof(pool));
}

static bool firmware_random(struct loader *l, uint8_t ret[64])
{
	static EFI_GUID guid = { 0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } };
	struct rng_protocol *rng = NULL;

	return !EFI_ERROR(l->boot->LocateProtocol(&guid, NULL, (void **)&rng)) && rng &&
	       !EFI_ERROR(rng->get_rng(rng, NULL, 64, ret));
}

/* Intel SDM volume 1, section 7.3.17: both may have nothing ready; ten tries are enough for one that works. */
static bool cpu_random(bool seed, uint64_t *ret)
{
	bool ok = false;

	for (unsigned tries = 0; tries < 10 && !ok; tries++) {
		if (seed)
			__asm__ volatile("rdseed %0" : "=r"(*ret), "=@ccc"(ok));
		else
			__asm__ volatile("rdrand %0" : "=r"(*ret), "=@ccc"(ok));
	}
	return ok;
}

static void add_cpu_random(struct loader *l, bool seed, uint32_t source)
{
	uint64_t words[8];

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (!cpu_random(seed, &words[i]))
			return;
	/* A broken generator gives all ones (AMD's erratum after resume) or always the same. */
	if (words[0] == words[1] && words[1] == words[2])
		return;
	mix(l, words, sizeof(words));
	l->handoff.entropy_sources |= source;
}

void entropy_gather(struct loader *l)
{
	uint32_t leaf0[4], leaf1[4], leaf7[4] = { 0 };
	uint8_t bytes[64];
	uint64_t stamps[4] = { tsc_read(), (uintptr_t)l->loaded->ImageBase };

	cpu_identify(0, 0, leaf0);
	cpu_identify(1, 0, leaf1);
	if (leaf0[0] >= 7)
		cpu_identify(7, 0, leaf7);
	if (firmware_random(l, bytes)) {
		mix(l, bytes, sizeof(bytes));
		l->handoff.entropy_sources |= HANDOFF_ENTROPY_EFI_RNG;
	}
	if (leaf7[1] & CPUID_7_EBX_RDSEED)
		add_cpu_random(l, true, HANDOFF_ENTROPY_RDSEED);
	if (leaf1[2] & CPUID_1_ECX_RDRAND)
		add_cpu_random(l, false, HANDOFF_ENTROPY_RDRAND);
	stamps[2] = l->handoff.stage_tsc[HANDOFF_STAGE_ENTRY];
	stamps[3] = tsc_read();
	mix(l, stamps, sizeof(stamps));
	l->handoff.entropy_sources |= HANDOFF_ENTROPY_TSC;
}
