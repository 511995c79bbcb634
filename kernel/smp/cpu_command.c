/* `cpu`: what the CPUs are, what protects the kernel on them, and where they are. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/topology.h"
#include "kernel/core/monitor.h"
#include "kernel/smp/call.h"
#include "kernel/smp/cpus.h"
#include "lib/format.h"
#include "lib/string.h"

#define WIDTH 78		/* lists are folded at */

static PERCPU(const char *, rights_wrong);	/* what mmu_check_rights said on this CPU */

static void check_rights(void *argument)
{
	this_cpu(rights_wrong) = mmu_check_rights();
}

/* A list of words, folded between them. */
struct list {
	int indent, column;
};

static struct list list_begin(int indent, const char *title)
{
	monitor_printf("%*s%s:", indent, "", title);
	return (struct list){ .indent = indent + 2, .column = indent + (int)strlen(title) + 1 };
}

static __attribute__((format(printf, 2, 3))) void list_add(struct list *l, const char *format, ...)
{
	char word[WIDTH];
	va_list arguments;

	va_start(arguments, format);
	int size = MIN(kvsnprintf(word, sizeof(word), format, arguments), (int)sizeof(word) - 1);
	va_end(arguments);
	if (l->column + 1 + size > WIDTH) {
		monitor_printf("\n%*s", l->indent - 1, "");
		l->column = l->indent - 1;
	}
	monitor_printf(" %s", word);
	l->column += 1 + size;
}

static void print_features(void)
{
	struct list list = list_begin(0, "features");
	const char *name;

	for (unsigned i = 0; (name = cpu_feature_name(i)); i++)
		if (cpu_has_feature(0, i))
			list_add(&list, "%s", name);
	monitor_printf("\n");
}

static void print_protection(void)
{
	const char *name;
	bool on;

	monitor_printf("protection:");
	for (unsigned i = 0; (name = cpu_protection(i, &on)); i++)
		monitor_printf("%s %s %s", i ? "," : "", name, on ? "on" : "off");
	monitor_printf("\n");
}

/* All weaknesses whose state begins in one way; a mitigation is named behind each. */
static void print_weaknesses(const char *title, const char *begin)
{
	size_t size = strlen(begin);
	struct list list = list_begin(2, title);
	const char *name, *state;
	bool found = false;

	for (unsigned i = 0; (name = cpu_weakness(i, &state)); i++)
		if (strncmp(state, begin, size) == 0) {
			list_add(&list, state[size] ? "%s (%s)" : "%s", name, state + size);
			found = true;
		}
	monitor_printf(found ? "\n" : " none\n");
}

static void print_caches(cpu_id_t id)
{
	static const char *const types[] = { "", "data", "instruction", "unified" };
	const struct cpu_topology *t = &cpu_of(id, cpu_topology);

	for (unsigned i = 0; i < t->cache_count; i++) {
		const struct cpu_cache *c = &t->caches[i];
		const char *type = c->type < ARRAY_SIZE(types) ? types[c->type] : "";
		monitor_printf("  L%u %-11s %6llu KiB, %2u ways, lines of %u, shared by %u\n", c->level, type,
			       (unsigned long long)c->size / 1024, c->ways, c->line, topology_cache_sharers(id, c));
	}
}

/* Of each kind of core that there is, one's. */
static void print_kinds(void)
{
	static const char *const kinds[] = { "caches", "caches of performance cores", "caches of efficient cores" };
	unsigned seen = 0;

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		unsigned kind = cpu_of(id, cpu_topology).kind;
		if (!cpu_is_online(id) || seen >> kind & 1)
			continue;
		seen |= 1u << kind;
		monitor_printf("%s:\n", kinds[kind]);
		print_caches(id);
	}
}

/* Features that only one of this CPU and the boot CPU has. */
static void print_difference(cpu_id_t id)
{
	const char *name;

	for (unsigned i = 0; (name = cpu_feature_name(i)); i++)
		if (cpu_has_feature(id, i) != cpu_has_feature(0, i))
			monitor_printf(", %s %s", cpu_has_feature(id, i) ? "with" : "without", name);
}

static void print_cpu(cpu_id_t id)
{
	static const char *const kinds[] = { "", ", performance", ", efficient" };

	monitor_printf("  CPU %u: APIC id %u", id, smp_arch_hardware_id(id));
	if (!cpu_is_online(id)) {
		monitor_printf(", did not come up\n");
		return;
	}
	monitor_printf(", package %u, core %u, thread %u, last-level cache %u%s", topology_package(id),
		       topology_core(id), topology_thread(id), topology_llc(id), kinds[cpu_of(id, cpu_topology).kind]);
	print_difference(id);
	if (cpu_of(id, rights_wrong))
		monitor_printf(", WRONG: %s", cpu_of(id, rights_wrong));
	monitor_printf("\n");
}

static unsigned rights_wrong_count(void)
{
	unsigned count = 0;

	for (cpu_id_t id = 0; id < percpu_count; id++)
		count += cpu_is_online(id) && cpu_of(id, rights_wrong);
	return count;
}

static int cpu_command(int argc, char **argv)
{
	struct cpu_model model = cpu_model();

	smp_call_all(check_rights, NULL);
	monitor_printf("%s, family %#x, model %#x, stepping %u\n", cpu_model_name(), model.family, model.model,
		       model.stepping);
	print_features();
	print_protection();
	monitor_printf("writable or executable, never both: %u of %u CPUs enforce it\n",
		       cpus_online() - rights_wrong_count(), cpus_online());
	monitor_printf("weaknesses:\n");
	print_weaknesses("not affected", "Not affected");
	print_weaknesses("mitigated", "Mitigation: ");
	print_weaknesses("vulnerable", "Vulnerable");
	print_kinds();
	monitor_printf("CPUs: %u; packages: %u, cores: %u, last-level caches: %u; idle by %s\n", percpu_count,
		       topology_count(TOPOLOGY_PACKAGE), topology_count(TOPOLOGY_CORE), topology_count(TOPOLOGY_LLC),
		       smp_arch_idle_name());
	for (cpu_id_t id = 0; id < percpu_count; id++)
		print_cpu(id);
	return 0;
}
MONITOR_COMMAND(cpu, "", "the CPUs: features, protection, weaknesses, caches, places", cpu_command,
	.text = "Features and weaknesses have Linux's names. A CPU that differs from the first says in what. The "
		"report's section cpu has the same for programs; cpuid shows the raw registers.");
