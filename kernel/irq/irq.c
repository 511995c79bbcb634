/* Lines of devices: a handler for a vector of one CPU.
 *
 * Each CPU has its own table of lines, one for each vector it gives to devices, so the number of interrupts grows with
 * the number of CPUs and finding a line is an index. A new line goes to the CPU with the fewest. Without interrupt
 * remapping a message can name only APIC ids under 255 (Intel SDM volume 3, section 11.11.1), so other CPUs get
 * none. */
#include "kernel/irq/irq.h"

#include <abi/linux/errno.h>
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/ioapic.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/pic.h"
#include "kernel/arch/x86_64/vectors.h"
#include "kernel/core/assert.h"
#include "kernel/core/firmware.h"
#include "kernel/core/log.h"
#include "kernel/core/monitor.h"
#include "kernel/core/report.h"
#include "kernel/sync/spinlock.h"

#define LINES		(VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)
#define NO_GSI		(~0u)
#define NUMBER(cpu, line) ((int)((cpu) * LINES + (line)))
#define ISA_IRQS	16
#define STORM_WINDOW	100000		/* as Linux: of so many interrupts … */
#define STORM_UNCLAIMED	99900		/* … so many that nobody claimed */
#define MESSAGE_ADDRESS	0xfee00000u

/* Of a row of `irq`. */
#define COLUMNS		80u		/* where nobody knows */
#define COLUMNS_LEAST	60u
#define COLUMN_WIDTH	9u		/* a CPU's */
#define ROW_AROUND	35u		/* vector, total and owner */

struct irq_line {
	irq_handler *handler;	/* NULL: free */
	void *context;
	const char *name;
	uint32_t gsi;		/* or NO_GSI for a message */
	bool running, masked;
	uint32_t window, unclaimed;
};

static PERCPU(struct irq_line, irq_lines[LINES]);
static PERCPU(unsigned, irq_lines_used);
static struct spinlock lock = SPINLOCK("irq");

/* How the ISA interrupts are wired; without an override interrupt n is input n, edge, active high. */
static struct { uint32_t gsi; bool level, active_low; } isa[ISA_IRQS];

static void line_storms(struct irq_line *l, unsigned vector)
{
	if (++l->window < STORM_WINDOW)
		return;
	if (l->unclaimed >= STORM_UNCLAIMED && !l->masked) {
		l->masked = true;
		if (l->gsi != NO_GSI)
			ioapic_mask(l->gsi, true);
		pr_err("irq: %s on vector %u: nobody claims it, %s", l->name, vector,
		       l->gsi != NO_GSI ? "its line is masked" : "it is ignored from here on");
	}
	l->window = l->unclaimed = 0;
}

static bool device_interrupt(unsigned vector)
{
	struct irq_line *l = &this_cpu(irq_lines)[vector - VECTOR_DEVICE_FIRST];

	__atomic_store_n(&l->running, true, __ATOMIC_SEQ_CST);
	irq_handler *handler = __atomic_load_n(&l->handler, __ATOMIC_SEQ_CST);
	if (handler && !l->masked && !handler(l->context))
		l->unclaimed++;
	__atomic_store_n(&l->running, false, __ATOMIC_RELEASE);
	if (handler)
		line_storms(l, vector);
	return handler;
}

static void isa_read(const struct acpi_table *madt)
{
	struct acpi_madt_override o;

	for (unsigned i = 0; i < ISA_IRQS; i++)
		isa[i].gsi = i;
	for (size_t at = 0; madt && acpi_madt_next_override(madt, &at, &o);) {
		if (o.irq >= ISA_IRQS)
			continue;
		isa[o.irq].gsi = o.gsi;
		isa[o.irq].active_low = o.wiring.polarity == ACPI_POLARITY_LOW;
		isa[o.irq].level = o.wiring.trigger == ACPI_TRIGGER_LEVEL;
	}
}

static void ioapics_read(const struct acpi_table *madt)
{
	struct acpi_madt_ioapic io;
	struct acpi_madt_nmi_source nmi;

	for (size_t at = 0; acpi_madt_next_ioapic(madt, &at, &io);)
		ioapic_add(io.id, io.address, io.gsi_base);
	for (size_t at = 0; acpi_madt_next_nmi_source(madt, &at, &nmi);)
		ioapic_route_nmi(nmi.gsi, lapic_id(), nmi.wiring.trigger == ACPI_TRIGGER_LEVEL, nmi.wiring.polarity == ACPI_POLARITY_LOW);
}

void irq_init(void)
{
	struct acpi_table madt;
	bool found = firmware_table("APIC", 0, &madt) == 0;

	pic_quiet();
	isa_read(found ? &madt : NULL);
	if (found)
		ioapics_read(&madt);
	if (!ioapic_line_count())
		pr_warn("irq: the firmware names no IOAPIC; devices are polled");
	vector_set_devices(device_interrupt);
}

/* The local APIC's NMI inputs, as the MADT has them: in one entry for all CPUs, or in one for each. Nearly every board
 * has one input, LINT1. */
void irq_init_cpu(void)
{
	struct acpi_table madt;
	struct acpi_madt_lapic_nmi nmi;
	bool have = firmware_table("APIC", 0, &madt) == 0;
	uint32_t uid = ACPI_ALL_CPUS;

	if (have)
		acpi_madt_uid(&madt, lapic_id(), &uid);
	for (size_t at = 0; have && acpi_madt_next_lapic_nmi(&madt, &at, &nmi);)
		if ((nmi.uid == ACPI_ALL_CPUS || nmi.uid == uid) && nmi.lint < 2)
			lapic->write(nmi.lint ? LAPIC_LVT_LINT1 : LAPIC_LVT_LINT0,
				     LAPIC_DELIVERY_NMI | (nmi.wiring.polarity == ACPI_POLARITY_LOW ? LAPIC_LVT_LOW : 0));
	if (cpu_id() == 0)
		vectors_drain();	/* the others were reset */
	__asm__ volatile("sti" ::: "memory");
}

/* The CPU with the fewest lines that a message can name. */
static int cpu_choose(void)
{
	int best = -1;

	for (cpu_id_t id = 0; id < percpu_count; id++) {
		const struct cpu_local *cpu = &cpu_of(id, cpu_local);
		if (cpu->apic_id >= 255 || !cpu_is_online(id) || cpu_of(id, irq_lines_used) == LINES)
			continue;
		if (best < 0 || cpu_of(id, irq_lines_used) < cpu_of((cpu_id_t)best, irq_lines_used))
			best = (int)id;
	}
	return best;
}

static bool gsi_taken(uint32_t gsi)
{
	for (cpu_id_t id = 0; gsi != NO_GSI && id < percpu_count; id++)
		for (unsigned i = 0; i < LINES; i++)
			if (cpu_of(id, irq_lines)[i].handler && cpu_of(id, irq_lines)[i].gsi == gsi)
				return true;
	return false;
}

/* Take a free line; its number, or an errno. */
static int line_take(uint32_t gsi, const char *name, irq_handler *handler, void *context)
{
	uint64_t flags = spin_lock_irqsave(&lock);
	int cpu = cpu_choose(), number = cpu < 0 ? -ENOSPC : gsi_taken(gsi) ? -EBUSY : 0;

	for (unsigned i = 0; number == 0 && i < LINES; i++) {
		struct irq_line *l = &cpu_of((cpu_id_t)cpu, irq_lines)[i];
		if (l->handler || __atomic_load_n(&l->running, __ATOMIC_ACQUIRE))	/* for who had it before */
			continue;
		*l = (struct irq_line){ .context = context, .name = name, .gsi = gsi };
		__atomic_store_n(&l->handler, handler, __ATOMIC_RELEASE);
		cpu_of((cpu_id_t)cpu, irq_lines_used)++;
		number = NUMBER((unsigned)cpu, i);
		break;
	}
	spin_unlock_irqrestore(&lock, flags);
	return number;
}

static unsigned vector_of(int number)
{
	return VECTOR_DEVICE_FIRST + (unsigned)number % LINES;
}

static uint32_t apic_of(int number)
{
	return cpu_of((unsigned)number / LINES, cpu_local).apic_id;
}

int irq_request_gsi(uint32_t gsi, bool level, bool active_low, const char *name, irq_handler *handler, void *context)
{
	int number = line_take(gsi, name, handler, context);

	if (number < 0)
		return number;
	if (!ioapic_route(gsi, vector_of(number), apic_of(number), level, active_low)) {
		irq_free(number);
		return -ENODEV;
	}
	ioapic_mask(gsi, false);
	return number;
}

int irq_request_isa(unsigned irq, const char *name, irq_handler *handler, void *context)
{
	if (irq >= ISA_IRQS)
		return -EINVAL;
	return irq_request_gsi(isa[irq].gsi, isa[irq].level, isa[irq].active_low, name, handler, context);
}

int irq_request_message(const char *name, irq_handler *handler, void *context, struct irq_message *ret_message)
{
	int number = line_take(NO_GSI, name, handler, context);

	if (number < 0)
		return number;
	ret_message->address = MESSAGE_ADDRESS | apic_of(number) << 12;
	ret_message->data = vector_of(number);
	return number;
}

void irq_free(int number)
{
	cpu_id_t cpu = (unsigned)number / LINES;
	struct irq_line *l = &cpu_of(cpu, irq_lines)[(unsigned)number % LINES];

	ASSERT(l->handler);
	if (l->gsi != NO_GSI)
		ioapic_mask(l->gsi, true);
	__atomic_store_n(&l->handler, NULL, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&l->running, __ATOMIC_SEQ_CST))
		cpu_relax();
	uint64_t flags = spin_lock_irqsave(&lock);
	cpu_of(cpu, irq_lines_used)--;
	spin_unlock_irqrestore(&lock, flags);
}

uint64_t irq_taken(cpu_id_t cpu)
{
	uint64_t total = 0;

	for (unsigned vector = VECTOR_EXCEPTIONS; vector < VECTOR_COUNT; vector++)
		total += cpu_of(cpu, vector_counts)[vector];
	return total;
}

/* Whose a vector is on a CPU, NULL for nobody's. Each CPU gives its device vectors away by itself, so that one number is
 * often the keyboard's here and a controller's there. */
static const char *vector_owner(unsigned vector, cpu_id_t id)
{
	if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST) {
		const struct irq_line *l = &cpu_of(id, irq_lines)[vector - VECTOR_DEVICE_FIRST];
		if (l->handler)
			return l->name;
	}
	return vector_name(vector);
}

static bool owner_seen_before(unsigned vector, cpu_id_t id)
{
	for (cpu_id_t other = 0; other < id; other++)
		if (vector_owner(vector, other) == vector_owner(vector, id))
			return true;
	return false;
}

/* How often it came to that owner on a CPU. */
static uint64_t vector_count(unsigned vector, const char *owner, cpu_id_t id)
{
	return vector_owner(vector, id) == owner ? cpu_of(id, vector_counts)[vector] : 0;
}

typedef void vector_row_fn(unsigned vector, const char *owner, uint64_t total, void *context);

/* All vectors that have an owner or ever came, each owner once. */
static void vectors_walk(vector_row_fn *row, void *context)
{
	for (unsigned vector = VECTOR_EXCEPTIONS; vector < VECTOR_COUNT; vector++)
		for (cpu_id_t id = 0; id < percpu_count; id++) {
			const char *owner = vector_owner(vector, id);
			uint64_t total = 0;
			if (owner_seen_before(vector, id))
				continue;
			for (cpu_id_t other = id; other < percpu_count; other++)
				total += vector_count(vector, owner, other);
			if (owner || total)
				row(vector, owner, total, context);
		}
}

/* How many CPUs have a column of their own: all that fit in a row. Where these are not all, one column is the others'. */
static unsigned columns_count(void)
{
	unsigned columns, rows;

	console_size(&columns, &rows);
	const unsigned fit = (MAX(columns ? columns : COLUMNS, COLUMNS_LEAST) - ROW_AROUND) / COLUMN_WIDTH;
	return percpu_count > fit ? fit - 1 : percpu_count;
}

static void print_row(unsigned vector, const char *owner, uint64_t total, void *context)
{
	const unsigned *count = context;
	uint64_t others = 0;

	monitor_printf("%6u %10llu", vector, (unsigned long long)total);
	for (cpu_id_t id = 0; id < *count; id++)
		monitor_printf(" %8llu", (unsigned long long)vector_count(vector, owner, id));
	for (cpu_id_t id = *count; id < percpu_count; id++)
		others += vector_count(vector, owner, id);
	if (*count < percpu_count)
		monitor_printf(" %8llu", (unsigned long long)others);
	monitor_printf("  %s\n", owner ? owner : "unclaimed");
}

static int irq_command(int argc, char **argv)
{
	unsigned count = columns_count();

	monitor_printf("vector      total");
	for (cpu_id_t id = 0; id < count; id++)
		monitor_printf("%*sCPU %u", id < 10 ? 4 : 3, "", id);
	monitor_printf("%s\n", count < percpu_count ? "   others" : "");
	vectors_walk(print_row, &count);
	monitor_printf("%s, %u IOAPIC lines\n", lapic->name, ioapic_line_count());
	return 0;
}
MONITOR_COMMAND(irq, "", "interrupts by vector and CPU", irq_command,
	.text = "A row for each vector that has an owner or ever came: how often on all CPUs together, then on each of "
		"as many as fit in a row, and on the others.");

static void report_vector(unsigned vector, const char *owner, uint64_t total, void *context)
{
	struct report_sink *const s = context;

	report_row(s);
	report_number(s, "vector", vector);
	report_text(s, "owner", "%s", owner ? owner : "");
	report_number(s, "count", total);
	report_end(s);
}

static void interrupts_report(struct report_sink *s)
{
	report_text(s, "controller", "%s", lapic->name);
	report_number(s, "ioapic_lines", ioapic_line_count());
	report_list(s, "vectors");
	vectors_walk(report_vector, s);
	report_end(s);
}
REPORT_SECTION(70, interrupts, "Interrupts", interrupts_report);
