/* What lib/acpi_*.c reads in the tables of real machines: acpi-corpus MUTANTS FOLDER...
 *
 * Prints a line of JSON for each folder, in the form of the corpus's expected.json; acpi_corpus_test.py compares them.
 * Then reads MUTANTS damaged copies of each table, for the sanitizers to see that no reader leaves its table and for
 * each list to end. A table is one that acpi_find would refuse where its checksum is wrong; it is read nevertheless, as
 * expected.json has it. Each lies alone in memory of just its size, at an odd address. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/acpi.h"
#include "lib/bytes.h"
#include "tests/unit/random.h"

enum { HEADER = 36, REVISION = 8 };

struct table {
	uint8_t *memory;		/* NULL: absent */
	struct acpi_table acpi;		/* one byte into the memory */
	uint32_t length;		/* as its header says */
	bool sound;			/* has that length, and its checksum is right */
};

static struct table table_copy(const uint8_t *bytes, size_t size)
{
	struct table t = { .memory = malloc(size + 1) };

	if (!t.memory)
		abort();
	memcpy(t.memory + 1, bytes, size);
	t.acpi = (struct acpi_table){ t.memory + 1, size, 0 };
	t.length = bytes_get_u32(bytes + 4);
	t.sound = t.length == size && bytes_sum(bytes, size) == 0;
	return t;
}

/* The table in a file; what follows its end in the file is no part of it. */
static struct table table_load(const char *folder, const char *name)
{
	static uint8_t bytes[16 << 20];
	char path[4096];
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/%s.dat", folder, name);

	FILE *const file = fopen(path, "rb");

	if (file) {
		size = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
	}
	if (size < HEADER)
		return (struct table){ 0 };
	return table_copy(bytes, MAX(MIN(size, bytes_get_u32(bytes + 4)), (size_t)HEADER));
}

static const char *boolean(bool value)
{
	return value ? "true" : "false";
}

static const char *comma(unsigned *count)
{
	return (*count)++ ? ", " : "";
}

static void print_cpus(FILE *out, const struct acpi_table *madt)
{
	struct acpi_madt_cpu cpu;
	size_t enabled = 0, disabled = 0;
	unsigned n = 0;

	for (size_t at = 0; acpi_madt_next_cpu(madt, &at, &cpu); cpu.enabled ? enabled++ : disabled++)
		;

	struct acpi_madt_cpu *const cpus = calloc(enabled + 1, sizeof(*cpus));

	if (!cpus)
		abort();
	enabled = acpi_madt_cpus(madt, cpus, enabled);
	fprintf(out, "\"cpus_disabled\": %zu, \"cpus\": [", disabled);
	for (size_t i = 0; i < enabled; i++)
		fprintf(out, "%s%" PRIu32, comma(&n), cpus[i].apic_id);
	fprintf(out, "], ");
	free(cpus);
}

static void print_ioapics(FILE *out, const struct acpi_table *madt)
{
	struct acpi_madt_ioapic ioapic;
	unsigned n = 0;

	fprintf(out, "\"ioapics\": [");
	for (size_t at = 0; acpi_madt_next_ioapic(madt, &at, &ioapic);)
		fprintf(out, "%s{\"id\": %u, \"address\": %" PRIu64 ", \"gsi_base\": %" PRIu32 "}", comma(&n),
			ioapic.id, ioapic.address, ioapic.gsi_base);
	fprintf(out, "], ");
}

static void print_overrides(FILE *out, const struct acpi_table *madt)
{
	struct acpi_madt_override o;
	unsigned n = 0;

	fprintf(out, "\"overrides\": [");
	for (size_t at = 0; acpi_madt_next_override(madt, &at, &o);)
		fprintf(out, "%s{\"irq\": %u, \"gsi\": %" PRIu32 ", \"polarity\": %u, \"trigger\": %u}", comma(&n),
			o.irq, o.gsi, o.wiring.polarity, o.wiring.trigger);
	fprintf(out, "], ");
}

/* One form of entry: expected.json lists those of the short form, and by the UID that stands there. */
static void print_lapic_nmis(FILE *out, const struct acpi_table *madt, const char *key, bool x2apic)
{
	struct acpi_madt_lapic_nmi nmi;
	unsigned n = 0;

	fprintf(out, "\"%s\": [", key);
	for (size_t at = 0; acpi_madt_next_lapic_nmi(madt, &at, &nmi);) {
		if (nmi.x2apic == x2apic)
			fprintf(out, "%s{\"uid\": %" PRIu32 ", \"lint\": %u}", comma(&n), x2apic ? nmi.uid : nmi.uid & 0xff, nmi.lint);
	}
	fprintf(out, "], ");
}

static void print_madt(FILE *out, const struct table *t)
{
	struct acpi_madt_nmi_source source;
	unsigned n = 0;

	fprintf(out, ", \"madt_checksum_ok\": %s, \"madt\": {", boolean(t->sound));
	print_cpus(out, &t->acpi);
	print_ioapics(out, &t->acpi);
	print_overrides(out, &t->acpi);
	print_lapic_nmis(out, &t->acpi, "lapic_nmi", false);
	print_lapic_nmis(out, &t->acpi, "x2apic_nmi", true);
	fprintf(out, "\"nmi_sources\": [");
	for (size_t at = 0; acpi_madt_next_nmi_source(&t->acpi, &at, &source);)
		fprintf(out, "%s%" PRIu32, comma(&n), source.gsi);
	fprintf(out, "], \"lapic_address\": %" PRIu64 ", \"pcat_compat\": %s}", acpi_madt_lapic_address(&t->acpi),
		boolean(acpi_madt_has_pic(&t->acpi)));
}

static void print_fadt(FILE *out, const struct table *t)
{
	struct acpi_fadt fadt;

	acpi_fadt_read(&t->acpi, &fadt);
	fprintf(out, ", \"fadt_checksum_ok\": %s, \"fadt\": {\"length\": %" PRIu32 ", \"revision\": %u, \"hw_reduced\": %s",
		boolean(t->sound), t->length, t->acpi.data[REVISION], boolean(fadt.hardware_reduced));
	fprintf(out, ", \"pm_timer_port\": %" PRIu64 ", \"pm_timer_bits\": %u", fadt.pm_timer.address, fadt.pm_timer_bits);
	if (fadt.reset.address)
		fprintf(out, ", \"reset\": {\"space\": %u, \"address\": %" PRIu64 ", \"value\": %u}", fadt.reset.space,
			fadt.reset.address, fadt.reset_value);
	else
		fprintf(out, ", \"reset\": null");
	fprintf(out, ", \"dsdt\": %" PRIu64 ", \"century\": %u", fadt.dsdt, fadt.century);
	fprintf(out, ", \"no_8042\": %s, \"no_vga\": %s", boolean(fadt.no_8042), boolean(fadt.no_vga));
	fprintf(out, ", \"sci\": %u}", fadt.sci);
}

static void print_hpet(FILE *out, const struct table *t)
{
	paddr_t base = 0;

	(void)acpi_hpet_base(&t->acpi, &base);	/* none: 0 */
	fprintf(out, ", \"hpet_address\": %" PRIu64, base);
}

static void print_mcfg(FILE *out, const struct table *t)
{
	struct acpi_mcfg_range range;
	unsigned n = 0;

	fprintf(out, ", \"mcfg_checksum_ok\": %s, \"mcfg\": [", boolean(t->sound));
	for (size_t at = 0; acpi_mcfg_next_range(&t->acpi, &at, &range);)
		fprintf(out, "%s{\"base\": %" PRIu64 ", \"segment\": %u, \"bus_first\": %u, \"bus_last\": %u}", comma(&n),
			range.base, range.segment, range.bus_first, range.bus_last);
	fprintf(out, "]");
}

static void print_srat(FILE *out, const struct table *t)
{
	struct acpi_srat_cpu cpu;
	struct acpi_srat_memory memory;
	unsigned n = 0;

	fprintf(out, ", \"srat\": [");
	for (size_t at = 0; acpi_srat_next_cpu(&t->acpi, &at, &cpu);) {
		if (cpu.enabled)
			fprintf(out, "%s{\"apic_id\": %" PRIu32 ", \"domain\": %" PRIu32 "}", comma(&n), cpu.apic_id, cpu.domain);
	}
	for (size_t at = 0; acpi_srat_next_memory(&t->acpi, &at, &memory);) {
		if (memory.enabled)
			fprintf(out, "%s{\"base\": %" PRIu64 ", \"size\": %" PRIu64 ", \"domain\": %" PRIu32 "}", comma(&n),
				memory.base, memory.size, memory.domain);
	}
	fprintf(out, "]");
}

static void print_slit(FILE *out, const struct table *t)
{
	fprintf(out, ", \"slit\": [%u, %u, %u]", acpi_slit_distance(&t->acpi, 0, 1), acpi_slit_distance(&t->acpi, 7, 7),
		acpi_slit_distance(&t->acpi, UINT32_MAX - 1, UINT32_MAX - 2));
}

static void print_spcr(FILE *out, const struct table *t)
{
	struct acpi_address address = { 0 };
	uint32_t baud = 0;

	(void)acpi_spcr_port(&t->acpi, &address, &baud);	/* none: 0 */
	fprintf(out, ", \"spcr\": {\"address\": %" PRIu64 ", \"baud\": %" PRIu32 "}", address.address, baud);
}

static const struct reader {
	const char *signature;
	void (*print)(FILE *out, const struct table *t);
} readers[] = {
	{ "APIC", print_madt }, { "FACP", print_fadt }, { "HPET", print_hpet }, { "MCFG", print_mcfg },
	{ "SPCR", print_spcr }, { "SRAT", print_srat }, { "SLIT", print_slit },
};

static void print_machine(const char *folder)
{
	const char *const slash = strrchr(folder, '/');

	printf("{\"folder\": \"%s\"", slash ? slash + 1 : folder);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		const struct table t = table_load(folder, readers[i].signature);

		if (t.memory)
			readers[i].print(stdout, &t);
		free(t.memory);
	}
	printf("}\n");
	fflush(stdout);
}

/* A copy that ends somewhere, has some other bytes, or both. The header stays: it is what the readers may rely on. */
static struct table table_mutate(const struct table *t)
{
	const unsigned kind = (unsigned)random_under(3);
	const size_t size = kind != 0 ? HEADER + random_under(t->acpi.size - HEADER + 1) : t->acpi.size;
	struct table mutant = table_copy(t->acpi.data, size);
	uint8_t *const bytes = mutant.memory + 1;

	for (unsigned i = 0; kind != 1 && size > HEADER && i <= random_under(8); i++) {
		static const uint8_t telling[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
		const uint64_t choice = random_under(2 * ARRAY_SIZE(telling));

		bytes[HEADER + random_under(size - HEADER)] = choice < ARRAY_SIZE(telling) ? telling[choice] : (uint8_t)random_next();
	}
	return mutant;
}

static void read_mutants(FILE *nowhere, const char *folder, unsigned mutants)
{
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		const struct table t = table_load(folder, readers[i].signature);

		for (unsigned n = 0; t.memory && n < mutants; n++) {
			const struct table mutant = table_mutate(&t);

			readers[i].print(nowhere, &mutant);
			free(mutant.memory);
		}
		free(t.memory);
	}
}

int main(int argc, char **argv)
{
	FILE *const nowhere = fopen("/dev/null", "w");
	const unsigned mutants = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	if (!nowhere)
		return 2;
	for (int i = 2; i < argc; i++)
		print_machine(argv[i]);
	for (int i = 2; i < argc; i++)
		read_mutants(nowhere, argv[i], mutants);
	fclose(nowhere);
	return 0;
}
