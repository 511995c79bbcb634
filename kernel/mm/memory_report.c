/* The report's section on memory: what it is used for, by the kernel's own account, and the modules it is in, by the
 * firmware's. */
#include "kernel/core/firmware.h"
#include "kernel/core/report.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/memory.h"
#include "kernel/mm/numa.h"

static void use_row(void *sink, const char *what, uint64_t bytes)
{
	struct report_sink *s = sink;

	if (!bytes)
		return;
	report_row(s);
	report_text(s, "use", "%s", what);
	report_bytes(s, "size", bytes);
	report_end(s);
}

static void module_row(struct report_sink *s, const struct smbios_module *m)
{
	report_row(s);
	report_text(s, "slot", "%s", m->slot);
	report_text(s, "bank", "%s", m->bank);
	report_bytes(s, "size", m->size);
	report_text(s, "type", "%s", m->type);
	report_number_known(s, "speed", m->speed);
	report_flag(s, "ecc", m->ecc);
	report_text(s, "vendor", "%s", m->vendor);
	report_text(s, "part", "%s", m->part);
	report_end(s);
}

static void memory_report(struct report_sink *s)
{
	struct smbios_module module;

	report_bytes(s, "total", memory_total());
	report_bytes(s, "free", frames_free_bytes());
	report_number(s, "nodes", numa_node_count());
	report_list(s, "uses");
	memory_explain(use_row, s);
	report_end(s);
	report_list(s, "modules");
	for (size_t at = 0; smbios_next_module(firmware_smbios(), &at, &module);)
		module_row(s, &module);
	report_end(s);
}
REPORT_SECTION(20, memory, "Memory", memory_report);
