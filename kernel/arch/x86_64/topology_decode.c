/* Where a CPU is among the others.
 *
 * An APIC id is made of fields: thread in the core, core, perhaps module and die, package. CPUID says how wide they
 * are, in three ways by age and maker. Leaf 1Fh and, less finely, 0Bh list the levels with the shift that leads to the
 * next one (Intel SDM volume 3, section 9.9; AMD since Zen 2). AMD before that has its own leaves: APM volume 3,
 * Fn8000_0008 and Fn8000_001E. Before all of them, numbers of threads and cores are rounded up to powers of two.
 *
 * Caches come in one form from both makers, Intel's leaf 4 and AMD's 8000_001Dh, with the number of CPUs that may share
 * one: rounded up to a power of two it is a shift again (Fn8000_001D). That matters on a CCX of three cores, whose ids
 * leave room for four. */
#include "kernel/arch/x86_64/topology_decode.h"

enum { LEVEL_NONE = 0, LEVEL_THREAD = 1 };	/* CPUID 0Bh and 1Fh, ECX */

/* log2, rounded up: bits for n different values. */
static uint8_t bits_for(uint32_t n)
{
	return n > 1 ? (uint8_t)(32 - __builtin_clz(n - 1)) : 0;
}

static bool has_amd_extensions(cpuid_reader *read)
{
	return read(0x80000001, 0).ecx >> 22 & 1;	/* TOPOEXT: leaves 8000_001Dh and 8000_001Eh */
}

/* A level of a type that is not known to us counts: the package is above them all. */
static bool levels_decode(cpuid_reader *read, uint32_t leaf, struct cpu_topology *t)
{
	struct cpuid r = read(leaf, 0);

	if (!(r.ebx & 0xffff))		/* the leaf is not there, or off */
		return false;
	t->hardware_id = r.edx;
	for (uint32_t i = 1; (r.ecx >> 8 & 0xff) != LEVEL_NONE && i < 256; r = read(leaf, i++)) {
		t->shift[TOPOLOGY_PACKAGE] = r.eax & 31;
		if ((r.ecx >> 8 & 0xff) == LEVEL_THREAD)
			t->shift[TOPOLOGY_CORE] = r.eax & 31;
	}
	return true;
}

static void legacy_decode(cpuid_reader *read, struct cpu_topology *t)
{
	struct cpuid one = read(1, 0), caches = read(4, 0), amd = read(0x8000001e, 0);
	uint32_t threads = one.edx >> 28 & 1 ? one.ebx >> 16 & 0xff : 1, core_bits = read(0x80000008, 0).ecx >> 12 & 15;
	uint32_t threads_of_core = 1;

	t->hardware_id = one.ebx >> 24;
	if (has_amd_extensions(read)) {
		t->hardware_id = amd.eax;
		threads_of_core = (amd.ebx >> 8 & 0xff) + 1;
	} else if (caches.eax) {
		threads_of_core = threads / ((caches.eax >> 26) + 1);
	}
	t->shift[TOPOLOGY_CORE] = bits_for(threads_of_core);
	t->shift[TOPOLOGY_PACKAGE] = (uint8_t)(core_bits ? core_bits : bits_for(threads));
}

/* Hypervisors let a cache reach over more than its package. */
static void cache_add(struct cpu_topology *t, struct cpu_cache c)
{
	c.shift = MIN(c.shift, t->shift[TOPOLOGY_PACKAGE]);
	if (!c.size || t->cache_count == CPU_CACHES_MAX)
		return;
	t->caches[t->cache_count++] = c;
	if (c.type != CPU_CACHE_INSTRUCTION && c.level > t->llc_level) {
		t->llc_level = c.level;
		t->shift[TOPOLOGY_LLC] = c.shift;
	}
}

static void caches_decode(cpuid_reader *read, uint32_t leaf, struct cpu_topology *t)
{
	struct cpuid r;

	for (uint32_t i = 0; i < CPU_CACHES_MAX && ((r = read(leaf, i)).eax & 31); i++) {
		struct cpu_cache c = {
			.type = r.eax & 31,
			.level = r.eax >> 5 & 7,
			.shift = bits_for((r.eax >> 14 & 0xfff) + 1),
			.ways = (uint16_t)((r.ebx >> 22 & 0x3ff) + 1),
			.line = (uint16_t)((r.ebx & 0xfff) + 1),
		};
		c.size = (uint64_t)c.ways * c.line * ((r.ebx >> 12 & 0x3ff) + 1) * ((uint64_t)r.ecx + 1);
		cache_add(t, c);
	}
}

/* The first level: size in KiB, ways, …, line from the highest byte down (Fn8000_0005). */
static struct cpu_cache first_level(uint32_t r, enum cpu_cache_type type, uint8_t shift)
{
	return (struct cpu_cache){ 1, (uint8_t)type, shift, r >> 16 & 0xff, r & 0xff, KIB(r >> 24) };
}

/* The others: the ways are a code (Fn8000_0006). */
static struct cpu_cache other_level(uint32_t r, uint8_t level, uint8_t shift, uint64_t size)
{
	static const uint8_t ways[16] = { 0, 1, 2, 3, 4, 6, 8, 0, 16, 0, 32, 48, 64, 96, 128 };

	return (struct cpu_cache){ level, CPU_CACHE_UNIFIED, shift, ways[r >> 12 & 15], r & 0xff, size };
}

/* AMD before Bulldozer, and hypervisors that go on telling it: the third level is the package's, the others are the
 * core's. */
static void caches_decode_old(cpuid_reader *read, struct cpu_topology *t)
{
	struct cpuid first = read(0x80000005, 0), others = read(0x80000006, 0);
	uint8_t core = t->shift[TOPOLOGY_CORE], package = t->shift[TOPOLOGY_PACKAGE];

	cache_add(t, first_level(first.ecx, CPU_CACHE_DATA, core));
	cache_add(t, first_level(first.edx, CPU_CACHE_INSTRUCTION, core));
	cache_add(t, other_level(others.ecx, 2, core, KIB(others.ecx >> 16)));
	cache_add(t, other_level(others.edx, 3, package, KIB(512) * (others.edx >> 18)));
}

/* CPUID 1Ah, EAX 31-24, where leaf 7 says that the cores are not alike. */
static enum cpu_kind kind_decode(cpuid_reader *read)
{
	uint32_t kind = read(7, 0).edx >> 15 & 1 ? read(0x1a, 0).eax >> 24 : 0;

	return kind == 0x20 ? CPU_KIND_EFFICIENT : kind == 0x40 ? CPU_KIND_PERFORMANCE : CPU_KIND_ORDINARY;
}

void topology_decode(cpuid_reader *read, struct cpu_topology *ret)
{
	*ret = (struct cpu_topology){ .kind = (uint8_t)kind_decode(read) };
	if (!levels_decode(read, 0x1f, ret) && !levels_decode(read, 0xb, ret))
		legacy_decode(read, ret);
	ret->shift[TOPOLOGY_PACKAGE] = MAX(ret->shift[TOPOLOGY_PACKAGE], ret->shift[TOPOLOGY_CORE]);
	ret->shift[TOPOLOGY_LLC] = ret->shift[TOPOLOGY_PACKAGE];
	caches_decode(read, has_amd_extensions(read) ? 0x8000001d : 4, ret);
	if (!ret->cache_count)
		caches_decode_old(read, ret);
}

static bool ids_agree(const struct cpu_topology *a, const struct cpu_topology *b, unsigned shift)
{
	return a->hardware_id >> shift == b->hardware_id >> shift;
}

/* Cores with and without a third level can lie side by side: their last levels are different caches. */
static bool is_same_group(const struct cpu_topology *a, const struct cpu_topology *b, enum topology_group group)
{
	return b && ids_agree(a, b, a->shift[group]) && (group != TOPOLOGY_LLC || a->llc_level == b->llc_level);
}

/* A CPU before this one in its group; NULL: it is the first. Ids of a group follow one another, so looking back ends
 * with the first id outside; the boot CPU alone stands out of order. */
static const struct cpu_topology *group_mate(cpu_id_t id, struct cpu_topology *(*of)(cpu_id_t),
					     enum topology_group group)
{
	const struct cpu_topology *t = of(id), *other;

	for (cpu_id_t back = id; back-- > 1;) {
		other = of(back);
		if (is_same_group(t, other, group))
			return other;
		if (other && !ids_agree(t, other, t->shift[group]))
			break;
	}
	return id && is_same_group(t, of(0), group) ? of(0) : NULL;
}

void topology_number(unsigned count, struct cpu_topology *(*of)(cpu_id_t id))
{
	uint32_t next[TOPOLOGY_GROUPS] = { 0 };

	for (cpu_id_t id = 0; id < count; id++) {
		struct cpu_topology *t = of(id);
		for (unsigned group = 0; t && group < TOPOLOGY_GROUPS; group++) {
			const struct cpu_topology *mate = group_mate(id, of, (enum topology_group)group);
			t->number[group] = mate ? mate->number[group] : next[group]++;
		}
	}
}
