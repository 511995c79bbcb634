/* The multiple APIC description table (ACPI specification 6.5, section 5.2.12): every CPU, every IOAPIC, and how the
 * old interrupts are wired.
 *
 * Behind a header of 44 bytes come entries of a type and a length. Each reader here looks for its own types and passes
 * over the rest by length: real machines have entries that no specification names (types 127 and 255 among them).
 *
 * CPUs come in two forms. The older has an APIC id of 8 bits, of which 255 addresses all and is nobody's id; machines
 * fill unused places with disabled entries of that id. The newer one is for ids that need x2APIC. A CPU should stand in
 * the table once, in either form, but firmware that lists it in both exists, and starting one CPU as two would be
 * fatal; hence acpi_madt_cpus, which sorts: ids come unsorted on half of all machines, and looking back over the list
 * for each CPU would take a time that grows with the square of their number. */
#include "lib/acpi_field.h"

enum {
	MADT_LAPIC_ADDRESS	= 36,
	MADT_FLAGS		= 40,
	MADT_ENTRIES		= 44,
	MADT_PCAT_COMPAT	= 1 << 0,

	/* Types of entries, and how long they must be. */
	LAPIC = 0,		LAPIC_SIZE = 8,
	IOAPIC = 1,		IOAPIC_SIZE = 12,
	OVERRIDE = 2,		OVERRIDE_SIZE = 10,
	NMI_SOURCE = 3,		NMI_SOURCE_SIZE = 8,
	LAPIC_NMI = 4,		LAPIC_NMI_SIZE = 6,
	LAPIC_ADDRESS = 5,	LAPIC_ADDRESS_SIZE = 12,
	X2APIC = 9,		X2APIC_SIZE = 16,
	X2APIC_NMI = 10,	X2APIC_NMI_SIZE = 12,

	CPU_ENABLED		= 1 << 0,
	CPU_ONLINE_CAPABLE	= 1 << 1,

	LAPIC_ALL		= 0xff,		/* as an APIC id, and as the UID in an NMI entry */
};

/* The next entry of one type; NULL after the last. */
static const uint8_t *madt_next(const struct acpi_table *madt, size_t *position, uint8_t type, uint8_t size)
{
	const uint8_t *entry;

	do
		entry = acpi_next_entry(madt, MADT_ENTRIES, position);
	while (entry && !acpi_entry_is(entry, type, size));
	return entry;
}

/* Flags of table 5.25. */
static struct acpi_wiring wiring_read(uint16_t flags)
{
	return (struct acpi_wiring){ .polarity = flags & 3, .trigger = flags >> 2 & 3 };
}

/* An entry with 64 bits takes the place of the header's 32 (section 5.2.12.8). */
paddr_t acpi_madt_lapic_address(const struct acpi_table *madt)
{
	size_t position = 0;
	const uint8_t *const wide = madt_next(madt, &position, LAPIC_ADDRESS, LAPIC_ADDRESS_SIZE);

	return wide ? bytes_get_u64(wide + 4) : acpi_get_u32(madt, MADT_LAPIC_ADDRESS);
}

bool acpi_madt_has_pic(const struct acpi_table *madt)
{
	return acpi_get_u32(madt, MADT_FLAGS) & MADT_PCAT_COMPAT;
}

/* Is it a CPU's entry, in either form? */
static bool cpu_read(const uint8_t *entry, struct acpi_madt_cpu *ret)
{
	uint32_t flags;

	if (acpi_entry_is(entry, LAPIC, LAPIC_SIZE)) {
		ret->uid = entry[2];
		ret->apic_id = entry[3] == LAPIC_ALL ? ACPI_NO_APIC_ID : entry[3];
		flags = bytes_get_u32(entry + 4);
	} else if (acpi_entry_is(entry, X2APIC, X2APIC_SIZE)) {
		/* Ids under 255 may stand here too (section 5.2.12.12). */
		ret->apic_id = bytes_get_u32(entry + 4);
		flags = bytes_get_u32(entry + 8);
		ret->uid = bytes_get_u32(entry + 12);
	} else {
		return false;
	}
	ret->enabled = (flags & CPU_ENABLED) && ret->apic_id != ACPI_NO_APIC_ID;
	/* The flag has a meaning only where the other one is clear (table 5.22). */
	ret->online_capable = !(flags & CPU_ENABLED) && (flags & CPU_ONLINE_CAPABLE);
	return true;
}

bool acpi_madt_next_cpu(const struct acpi_table *madt, size_t *position, struct acpi_madt_cpu *ret)
{
	const uint8_t *entry;

	while ((entry = acpi_next_entry(madt, MADT_ENTRIES, position))) {
		if (cpu_read(entry, ret))
			return true;
	}
	return false;
}

/* Let cpus[parent] sink in a heap, whose largest id is on top, to its place. */
static void heap_sink(struct acpi_madt_cpu *cpus, size_t count, size_t parent)
{
	const struct acpi_madt_cpu sinking = cpus[parent];
	size_t child;

	while ((child = 2 * parent + 1) < count) {
		if (child + 1 < count && cpus[child + 1].apic_id > cpus[child].apic_id)
			child++;
		if (cpus[child].apic_id <= sinking.apic_id)
			break;
		cpus[parent] = cpus[child];
		parent = child;
	}
	cpus[parent] = sinking;
}

/* Heapsort: needs no memory, and no table makes it slow. */
static void sort_by_id(struct acpi_madt_cpu *cpus, size_t count)
{
	for (size_t i = count / 2; i--;)
		heap_sink(cpus, count, i);
	while (count-- > 1) {
		const struct acpi_madt_cpu largest = cpus[0];

		cpus[0] = cpus[count];
		cpus[count] = largest;
		heap_sink(cpus, count, 0);
	}
}

size_t acpi_madt_cpus(const struct acpi_table *madt, struct acpi_madt_cpu *ret_cpus, size_t room)
{
	struct acpi_madt_cpu cpu;
	size_t count = 0, unique = 0;

	for (size_t at = 0; count < room && acpi_madt_next_cpu(madt, &at, &cpu);) {
		if (cpu.enabled)
			ret_cpus[count++] = cpu;
	}
	sort_by_id(ret_cpus, count);
	/* Equal ids are neighbours now; the heap does not keep their order, so which form's UID stays is chance. */
	for (size_t i = 0; i < count; i++) {
		if (!unique || ret_cpus[unique - 1].apic_id != ret_cpus[i].apic_id)
			ret_cpus[unique++] = ret_cpus[i];
	}
	return unique;
}

bool acpi_madt_uid(const struct acpi_table *madt, uint32_t apic_id, uint32_t *ret)
{
	struct acpi_madt_cpu cpu;

	for (size_t at = 0; acpi_madt_next_cpu(madt, &at, &cpu);) {
		if (cpu.enabled && cpu.apic_id == apic_id) {
			*ret = cpu.uid;
			return true;
		}
	}
	return false;
}

bool acpi_madt_next_ioapic(const struct acpi_table *madt, size_t *position, struct acpi_madt_ioapic *ret)
{
	const uint8_t *const entry = madt_next(madt, position, IOAPIC, IOAPIC_SIZE);

	if (!entry)
		return false;
	ret->id = entry[2];
	ret->address = bytes_get_u32(entry + 4);
	ret->gsi_base = bytes_get_u32(entry + 8);
	return true;
}

bool acpi_madt_next_override(const struct acpi_table *madt, size_t *position, struct acpi_madt_override *ret)
{
	const uint8_t *const entry = madt_next(madt, position, OVERRIDE, OVERRIDE_SIZE);

	if (!entry)
		return false;
	/* The byte before is the bus, for which there is only one value: ISA. */
	ret->irq = entry[3];
	ret->gsi = bytes_get_u32(entry + 4);
	ret->wiring = wiring_read(bytes_get_u16(entry + 8));
	return true;
}

bool acpi_madt_next_nmi_source(const struct acpi_table *madt, size_t *position, struct acpi_madt_nmi_source *ret)
{
	const uint8_t *const entry = madt_next(madt, position, NMI_SOURCE, NMI_SOURCE_SIZE);

	if (!entry)
		return false;
	ret->wiring = wiring_read(bytes_get_u16(entry + 2));
	ret->gsi = bytes_get_u32(entry + 4);
	return true;
}

/* Is it a local APIC's NMI entry, in either form? Each form has its own way to say "every CPU", and firmware with CPUs
 * of both forms says it twice. */
static bool lapic_nmi_read(const uint8_t *entry, struct acpi_madt_lapic_nmi *ret)
{
	ret->x2apic = acpi_entry_is(entry, X2APIC_NMI, X2APIC_NMI_SIZE);
	if (ret->x2apic) {
		ret->uid = bytes_get_u32(entry + 4);
		ret->lint = entry[8];
	} else if (acpi_entry_is(entry, LAPIC_NMI, LAPIC_NMI_SIZE)) {
		ret->uid = entry[2] == LAPIC_ALL ? ACPI_ALL_CPUS : entry[2];
		ret->lint = entry[5];
	} else {
		return false;
	}
	/* The short form has its flags at an odd offset, behind a UID of one byte. */
	ret->wiring = wiring_read(bytes_get_u16(entry + (ret->x2apic ? 2 : 3)));
	return true;
}

bool acpi_madt_next_lapic_nmi(const struct acpi_table *madt, size_t *position, struct acpi_madt_lapic_nmi *ret)
{
	const uint8_t *entry;

	while ((entry = acpi_next_entry(madt, MADT_ENTRIES, position))) {
		if (lapic_nmi_read(entry, ret))
			return true;
	}
	return false;
}
