/* Runtime services and variables, as the kernel finds them when boot services are gone. The services are machine code of
 * a few bytes in memory that the firmware keeps, since this application is gone then.
 *
 * reset=return      ResetSystem does nothing;  reset=fault  it executes an invalid instruction;  reset=hang  it never
 *                   comes back;  reset=deaf  nor does it take interrupts
 * set=N             SetVariable returns that error;  set=lie  it says that all is well;  set=fault, hang, deaf
 * set.after=N       its first N calls are the firmware's own
 * query=N           QueryVariableInfo returns that error;  query=full  little is free;  query=endless  all ones;
 *                   query=liar  more is free than there is
 * variable=junk, large, version, checksum, text (what it unpacks to), sound, or panic (sound, of a run that ended so)
 * mark=N            the mark of a run that died at that stage;  mark=junk */
#include "tests/boot/hostile/hostile.h"

#include <boot/saved.h>
#include "lib/lz4.h"
#include "lib/saved.h"
#include "lib/string.h"

#define LOWEST_FREE 2000u	/* a quarter of it is no variable */

static const char saved_text[] = "This is what the run before saved.\n";

struct code {
	uint8_t bytes[64];
	size_t used;
};

static void emit(struct code *c, const void *bytes, size_t size)
{
	memcpy(c->bytes + c->used, bytes, size);
	c->used += size;
}

static void emit_load(struct code *c, uint64_t value)
{
	emit(c, "\x48\xb8", 2);			/* mov $value, %rax */
	emit(c, &value, sizeof(value));
}

static void *place(const struct code *c)
{
	return memcpy(pages_of_type(EfiRuntimeServicesCode, sizeof(c->bytes)), c->bytes, sizeof(c->bytes));
}

static void *returning(uint64_t status)
{
	struct code c = { .used = 0 };

	emit_load(&c, status);
	emit(&c, "\xc3", 1);			/* ret */
	return place(&c);
}

static void *faulting(void)
{
	struct code c = { .used = 0 };

	emit(&c, "\x0f\x0b", 2);		/* ud2 */
	return place(&c);
}

static void *hanging(bool deaf)
{
	struct code c = { .used = 0 };

	if (deaf)
		emit(&c, "\xfa", 1);		/* cli */
	emit(&c, "\xeb\xfe", 2);		/* jmp to itself */
	return place(&c);
}

/* So many calls go to `first`, all others to `then`. */
static void *after(uint32_t calls, const void *first, const void *then)
{
	uint32_t *left = pages_of_type(EfiRuntimeServicesData, sizeof(*left));
	struct code c = { .used = 0 };

	*left = calls;
	emit_load(&c, (uintptr_t)left);
	emit(&c, "\xff\x08\x78\x0c", 4);	/* decl (%rax); js over the next two */
	emit_load(&c, (uintptr_t)first);
	emit(&c, "\xff\xe0", 2);		/* jmp *%rax */
	emit_load(&c, (uintptr_t)then);
	emit(&c, "\xff\xe0", 2);
	return place(&c);
}

/* QueryVariableInfo: its answers go where RDX, R8 and R9 point to. */
static void *answering(uint64_t storage, uint64_t free, uint64_t largest)
{
	struct code c = { .used = 0 };

	emit_load(&c, storage);
	emit(&c, "\x48\x89\x02", 3);		/* mov %rax, (%rdx) */
	emit_load(&c, free);
	emit(&c, "\x49\x89\x00", 3);		/* mov %rax, (%r8) */
	emit_load(&c, largest);
	emit(&c, "\x49\x89\x01", 3);		/* mov %rax, (%r9) */
	emit(&c, "\x31\xc0\xc3", 3);		/* xor %eax, %eax; ret */
	return place(&c);
}

/* What the word says the service does; `otherwise` is its status where it says nothing known. */
static void *misbehaving(const char *key, uint64_t otherwise)
{
	if (is(key, "hang") || is(key, "deaf"))
		return hanging(is(key, "deaf"));
	return is(key, "fault") ? faulting() : returning(otherwise);
}

static void *set_variable(void)
{
	void *bad = misbehaving("set", is("set", "lie") ? EFI_SUCCESS : EFIERR(number_of("set", 0)));

	if (!has("set.after"))
		return bad;
	return after((uint32_t)number_of("set.after", 0), hostile.real->RuntimeServices->SetVariable, bad);
}

static void services_replace(void)
{
	uint64_t all = ~0ull;

	if (has("reset"))
		hostile.runtime->ResetSystem = misbehaving("reset", EFI_SUCCESS);
	if (has("set"))
		hostile.runtime->SetVariable = set_variable();
	if (is("query", "full"))
		hostile.runtime->QueryVariableInfo = answering(65536, LOWEST_FREE, 32768);
	else if (is("query", "endless"))
		hostile.runtime->QueryVariableInfo = answering(all, all, all);
	else if (is("query", "liar"))
		hostile.runtime->QueryVariableInfo = answering(1000, all, all);
	else if (has("query"))
		hostile.runtime->QueryVariableInfo = returning(EFIERR(number_of("query", 0)));
}

/* A variable with one thing wrong, or nothing. The text's length is what `text` damages: all the rest is right then. */
static UINTN variable_make(uint8_t data[SAVED_MOST + 1])
{
	static struct lz4_work work;
	struct saved_header *header = (void *)data;

	memset(data, 0xa5, SAVED_MOST + 1);
	if (is("variable", "junk"))
		return 1000;
	if (is("variable", "large"))
		return SAVED_MOST + 1;
	*header = (struct saved_header){
		.end = is("variable", "panic") ? BOOT_END_PANIC : BOOT_END_RUNNING,
		.packed_size = (uint32_t)lz4_pack(&work, saved_text, sizeof(saved_text) - 1, header + 1, SAVED_MOST / 2),
		.text_size = sizeof(saved_text) - 1 + is("variable", "text"),
		.reason = "in somewhere+0x5: for a test",
	};
	saved_seal(header);
	header->version += is("variable", "version");
	header->crc ^= is("variable", "checksum");
	return sizeof(*header) + header->packed_size;
}

static void variable_set(void)
{
	static struct saved_guid guid = SAVED_GUID;
	static CHAR16 name[] = SAVED_NAME;
	static _Alignas(8) uint8_t data[SAVED_MOST + 1];
	EFI_STATUS status = hostile.real->RuntimeServices->SetVariable(name, (EFI_GUID *)&guid, 7, variable_make(data), data);

	if (EFI_ERROR(status))
		fault("the firmware does not take the variable: %#llx", (unsigned long long)status);
}

static void mark_set(void)
{
	struct boot_mark *mark = (void *)(uintptr_t)BOOT_MARK_ADDRESS;

	*mark = (struct boot_mark){ .end = BOOT_END_RUNNING, .stage = (uint32_t)number_of("mark", 0), .stage_name = "a test" };
	boot_mark_seal(mark);
	if (is("mark", "junk"))
		mark->stage++;
}

void runtime_alter(void)
{
	services_replace();
	if (has("variable"))
		variable_set();
	if (has("mark"))
		mark_set();
}
