/* Which CPUs there are, and how they are started: the policy; kernel/arch/smp.h has the means. */
#include "kernel/smp/cpus.h"

#include <abi/linux/errno.h>
#include "kernel/arch/percpu.h"
#include "kernel/arch/smp.h"
#include "kernel/arch/topology.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/smp/call.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_sync.h"
#include "lib/cmdline.h"
#include "lib/string.h"

#define INIT_WAIT	(10 * NSEC_PER_MSEC)
#define STARTUP_WAIT	(200 * NSEC_PER_USEC)
#define PATIENCE	(2 * NSEC_PER_SEC)	/* without any CPU arriving: emulators take their time */

static uint32_t *apic_ids;	/* by CPU number */
static unsigned found = 1, online = 1;

unsigned cpus_online(void)
{
	return online;
}

static unsigned wanted(void)
{
	uint64_t limit;

	if (cmdline_flag(boot_cmdline(), "nosmp"))
		return 1;
	return cmdline_number(boot_cmdline(), "maxcpus", &limit) == 0 ? (unsigned)MAX(1ull, MIN(limit, 1ull << 20)) : ~0u;
}

/* All enabled CPUs of the MADT into apic_ids, the boot CPU first. */
static void list_read(const struct acpi_table *madt, uint32_t boot_id)
{
	struct acpi_madt_cpu cpu, *list;
	size_t room = 0;

	for (size_t at = 0; acpi_madt_next_cpu(madt, &at, &cpu);)
		room += cpu.enabled;
	list = room ? kzalloc(room * sizeof(*list)) : NULL;
	uint32_t *ids = list ? kzalloc((room + 1) * sizeof(*ids)) : NULL;
	if (!ids)
		return;
	room = acpi_madt_cpus(madt, list, room);
	ids[0] = boot_id;
	for (size_t i = 0; i < room; i++)
		if (list[i].apic_id != boot_id)
			ids[found++] = list[i].apic_id;
	apic_ids = ids;
	kfree(list);
}

void cpus_find(void)
{
	struct acpi_table madt;
	bool have = firmware_table("APIC", 0, &madt) == 0;
	struct acpi_madt_cpu cpu;
	uint32_t largest = 0;

	for (size_t at = 0; have && acpi_madt_next_cpu(&madt, &at, &cpu);)
		largest = cpu.enabled ? MAX(largest, cpu.apic_id) : largest;
	smp_arch_init_boot(have ? acpi_madt_lapic_address(&madt) : 0, largest);
	if (have)
		list_read(&madt, smp_arch_boot_id());
	else
		pr_warn("smp: no MADT, so one CPU: the firmware does not say which others there are");
}

/* Per-CPU variables, all zero, and stacks. */
static bool area_make(cpu_id_t id)
{
	char *area = kzalloc(ALIGN_UP((size_t)(percpu_end - percpu_start), PAGE_SIZE));
	void *stacks = area ? kmalloc(smp_arch_stack_bytes()) : NULL;

	if (!stacks)
		return false;
	percpu_areas[id] = area;
	return smp_arch_describe(id, apic_ids[id], stacks) == 0;
}

/* Areas for as many as are wanted and can be reached; percpu_count is their number. */
static void areas_make(unsigned limit)
{
	char **areas = kzalloc(found * sizeof(*areas));

	if (!areas)
		return;
	areas[0] = percpu_areas[0];
	percpu_areas = areas;
	for (cpu_id_t id = 1; id < MIN(found, limit); id++) {
		if (!smp_arch_can_address(apic_ids[id])) {
			pr_warn("smp: %u of %u CPUs have ids from %u on, which xAPIC cannot reach", MIN(found, limit) - id, found,
				apic_ids[id]);
			break;
		}
		if (!area_make(id)) {
			pr_err("smp: no memory for CPU %u and those behind it", id);
			break;
		}
		percpu_count = id + 1;
	}
}

static bool all_arrived(void)
{
	for (cpu_id_t id = 1; id < percpu_count; id++)
		if (!smp_arch_arrived(id))
			return false;
	return true;
}

static unsigned arrived_count(void)
{
	unsigned count = 1;

	for (cpu_id_t id = 1; id < percpu_count; id++)
		count += smp_arch_arrived(id);
	return count;
}

/* Until all are there, or none has come for as long as patience lasts. */
static void wait_for_all(nsec_t patience)
{
	nsec_t last = clock_now();

	for (unsigned before = 1; !all_arrived();) {
		unsigned now = arrived_count();
		if (now != before)
			last = clock_now();
		before = now;
		if (clock_now() - last > patience)
			return;
		clock_delay(10 * NSEC_PER_USEC);
	}
}

static void start_described(void)
{
	for (cpu_id_t id = 1; id < percpu_count; id++)
		smp_arch_init(id);
	clock_delay(INIT_WAIT);
	for (cpu_id_t id = 1; id < percpu_count; id++)
		smp_arch_startup(id);
	wait_for_all(STARTUP_WAIT);
	for (cpu_id_t id = 1; id < percpu_count; id++)
		if (!smp_arch_arrived(id))
			smp_arch_startup(id);
	wait_for_all(PATIENCE);
}

/* One after another: the boot CPU's counter is what all are compared with. */
static void compare_clocks(void)
{
	for (cpu_id_t id = 1; id < percpu_count; id++) {
		struct smp_call call = { .function = clock_sync_self };
		if (!cpu_is_online(id))
			continue;
		smp_call_start(id, &call);
		clock_sync_with(id);
		smp_call_wait(&call, id);
	}
}

/* Once in a boot: what is laid out for the start stays. */
static const char *prepare(void)
{
	paddr_t root = frames_alloc(0, FRAMES_LOW, FRAME_TABLE);
	int error = root ? smp_arch_prepare(apic_ids, root) : -ENOMEM;

	if (error && root)
		frame_free(root);
	if (error)
		return error == -ENOSPC ? "no page under 1 MiB is free for the others to start in" :
					  "there is no memory under 4 GiB for the page tables that the others start with";
	return NULL;
}

void cpus_start(void)
{
	unsigned limit = wanted();

	if (MIN(found, limit) < 2)
		return;
	areas_make(limit);
	const char *missing = prepare();
	if (missing) {
		percpu_count = 1;
		pr_err("smp: one CPU of %u: %s", found, missing);
		return;
	}
	nsec_t start = clock_now();
	start_described();
	online = 1;
	for (cpu_id_t id = 1; id < percpu_count; id++) {
		if (smp_arch_abandon(id))
			pr_err("smp: CPU %u (APIC id %u) did not come up and is left out", id, apic_ids[id]);
		else
			online++;
	}
	smp_arch_finish();
	topology_number_groups();
	compare_clocks();
	pr_info("smp: %u of %u CPUs run, after %lld us", online, found, (long long)(clock_now() - start) / 1000);
}
