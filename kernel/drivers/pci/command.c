/* `pci`: what is there, by name, much as lspci shows it. Names are looked up for a batch of devices at a time, since
 * the packed table is read through for each. */
#include "kernel/drivers/pci/internal.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/core/bench.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "lib/format.h"
#include "lib/pci_names.h"
#include "lib/string.h"

#define BATCH 32

static uint64_t names_ticks;	/* what the last search for names took */

static const char *const capability_names[] = {
	[0x01] = "power management", [0x02] = "AGP", [0x03] = "vital data", [0x04] = "slot", [PCI_CAP_MSI] = "MSI",
	[0x06] = "hot swap", [0x07] = "PCI-X", [0x08] = "HyperTransport", [0x09] = "vendor's", [0x0a] = "debug port",
	[0x0c] = "hot-plug", [0x0d] = "subsystem", [0x0e] = "AGP 8x", [0x0f] = "secure", [PCI_CAP_EXPRESS] = "PCI Express",
	[PCI_CAP_MSIX] = "MSI-X", [0x12] = "SATA", [0x13] = "advanced features", [0x14] = "enhanced allocation",
};
static const char *const extended_names[] = {
	[0x01] = "error reporting", [0x02] = "virtual channels", [0x03] = "serial number", [0x04] = "power budget",
	[0x05] = "root complex links", [0x0b] = "vendor's", [0x0d] = "access control", [0x0e] = "ARI", [0x0f] = "ATS",
	[0x10] = "SR-IOV", [0x12] = "multicast", [0x13] = "page requests", [0x15] = "resizable ranges", [0x17] = "TPH",
	[0x18] = "latency tolerance", [0x19] = "secondary PCI Express", [0x1b] = "PASID", [0x1d] = "port containment",
	[0x1e] = "L1 substates", [0x1f] = "time measurement", [0x23] = "designated vendor's", [0x25] = "data link",
	[0x26] = "16 GT/s", [0x27] = "lane margining", [0x2a] = "32 GT/s",
};

static void show_range(const struct pci_bar *b)
{
	static const char *const kinds[] = {
		[PCI_BAR_PORTS] = "ports", [PCI_BAR_MEMORY] = "memory", [PCI_BAR_MEMORY_64] = "64-bit memory",
	};

	monitor_printf("%s", kinds[b->kind]);
	if (b->base)
		monitor_printf(" at %#llx", (unsigned long long)b->base);
	else
		monitor_printf(" without an address");
	if (b->size >= MIB(1))
		monitor_printf(", %llu MiB", (unsigned long long)(b->size >> 20));
	else if (b->size >= KIB(1))
		monitor_printf(", %llu KiB", (unsigned long long)(b->size >> 10));
	else if (b->size)
		monitor_printf(", %llu bytes", (unsigned long long)b->size);
	if (b->prefetchable)
		monitor_printf(", prefetchable");
}

static void show_ranges(const struct pci_device *d)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		if (d->bars[i].kind == PCI_BAR_NONE)
			continue;
		monitor_printf("\trange %u: ", i);
		show_range(&d->bars[i]);
		monitor_printf("\n");
	}
	if (d->rom.kind != PCI_BAR_NONE) {
		monitor_printf("\tROM: ");
		show_range(&d->rom);
		monitor_printf("%s\n", d->rom.enabled ? "" : ", off");
	}
}

static void show_capabilities(struct pci_device *d, bool extended)
{
	const char *const *const names = extended ? extended_names : capability_names;
	const size_t count = extended ? ARRAY_SIZE(extended_names) : ARRAY_SIZE(capability_names);
	struct pci_capability_walk walk;
	struct pci_capability found;
	const char *before = extended ? "\textended capabilities: " : "\tcapabilities: ";

	pci_capabilities_first(&walk, pci_read_register, d, extended);
	for (; pci_capabilities_next(&walk, &found); before = ", ") {
		const char *const name = found.id < count ? names[found.id] : NULL;
		monitor_printf("%s[%02x] ", before, found.offset);
		if (name)
			monitor_printf("%s", name);
		else
			monitor_printf("%#x", found.id);
	}
	if (before[0] == ',')
		monitor_printf("\n");
	if (walk.broken)
		monitor_printf("\tthe list of capabilities is broken at %#x\n", walk.next);
}

static void show_details(struct pci_device *d)
{
	const uint32_t command = pci_read(d, PCI_COMMAND, 2);

	monitor_printf("\tid %04x:%04x, subsystem %04x:%04x, class %06x\n", d->header.vendor, d->header.device,
		       d->header.subsystem_vendor, d->header.subsystem, d->header.class);
	monitor_printf("\tports %s, memory %s, bus master %s\n", command & PCI_COMMAND_IO ? "on" : "off",
		       command & PCI_COMMAND_MEMORY ? "on" : "off", command & PCI_COMMAND_MASTER ? "on" : "off");
	if (d->header.interrupt_pin)
		monitor_printf("\tinterrupt pin %c, line %u\n", 'A' + (d->header.interrupt_pin - 1) % 4, d->header.interrupt_line);
	if (d->header.layout == PCI_LAYOUT_BRIDGE || d->header.layout == PCI_LAYOUT_CARDBUS)
		monitor_printf("\tleads to bus %02x, up to %02x\n", d->header.secondary, d->header.subordinate);
	show_ranges(d);
	if (d->header.has_capabilities)
		show_capabilities(d, false);
	if (d->express)
		show_capabilities(d, true);
	if (d->driver)
		monitor_printf("\tdriver %s\n", d->driver->name);
}

/* A name, or where it has none what stands for it. */
static void show_name(const char *name, const char *format, unsigned number)
{
	if (name[0])
		monitor_printf("%s", name);
	else
		monitor_printf(format, number);
}

static void show_device(struct pci_device *d, const struct pci_name_query *q, void *context)
{
	const bool details = *(const bool *)context;
	const struct pci_header *const h = &d->header;

	if (d->address.segment)
		monitor_printf("%04x:", d->address.segment);
	monitor_printf("%02x:%02x.%u ", d->address.bus, d->address.device, d->address.function);
	show_name(q->names[PCI_NAME_CLASS], "class %04x", h->class >> 8);
	monitor_printf(": ");
	show_name(q->names[PCI_NAME_VENDOR], "vendor %04x", h->vendor);
	monitor_printf(" ");
	show_name(q->names[PCI_NAME_DEVICE], "device %04x", h->device);
	if (h->revision)
		monitor_printf(" (rev %02x)", h->revision);
	if (details && q->names[PCI_NAME_INTERFACE][0])
		monitor_printf(" [%s]", q->names[PCI_NAME_INTERFACE]);
	monitor_printf("\n");
	if (details)
		show_details(d);
}

typedef void show_function(struct pci_device *d, const struct pci_name_query *q, void *context);

/* Show up to BATCH devices from d on; the first that is left. */
static struct pci_device *show_batch(struct pci_device *d, show_function *show, void *context)
{
	static struct pci_name_query queries[BATCH];
	static struct lzma work;
	struct pci_device *last = d;
	unsigned count = 0;

	for (; last && count < BATCH; last = last->next)
		queries[count++] = (struct pci_name_query){
			.vendor = last->header.vendor, .device = last->header.device, .class = last->header.class,
		};
	const uint64_t start = cpu_ticks();
	if (pci_names_find(&work, pci_names, pci_names_size, queries, count))
		pr_err("pci: the table of names is damaged");
	names_ticks = cpu_ticks() - start;
	for (unsigned i = 0; d != last; d = d->next, i++)
		show(d, &queries[i], context);
	return last;
}

static int pci_command(int argc, char **argv)
{
	bool details = argc == 2 && strcmp(argv[1], "-v") == 0;

	if (argc == 2 && strcmp(argv[1], "scan") == 0) {
		const unsigned found = pci_scan_all();
		pci_quiet();
		monitor_printf("%u functions more than before, %u on %u buses\n", found, pci_scan_report.functions,
			       pci_scan_report.buses);
		return 0;
	}
	if (argc > 2 || (argc == 2 && !details))
		return -EINVAL;
	for (struct pci_device *d = pci_first(); d;)
		d = show_batch(d, show_device, &details);
	return 0;
}
MONITOR_COMMAND(pci, "[-v|scan]", "devices on PCI; -v: with ranges and drivers; scan: of every bus", pci_command,
	.text = "The words are those of the list that distributions ship. scan looks at every bus number, not only at "
		"those that bridges lead to, which takes a second, and adds what it finds.");

static void device_report(struct pci_device *d, const struct pci_name_query *q, void *sink)
{
	struct report_sink *const s = sink;

	report_row(s);
	report_text(s, "address", "%04x:%02x:%02x.%u", d->address.segment, d->address.bus, d->address.device, d->address.function);
	report_hex(s, "class", d->header.class, 6);
	report_text(s, "class_name", "%s", q->names[PCI_NAME_CLASS]);
	report_hex(s, "vendor", d->header.vendor, 4);
	report_text(s, "vendor_name", "%s", q->names[PCI_NAME_VENDOR]);
	report_hex(s, "device", d->header.device, 4);
	report_text(s, "device_name", "%s", q->names[PCI_NAME_DEVICE]);
	report_number(s, "revision", d->header.revision);
	report_text(s, "driver", "%s", d->driver ? d->driver->name : "");
	report_end(s);
}

static void pci_report(struct report_sink *s)
{
	report_number(s, "functions", pci_scan_report.functions);
	report_number(s, "buses", pci_scan_report.buses);
	report_list(s, "devices");
	for (struct pci_device *d = pci_first(); d;)
		d = show_batch(d, device_report, s);
	report_end(s);
}
REPORT_SECTION(40, pci, "PCI", pci_report);

static int pci_bench(void)
{
	struct pci_device *const d = pci_first();
	const unsigned rounds = 1000;

	if (!d)
		return -ENODEV;
	bench_report("pci_enumerate", pci_scan_report.ticks, "ticks");
	bench_report("pci_functions", pci_scan_report.functions, "functions");
	const uint64_t start = cpu_ticks();
	for (unsigned i = 0; i < rounds; i++)
		pci_read(d, PCI_ID, 4);
	bench_report("pci_read", (cpu_ticks() - start) / rounds, "ticks");
	bench_report("pci_names", names_ticks, "ticks");
	return 0;
}
BENCH(pci, "enumeration at boot, one read of configuration space, the last search for names", pci_bench);
