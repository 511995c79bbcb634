/* The report's section on the CPUs. */
#include "kernel/arch/cpu.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/topology.h"
#include "kernel/core/report.h"
#include "kernel/smp/cpus.h"

static void features_report(struct report_sink *s)
{
	const char *name, *state;
	bool on;

	report_values(s, "features");
	for (unsigned i = 0; (name = cpu_feature_name(i)); i++)
		if (cpu_has_feature(0, i))
			report_text(s, NULL, "%s", name);
	report_end(s);
	report_values(s, "protection");
	for (unsigned i = 0; (name = cpu_protection(i, &on)); i++)
		if (on)
			report_text(s, NULL, "%s", name);
	report_end(s);
	report_object(s, "weaknesses");
	for (unsigned i = 0; (name = cpu_weakness(i, &state)); i++)
		report_text(s, name, "%s", state);
	report_end(s);
}

/* The boot CPU's: `cpu` at the monitor shows those of other kinds of cores. */
static void caches_report(struct report_sink *s)
{
	static const char *const types[] = {
		[CPU_CACHE_DATA] = "data", [CPU_CACHE_INSTRUCTION] = "instruction", [CPU_CACHE_UNIFIED] = "unified",
	};
	const struct cpu_topology *t = &cpu_of(0, cpu_topology);

	report_list(s, "caches");
	for (unsigned i = 0; i < t->cache_count; i++) {
		const struct cpu_cache *c = &t->caches[i];
		const bool known = c->type < ARRAY_SIZE(types) && types[c->type];
		report_row(s);
		report_text(s, "type", "%s", known ? types[c->type] : "unknown");
		report_number(s, "level", c->level);
		report_bytes(s, "size", c->size);
		report_number(s, "ways", c->ways);
		report_number(s, "line", c->line);
		report_number(s, "shared_by", topology_cache_sharers(0, c));
		report_end(s);
	}
	report_end(s);
}

static void cpus_report(struct report_sink *s)
{
	static const char *const kinds[] = { "", "performance", "efficient" };

	report_list(s, "cpus");
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		report_row(s);
		report_number(s, "number", id);
		report_number(s, "apic_id", smp_arch_hardware_id(id));
		report_flag(s, "online", cpu_is_online(id));
		report_number(s, "package", topology_package(id));
		report_number(s, "core", topology_core(id));
		report_number(s, "thread", topology_thread(id));
		report_number(s, "llc", topology_llc(id));
		report_text(s, "kind", "%s", kinds[cpu_of(id, cpu_topology).kind]);
		report_end(s);
	}
	report_end(s);
}

static void cpu_report(struct report_sink *s)
{
	const struct cpu_model model = cpu_model();
	uint32_t microcode;

	report_text(s, "model_name", "%s", cpu_model_name());
	report_number(s, "family", model.family);
	report_number(s, "model", model.model);
	report_number(s, "stepping", model.stepping);
	if (cpu_microcode(&microcode))
		report_hex(s, "microcode", microcode, 8);
	report_text(s, "hypervisor", "%s", cpu_hypervisor_name());
	report_number(s, "packages", topology_count(TOPOLOGY_PACKAGE));
	report_number(s, "cores", topology_count(TOPOLOGY_CORE));
	report_number(s, "online", cpus_online());
	features_report(s);
	caches_report(s);
	cpus_report(s);
}
REPORT_SECTION(10, cpu, "CPUs", cpu_report);
