/* kernel/arch/x86_64/topology_decode.c, with what real machines answer to CPUID (InstLatX64's collection). */
#include "tests/unit/test.h"

#include "kernel/arch/x86_64/topology_decode.h"
#include "tests/unit/random.h"

#define CPUS_MAX 32

struct row {
	uint32_t leaf, subleaf;
	struct cpuid answer;
};

/* One kind of CPU: rows end with an empty one. Its APIC id is put in where CPUID gives it. */
typedef const struct row cpu_rows[];

static const struct row *rows;
static uint32_t apic_id;

static struct cpuid answer(uint32_t leaf, uint32_t subleaf)
{
	for (const struct row *r = rows; r->leaf || r->answer.eax; r++) {
		if (r->leaf != leaf || r->subleaf != subleaf)
			continue;
		struct cpuid result = r->answer;
		if (leaf == 1)
			result.ebx = (result.ebx & 0xffffff) | apic_id << 24;
		else if (leaf == 0xb || leaf == 0x1f)
			result.edx = apic_id;
		else if (leaf == 0x8000001e)
			result.eax = apic_id;
		return result;
	}
	return (struct cpuid){ 0 };
}

static struct cpu_topology cpus[CPUS_MAX];
static bool absent[CPUS_MAX];

static struct cpu_topology *cpu(cpu_id_t id)
{
	return absent[id] ? NULL : &cpus[id];
}

static void machine_is_made(const struct row *kind, unsigned first, unsigned count, const uint32_t *ids)
{
	for (unsigned i = 0; i < count; i++) {
		rows = kind;
		apic_id = ids[i];
		topology_decode(answer, &cpus[first + i]);
		CHECK_EQ(cpus[first + i].hardware_id, ids[i]);
	}
}

/* A letter for each CPU: 'a' is group 0. */
static void groups_are(unsigned count, enum topology_group group, const char *expected)
{
	char found[CPUS_MAX + 1] = "";

	topology_number(count, cpu);
	for (unsigned i = 0; i < count; i++)
		found[i] = absent[i] ? '-' : (char)('a' + cpus[i].number[group]);
	CHECK_STR(found, expected);
}

static void cache_is(const struct cpu_topology *t, unsigned i, unsigned level, enum cpu_cache_type type, uint64_t size,
		     unsigned ways, unsigned shift)
{
	CHECK(i < t->cache_count);
	CHECK_EQ(t->caches[i].level, level);
	CHECK_EQ(t->caches[i].type, type);
	CHECK_EQ(t->caches[i].size, size);
	CHECK_EQ(t->caches[i].ways, ways);
	CHECK_EQ(t->caches[i].line, 64);
	CHECK_EQ(t->caches[i].shift, shift);
}

/* Meteor Lake, 6 + 8 + 2 cores. It boots on a performance core in the middle of its ids, and the last two cores have no
 * third level. */
static cpu_rows performance_core = {
	{ 1, 0, { 0x000a06a4, 0x20800800, 0x7ffafbff, 0xbfebfbff } },
	{ 4, 0, { 0xfc004121, 0x02c0003f, 0x0000003f, 0 } },
	{ 4, 1, { 0xfc004122, 0x03c0003f, 0x0000003f, 0 } },
	{ 4, 2, { 0xfc01c143, 0x03c0003f, 0x000007ff, 0 } },
	{ 4, 3, { 0xfc0fc163, 0x02c0003f, 0x00005fff, 4 } },
	{ 7, 0, { 2, 0x239c27eb, 0x994007ac, 0xfc18c410 } },
	{ 0xb, 0, { 1, 2, 0x100, 0 } }, { 0xb, 1, { 7, 0x12, 0x201, 0 } },
	{ 0x1a, 0, { 0x40000002, 0, 0, 0 } },
	{ 0x1f, 0, { 1, 2, 0x100, 0 } }, { 0x1f, 1, { 3, 2, 0x201, 0 } }, { 0x1f, 2, { 7, 0x12, 0x302, 0 } },
	{ 0 }
};
static cpu_rows efficient_core = {
	{ 4, 0, { 0xfc000121, 0x01c0003f, 0x0000003f, 0 } },
	{ 4, 1, { 0xfc000122, 0x01c0003f, 0x0000007f, 0 } },
	{ 4, 2, { 0xfc01c143, 0x03c0003f, 0x000007ff, 0 } },
	{ 4, 3, { 0xfc0fc163, 0x02c0003f, 0x00005fff, 4 } },
	{ 7, 0, { 2, 0x239c27eb, 0x994007ac, 0xfc18c410 } },
	{ 0x1a, 0, { 0x20000002, 0, 0, 0 } },
	{ 0x1f, 0, { 1, 1, 0x100, 0 } }, { 0x1f, 1, { 3, 4, 0x201, 0 } }, { 0x1f, 2, { 7, 0x12, 0x302, 0 } },
	{ 0 }
};
static cpu_rows low_power_core = {
	{ 4, 0, { 0xfc000121, 0x01c0003f, 0x0000003f, 1 } },
	{ 4, 1, { 0xfc000122, 0x01c0003f, 0x0000007f, 1 } },
	{ 4, 2, { 0xfc01c143, 0x03c0003f, 0x000007ff, 1 } },
	{ 7, 0, { 2, 0x239c27eb, 0x994007ac, 0xfc18c410 } },
	{ 0x1a, 0, { 0x20000002, 0, 0, 0 } },
	{ 0x1f, 0, { 1, 1, 0x100, 0 } }, { 0x1f, 1, { 3, 2, 0x201, 0 } }, { 0x1f, 2, { 7, 0x12, 0x302, 0 } },
	{ 0 }
};

static void make_meteor_lake(void)
{
	machine_is_made(performance_core, 0, 1, (uint32_t[]){ 0x20 });
	machine_is_made(efficient_core, 1, 8, (uint32_t[]){ 0, 2, 4, 6, 8, 10, 12, 14 });
	machine_is_made(performance_core, 9, 7, (uint32_t[]){ 0x10, 0x11, 0x18, 0x19, 0x21, 0x28, 0x29 });
	machine_is_made(low_power_core, 16, 2, (uint32_t[]){ 0x40, 0x42 });
}

TEST(intel_hybrid)
{
	make_meteor_lake();
	groups_are(18, TOPOLOGY_PACKAGE, "aaaaaaaaaaaaaaaaaa");
	groups_are(18, TOPOLOGY_CORE, "abcdefghijjkkallmn");
	groups_are(18, TOPOLOGY_LLC, "aaaaaaaaaaaaaaaabb");
	CHECK_EQ(cpus[0].kind, CPU_KIND_PERFORMANCE);
	CHECK_EQ(cpus[1].kind, CPU_KIND_EFFICIENT);
	CHECK_EQ(cpus[0].cache_count, 4);
	cache_is(&cpus[0], 0, 1, CPU_CACHE_DATA, KIB(48), 12, 1);
	cache_is(&cpus[0], 1, 1, CPU_CACHE_INSTRUCTION, KIB(64), 16, 1);
	cache_is(&cpus[1], 2, 2, CPU_CACHE_UNIFIED, MIB(2), 16, 3);
	cache_is(&cpus[0], 3, 3, CPU_CACHE_UNIFIED, MIB(18), 12, 6);
	CHECK_EQ(cpus[16].cache_count, 3);
	CHECK_EQ(cpus[16].llc_level, 2);
}

/* Ryzen 9 3900X: four complexes of three cores, whose ids leave a hole for the fourth core. */
static cpu_rows ryzen = {
	{ 1, 0, { 0x00870f10, 0x00180800, 0x7ed8320b, 0x178bfbff } },
	{ 7, 0, { 0, 0x219c91a9, 0x00400004, 0 } },
	{ 0xb, 0, { 1, 2, 0x100, 0 } }, { 0xb, 1, { 7, 0x18, 0x201, 0 } },
	{ 0x80000001, 0, { 0x00870f10, 0x20000000, 0x75c237ff, 0x2fd3fbff } },
	{ 0x80000008, 0, { 0x00003030, 0x010eb757, 0x00007017, 0x00010000 } },
	{ 0x8000001d, 0, { 0x00004121, 0x01c0003f, 0x0000003f, 0 } },
	{ 0x8000001d, 1, { 0x00004122, 0x01c0003f, 0x0000003f, 0 } },
	{ 0x8000001d, 2, { 0x00004143, 0x01c0003f, 0x000003ff, 2 } },
	{ 0x8000001d, 3, { 0x00014163, 0x03c0003f, 0x00003fff, 1 } },
	{ 0x8000001e, 0, { 0, 0x100, 0, 0 } },
	{ 0 }
};

TEST(amd_complexes)
{
	machine_is_made(ryzen, 0, 12, (uint32_t[]){ 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13 });
	machine_is_made(ryzen, 12, 12, (uint32_t[]){ 16, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28, 29 });
	groups_are(24, TOPOLOGY_PACKAGE, "aaaaaaaaaaaaaaaaaaaaaaaa");
	groups_are(24, TOPOLOGY_CORE, "aabbccddeeffgghhiijjkkll");
	groups_are(24, TOPOLOGY_LLC, "aaaaaabbbbbbccccccdddddd");
	cache_is(&cpus[0], 3, 3, CPU_CACHE_UNIFIED, MIB(16), 16, 3);
	CHECK_EQ(cpus[0].kind, CPU_KIND_ORDINARY);
}

/* The first Ryzen Threadripper has no leaf 0Bh: two dies with 16 threads each in a package of 5 bits. */
static cpu_rows threadripper = {
	{ 1, 0, { 0x00800f11, 0x00200800, 0x7ed8320b, 0x178bfbff } },
	{ 0x80000001, 0, { 0x00800f11, 0x70000000, 0x35c233ff, 0x2fd3fbff } },
	{ 0x80000008, 0, { 0x00003030, 0x00000007, 0x0000501f, 0 } },
	{ 0x8000001d, 0, { 0x00004121, 0x01c0003f, 0x0000003f, 0 } },
	{ 0x8000001d, 1, { 0x00004122, 0x00c0003f, 0x000000ff, 0 } },
	{ 0x8000001d, 2, { 0x00004143, 0x01c0003f, 0x000003ff, 2 } },
	{ 0x8000001d, 3, { 0x0001c163, 0x03c0003f, 0x00001fff, 1 } },
	{ 0x8000001e, 0, { 0, 0x100, 0x100, 0 } },
	{ 0 }
};

TEST(amd_without_leaf_b)
{
	uint32_t ids[32];

	for (unsigned i = 0; i < 32; i++)
		ids[i] = i;
	machine_is_made(threadripper, 0, 32, ids);
	groups_are(32, TOPOLOGY_PACKAGE, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	groups_are(32, TOPOLOGY_CORE, "aabbccddeeffgghhiijjkkllmmnnoopp");
	groups_are(32, TOPOLOGY_LLC, "aaaaaaaabbbbbbbbccccccccdddddddd");
}

/* Bulldozer: ids from 10h on; two threads share a module's second level, not the first for data. */
static cpu_rows bulldozer = {
	{ 1, 0, { 0x00600f01, 0x00040800, 0x1e98220b, 0x178bfbff } },
	{ 0x80000001, 0, { 0x00600f01, 0x10000000, 0x01c9bfff, 0x2fd3fbff } },
	{ 0x80000008, 0, { 0x00003030, 0, 0x00004003, 0 } },
	{ 0x8000001d, 0, { 0x00000121, 0x00c0003f, 0x0000003f, 0 } },
	{ 0x8000001d, 1, { 0x00004122, 0x0040003f, 0x000001ff, 0 } },
	{ 0x8000001d, 2, { 0x00004143, 0x03c0003f, 0x000007ff, 1 } },
	{ 0x8000001d, 3, { 0x00004163, 0x0fc0003f, 0x000007ff, 1 } },
	{ 0x8000001e, 0, { 0x10, 0x100, 0, 0 } },
	{ 0 }
};

TEST(amd_modules)
{
	machine_is_made(bulldozer, 0, 4, (uint32_t[]){ 0x10, 0x11, 0x12, 0x13 });
	groups_are(4, TOPOLOGY_PACKAGE, "aaaa");
	groups_are(4, TOPOLOGY_CORE, "aabb");
	groups_are(4, TOPOLOGY_LLC, "aabb");
	cache_is(&cpus[0], 0, 1, CPU_CACHE_DATA, KIB(16), 4, 0);
}

/* Core 2 Quad: two dies, each with a second level of its own, and no leaf that says where a CPU is. */
static cpu_rows core2 = {
	{ 1, 0, { 0x000006f7, 0x00040800, 0x0000e3bd, 0xbfebfbff } },
	{ 4, 0, { 0x0c000121, 0x01c0003f, 0x0000003f, 1 } },
	{ 4, 1, { 0x0c000122, 0x01c0003f, 0x0000003f, 1 } },
	{ 4, 2, { 0x0c004143, 0x03c0003f, 0x00000fff, 1 } },
	{ 0x80000001, 0, { 0, 0, 1, 0x20100000 } },
	{ 0x80000008, 0, { 0x00003024, 0, 0, 0 } },
	{ 0 }
};

TEST(intel_without_leaf_b)
{
	machine_is_made(core2, 0, 4, (uint32_t[]){ 0, 1, 2, 3 });
	groups_are(4, TOPOLOGY_PACKAGE, "aaaa");
	groups_are(4, TOPOLOGY_CORE, "abcd");
	groups_are(4, TOPOLOGY_LLC, "aabb");
}

/* QEMU 7.2, -smp sockets=2,cores=2,threads=2: the third level would reach over both packages. */
static cpu_rows qemu = {
	{ 1, 0, { 0x00000663, 0x00040800, 0x80202001, 0x178bfbff } },
	{ 4, 0, { 0x04004121, 0x01c0003f, 0x0000003f, 1 } },
	{ 4, 1, { 0x04004122, 0x01c0003f, 0x0000003f, 1 } },
	{ 4, 2, { 0x04004143, 0x03c0003f, 0x00000fff, 1 } },
	{ 4, 3, { 0x0401c163, 0x03c0003f, 0x00003fff, 6 } },
	{ 0xb, 0, { 1, 2, 0x100, 0 } }, { 0xb, 1, { 2, 4, 0x201, 0 } }, { 0xb, 2, { 0, 0, 2, 0 } },
	{ 0 }
};

TEST(two_packages)
{
	machine_is_made(qemu, 0, 8, (uint32_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
	groups_are(8, TOPOLOGY_PACKAGE, "aaaabbbb");
	groups_are(8, TOPOLOGY_CORE, "aabbccdd");
	groups_are(8, TOPOLOGY_LLC, "aaaabbbb");
}

/* QEMU's CPUs of AMD make: no sharing is told, and sizes in the oldest form. */
static cpu_rows qemu_amd = {
	{ 0xb, 0, { 1, 2, 0x100, 0 } }, { 0xb, 1, { 2, 4, 0x201, 0 } }, { 0xb, 2, { 0, 0, 2, 0 } },
	{ 0x80000005, 0, { 0x01ff01ff, 0x01ff01ff, 0x40020140, 0x40020140 } },
	{ 0x80000006, 0, { 0, 0x42004200, 0x02008140, 0x00808140 } },
	{ 0 }
};

TEST(amd_caches_of_old)
{
	machine_is_made(qemu_amd, 0, 8, (uint32_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
	groups_are(8, TOPOLOGY_LLC, "aaaabbbb");
	CHECK_EQ(cpus[0].cache_count, 4);
	cache_is(&cpus[0], 0, 1, CPU_CACHE_DATA, KIB(64), 2, 1);
	cache_is(&cpus[0], 2, 2, CPU_CACHE_UNIFIED, KIB(512), 16, 1);
	cache_is(&cpus[0], 3, 3, CPU_CACHE_UNIFIED, MIB(16), 16, 2);
}

TEST(absent_cpus_have_no_number)
{
	machine_is_made(qemu, 0, 8, (uint32_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
	absent[2] = absent[3] = absent[5] = true;
	groups_are(8, TOPOLOGY_CORE, "aa--b-cc");
	groups_are(8, TOPOLOGY_PACKAGE, "aa--b-bb");
	memset(absent, 0, sizeof(absent));
}

/* A CPU that says nothing: one package, one core, one cache. */
TEST(nothing_said)
{
	static cpu_rows silent = { { 0 } };

	machine_is_made(silent, 0, 1, (uint32_t[]){ 0 });
	groups_are(1, TOPOLOGY_LLC, "a");
	CHECK_EQ(cpus[0].cache_count, 0);
}

static struct cpuid any_answer(uint32_t leaf, uint32_t subleaf)
{
	uint64_t low = random_next(), high = random_next();

	return (struct cpuid){ (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32) };
}

/* Each group's number is that of an earlier CPU or the next new one, and shifts stay under the width of an id. */
TEST(any_registers_at_all)
{
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t next[TOPOLOGY_GROUPS] = { 0 };
		for (unsigned i = 0; i < 8; i++)
			topology_decode(any_answer, &cpus[i]);
		topology_number(8, cpu);
		for (unsigned i = 0; i < 8; i++)
			for (unsigned g = 0; g < TOPOLOGY_GROUPS; g++) {
				CHECK(cpus[i].shift[g] <= cpus[i].shift[TOPOLOGY_PACKAGE] && cpus[i].shift[g] < 32);
				CHECK(cpus[i].number[g] <= next[g]);
				next[g] += cpus[i].number[g] == next[g];
			}
	}
}

TEST_MAIN
