/* ACPI tables as data (ACPI specification 6.5, chapter 5).
 *
 * Rules
 * - Nothing in a table is trusted: each length and checksum is checked, each field is read only where the table is long
 *   enough.
 * - acpi_find checks; the readers of single tables take a struct acpi_table that it made, whose header is there. They
 *   are written for every table that has the length it says, whatever else is wrong with it.
 * - Lists are walked by functions named _next_, which return false at the end. The position starts at 0 and is the
 *   caller's:
 *	struct acpi_madt_ioapic ioapic;
 *
 *	for (size_t at = 0; acpi_madt_next_ioapic(&madt, &at, &ioapic);)
 *		ioapic_add(&ioapic);
 *   Entries of other types are passed over by their length; one whose length is wrong ends the list.
 * - Tables are reached through a function, because a table may lie anywhere in physical memory: acpi_map_fn returns a
 *   readable pointer to size bytes at an address, or NULL where that is not memory. It may be called again for the same
 *   place with a larger size. */
#ifndef LIB_ACPI_H
#define LIB_ACPI_H

#include "lib/types.h"

typedef const void *acpi_map_fn(void *context, paddr_t address, size_t size);

struct acpi_root {
	acpi_map_fn *map;
	void *context;
	paddr_t table;		/* XSDT or RSDT */
	uint32_t entry_size;	/* 8 or 4 */
	uint32_t entry_count;
	char oem[7];
};

/* A table whose length and checksum are right; data is the whole table with its header. */
struct acpi_table {
	const uint8_t *data;
	size_t size;
	paddr_t address;
};

/* Check the RSDP at address and the XSDT it names, else the RSDT. 0; -EFAULT (not memory); -EBADMSG (signature,
 * checksum, length); *ret_why is a sentence then. */
int acpi_open(acpi_map_fn *map, void *context, paddr_t rsdp, struct acpi_root *ret, const char **ret_why);

/* Find the index-th (from 0) table with a four-letter signature. 0; -ENOENT; -EBADMSG where the table is there but
 * damaged. */
int acpi_find(const struct acpi_root *root, const char signature[4], unsigned index, struct acpi_table *ret);

/* The table at an address, which another table names. 0; -EFAULT (not memory); -EBADMSG. */
int acpi_table_at(const struct acpi_root *root, paddr_t address, const char signature[4], struct acpi_table *ret);

/* The address of the root's i-th table (under entry_count), nothing checked; 0 where it cannot be read. */
paddr_t acpi_entry(const struct acpi_root *root, uint32_t i);

/* An address in the generic address structure (section 5.2.3.2). */
struct acpi_address {
	uint8_t space;		/* ACPI_SPACE_… */
	uint8_t width;		/* bits */
	uint8_t access;		/* 1 byte, 2 word, 3 dword, 4 qword; 0 undefined */
	paddr_t address;	/* 0: absent. In configuration space: device << 32 | function << 16 | register */
};
enum { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_PORTS = 1, ACPI_SPACE_PCI = 2 };

/* ---- MADT, signature "APIC" (section 5.2.12) ---- */

#define ACPI_NO_APIC_ID	0xffffffffu	/* addresses all CPUs, and is no CPU's id */
#define ACPI_ALL_CPUS	0xffffffffu	/* in place of a UID */

/* How an interrupt is wired (table 5.25). Other values are not defined: take them as by the bus. ISA's way is active
 * high and edge; but for the SCI (acpi_fadt.sci) it is active low and level. */
struct acpi_wiring {
	uint8_t polarity;
	uint8_t trigger;
};
enum { ACPI_POLARITY_BUS = 0, ACPI_POLARITY_HIGH = 1, ACPI_POLARITY_LOW = 3 };
enum { ACPI_TRIGGER_BUS = 0, ACPI_TRIGGER_EDGE = 1, ACPI_TRIGGER_LEVEL = 3 };

struct acpi_madt_cpu {
	uint32_t apic_id;
	uint32_t uid;		/* the number by which other entries mean this CPU */
	bool enabled;		/* can be started now; never with ACPI_NO_APIC_ID */
	bool online_capable;	/* not now, but may be plugged in */
};

struct acpi_madt_ioapic {
	uint8_t id;
	paddr_t address;
	uint32_t gsi_base;	/* its first input's number */
};

/* An ISA interrupt that is not wired as its number says. */
struct acpi_madt_override {
	uint8_t irq;		/* should be under 16; not checked */
	uint32_t gsi;
	struct acpi_wiring wiring;
};

/* An IOAPIC's input that is an NMI. */
struct acpi_madt_nmi_source {
	uint32_t gsi;
	struct acpi_wiring wiring;
};

/* A local APIC's input that is an NMI. */
struct acpi_madt_lapic_nmi {
	uint32_t uid;		/* or ACPI_ALL_CPUS */
	uint8_t lint;		/* 0 or 1; not checked */
	bool x2apic;		/* said in the x2APIC form: firmware may say the same in both */
	struct acpi_wiring wiring;
};

/* Where the local APICs' registers are; 0 where the table is too short to say. */
paddr_t acpi_madt_lapic_address(const struct acpi_table *madt);

/* Has the machine two 8259s too, which are to be masked? */
bool acpi_madt_has_pic(const struct acpi_table *madt);

/* Every CPU entry as it stands: disabled ones, and one CPU perhaps twice. */
bool acpi_madt_next_cpu(const struct acpi_table *madt, size_t *position, struct acpi_madt_cpu *ret);

/* The enabled CPUs, each once, sorted by APIC id; how many. room: entries that fit, enough where it is the number of
 * enabled ones that acpi_madt_next_cpu counts; of more than that the first ones are taken. */
size_t acpi_madt_cpus(const struct acpi_table *madt, struct acpi_madt_cpu *ret_cpus, size_t room);

/* The UID of the enabled CPU with this APIC id. False where the table does not have it. */
bool acpi_madt_uid(const struct acpi_table *madt, uint32_t apic_id, uint32_t *ret);

bool acpi_madt_next_ioapic(const struct acpi_table *madt, size_t *position, struct acpi_madt_ioapic *ret);
bool acpi_madt_next_override(const struct acpi_table *madt, size_t *position, struct acpi_madt_override *ret);
bool acpi_madt_next_nmi_source(const struct acpi_table *madt, size_t *position, struct acpi_madt_nmi_source *ret);
bool acpi_madt_next_lapic_nmi(const struct acpi_table *madt, size_t *position, struct acpi_madt_lapic_nmi *ret);

/* ---- FADT, signature "FACP" (section 5.2.9) ---- */

/* What the table says, and 0 or false where it is too short to say it. An address of 0 means that there is no such
 * register. */
struct acpi_fadt {
	bool hardware_reduced;		/* no fixed hardware: neither SCI nor PM timer */
	uint16_t sci;			/* the interrupt of ACPI's events: an ISA one, or a GSI */
	uint8_t century;		/* index of the century in the RTC's memory, or 0 */
	paddr_t dsdt;

	/* What the firmware says is not there, right or wrong: half of all machines that deny an 8042 have a PS/2
	 * keyboard. */
	bool no_legacy_devices, no_8042, no_vga, no_msi, no_aspm, no_rtc;

	struct acpi_address reset;	/* memory, ports, or configuration space on bus 0; a byte wide, whatever its width says */
	uint8_t reset_value;
	struct acpi_address sleep_control, sleep_status;	/* of machines with reduced hardware; a byte wide */

	/* The fixed hardware's registers: ports, 0 where there is none. Of PM1 there may be two, with their bits
	 * spread over them. An event block is status bits, then as many enable bits. */
	uint16_t pm1_event[2], pm1_control[2];
	uint16_t gpe[2];		/* general purpose events */
	uint8_t pm1_event_size, gpe_size[2];	/* bytes of each block */
	uint16_t smi_command;		/* where ACPI mode is asked for, by writing acpi_enable; 0: it is always on */
	uint8_t acpi_enable;
	bool power_button;		/* one that is an event of PM1 */

	struct acpi_address pm_timer;	/* memory or ports; 32 bits are read */
	unsigned pm_timer_bits;		/* of which 24 or 32 count */
};

void acpi_fadt_read(const struct acpi_table *fadt, struct acpi_fadt *ret);

/* The power management timer (section 4.8.3.3), where the machine has one: 3.579545 MHz. 0 or -ENOENT. */
int acpi_fadt_pm_timer(const struct acpi_table *fadt, struct acpi_address *ret, unsigned *ret_bits);

/* What a sleep state is called in the two PM1 control registers. */
struct acpi_sleep_type {
	uint8_t a, b;
};

/* Look through a DSDT's or SSDT's AML for the definition of \_S5_, soft off. 0 or -ENOENT. */
int acpi_find_s5(const struct acpi_table *table, struct acpi_sleep_type *ret);

/* ---- Devices ---- */

/* The HPET's register block (IA-PC HPET specification 1.0a, section 3.2.4). 0 or -ENOENT. */
int acpi_hpet_base(const struct acpi_table *hpet, paddr_t *ret);

/* A range of buses whose configuration space is in memory (PCI firmware specification 3.3, section 4.1.2). Nothing is
 * checked: bus_last may be under bus_first, base may be 0. */
struct acpi_mcfg_range {
	paddr_t base;		/* of bus 0, also where bus_first is not 0: function F of device D on bus B is at base + (B << 20 | D << 15 | F << 12) */
	uint16_t segment;
	uint8_t bus_first, bus_last;
};

bool acpi_mcfg_next_range(const struct acpi_table *mcfg, size_t *position, struct acpi_mcfg_range *ret);

/* The serial console (Microsoft SPCR): a 16550-compatible port only. baud 0: as it is. 0; -ENOENT; -EINVAL where it is
 * another kind of port. */
int acpi_spcr_port(const struct acpi_table *spcr, struct acpi_address *ret, uint32_t *ret_baud);

/* ---- NUMA: SRAT (section 5.2.16) and SLIT (section 5.2.17) ----
 * A node is known by its proximity domain, any 32-bit number. Only what is enabled counts. */

struct acpi_srat_cpu {
	uint32_t apic_id;
	uint32_t domain;
	bool enabled;
};

struct acpi_srat_memory {
	paddr_t base;
	uint64_t size;		/* at least 1, and base + size does not wrap */
	uint32_t domain;
	bool enabled;
	bool hotpluggable;	/* may be absent now, whatever enabled says */
	bool nonvolatile;
};

bool acpi_srat_next_cpu(const struct acpi_table *srat, size_t *position, struct acpi_srat_cpu *ret);
bool acpi_srat_next_memory(const struct acpi_table *srat, size_t *position, struct acpi_srat_memory *ret);

enum {
	ACPI_DISTANCE_LOCAL		= 10,
	ACPI_DISTANCE_REMOTE		= 20,	/* where nothing is known */
	ACPI_DISTANCE_UNREACHABLE	= 255,
};

/* How far one domain's memory is from another's CPUs, 10 being near. Always an answer: LOCAL for a domain and itself;
 * REMOTE for others of which the table says nothing or what cannot be. */
unsigned acpi_slit_distance(const struct acpi_table *slit, uint32_t from, uint32_t to);

#endif
