/* `rdmsr`, `wrmsr` and `cpuid`, on this CPU, another one, or all. */
#include "kernel/inspect/inspect.h"

#include <abi/linux/errno.h>
#include "kernel/arch/guarded.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/trap.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/core/monitor.h"
#include "kernel/smp/call.h"
#include "lib/string.h"

#define SUBLEAVES 32		/* more are not listed */

/* The CPUs that a command is for: from first up to, not including, end. */
struct cpus {
	cpu_id_t first, end;
};

/* Take -c CPU or -a off the front of the arguments; without it the CPU is 0. False for one that is not there. */
static bool cpus_parse(int *argc, char ***argv, struct cpus *ret)
{
	uint64_t id = 0;
	int words = 0;

	if (*argc > 1 && strcmp((*argv)[1], "-a") == 0)
		words = 1;
	else if (*argc > 2 && strcmp((*argv)[1], "-c") == 0)
		words = 2;
	if (words == 2 && (!inspect_number((*argv)[2], percpu_count - 1, &id) || !cpu_is_online((cpu_id_t)id)))
		return false;
	*ret = words == 1 ? (struct cpus){ 0, percpu_count } : (struct cpus){ (cpu_id_t)id, (cpu_id_t)id + 1 };
	*argc -= words;
	*argv += words;
	return true;
}

struct msr_access {
	uint32_t msr;
	unsigned fault;
	uint64_t value;
};

static void msr_read_here(void *access)
{
	struct msr_access *a = access;

	a->fault = guarded_msr_read(a->msr, &a->value);
}

static void msr_write_here(void *access)
{
	struct msr_access *a = access;

	a->fault = guarded_msr_write(a->msr, a->value);
}

static int msr_command(int argc, char **argv, int words, smp_function *function)
{
	const char *name = argv[0];
	struct cpus cpus;
	uint64_t msr, value = 0;

	if (!cpus_parse(&argc, &argv, &cpus) || argc != words || !inspect_number(argv[1], UINT32_MAX, &msr) ||
	    (words == 3 && !inspect_number(argv[2], UINT64_MAX, &value)))
		return -EINVAL;
	for (cpu_id_t id = cpus.first; id < cpus.end; id++) {
		struct msr_access access = { .msr = (uint32_t)msr, .value = value };
		if (!cpu_is_online(id))
			continue;
		smp_call_one(id, function, &access);
		if (cpus.end - cpus.first > 1)
			monitor_printf("CPU %u: ", id);
		if (access.fault)
			monitor_printf("%s %#llx: %s\n", name, (unsigned long long)msr, trap_name(access.fault));
		else if (words == 2 || cpus.end - cpus.first > 1)
			monitor_printf("%016llx\n", (unsigned long long)access.value);
	}
	return 0;
}

static int rdmsr_command(int argc, char **argv)
{
	return msr_command(argc, argv, 2, msr_read_here);
}
MONITOR_COMMAND(rdmsr, "[-a|-c CPU] MSR", "read a model-specific register", rdmsr_command,
	.text = "Of CPU 0, or of the CPU that is named, or with -a of all. One that the CPU does not have answers with a general "
		"protection fault. rdmsr 0x10 is the time stamp counter.");

static int wrmsr_command(int argc, char **argv)
{
	return msr_command(argc, argv, 3, msr_write_here);
}
MONITOR_COMMAND(wrmsr, "[-a|-c CPU] MSR VALUE", "write a model-specific register", wrmsr_command,
	.text = "CPUs as for rdmsr. A value that the CPU refuses answers with a general protection fault; one that it takes may stop "
		"the machine.");

struct cpuid_access {
	uint32_t leaf, subleaf;
	struct cpuid result;
};

static void cpuid_here(void *access)
{
	struct cpuid_access *a = access;

	a->result = cpuid_read(a->leaf, a->subleaf);
}

static struct cpuid cpuid_on(cpu_id_t id, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_access access = { .leaf = leaf, .subleaf = subleaf };

	smp_call_one(id, cpuid_here, &access);
	return access.result;
}

static void print_leaf(uint32_t leaf, uint32_t subleaf, struct cpuid r)
{
	const uint32_t registers[] = { r.eax, r.ebx, r.ecx, r.edx };
	char text[sizeof(registers) + 1];

	for (unsigned i = 0; i < sizeof(registers); i++) {
		const char byte = (char)(registers[i / 4] >> (i % 4 * 8));
		text[i] = byte >= 0x20 && byte < 0x7f ? byte : '.';
	}
	text[sizeof(registers)] = '\0';
	monitor_printf("%08x.%-2x  %08x %08x %08x %08x  %s\n", leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx, text);
}

/* Those that have subleaves, up to the first empty one (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E). */
static bool has_subleaves(uint32_t leaf)
{
	return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd || leaf == 0x14 || leaf == 0x1f || leaf == 0x8000001d;
}

static void print_range(cpu_id_t id, uint32_t base)
{
	const uint32_t last = cpuid_on(id, base, 0).eax;

	for (uint32_t leaf = base; leaf <= last && leaf < base + 0x100; leaf++) {
		struct cpuid r = cpuid_on(id, leaf, 0);
		print_leaf(leaf, 0, r);
		for (uint32_t subleaf = 1; has_subleaves(leaf) && subleaf < SUBLEAVES; subleaf++) {
			r = cpuid_on(id, leaf, subleaf);
			if (!r.eax && !r.ebx)
				break;
			print_leaf(leaf, subleaf, r);
		}
	}
}

static int cpuid_command(int argc, char **argv)
{
	struct cpus cpus;
	uint64_t leaf, subleaf = 0;

	if (!cpus_parse(&argc, &argv, &cpus) || argc > 3 || (argc > 1 && !inspect_number(argv[1], UINT32_MAX, &leaf)) ||
	    (argc > 2 && !inspect_number(argv[2], UINT32_MAX, &subleaf)))
		return -EINVAL;
	monitor_printf("leaf         EAX      EBX      ECX      EDX\n");
	for (cpu_id_t id = cpus.first; id < cpus.end; id++) {
		if (!cpu_is_online(id))
			continue;
		if (cpus.end - cpus.first > 1)
			monitor_printf("CPU %u\n", id);
		if (argc > 1) {
			print_leaf((uint32_t)leaf, (uint32_t)subleaf, cpuid_on(id, (uint32_t)leaf, (uint32_t)subleaf));
			continue;
		}
		print_range(id, 0);
		if (cpuid_on(id, 1, 0).ecx >> 31)	/* the bit that hypervisors set */
			print_range(id, 0x40000000);
		print_range(id, 0x80000000);
	}
	return 0;
}
MONITOR_COMMAND(cpuid, "[-a|-c CPU] [LEAF [SUBLEAF]]", "what the CPU says of itself, as it says it", cpuid_command,
	.text = "The four registers and their bytes as text; without a leaf, all of the ranges at 0, 0x40000000 (the hypervisor's) and "
		"0x80000000. CPUs as for rdmsr.");
