/* Load the loader under test, give it altered tables, start it.
 *
 * Its entry point is called directly rather than by StartImage, so that it can be given a system table of its own.
 * LoadImage from memory leaves the device out, so it is filled in: the loader's files come from the same volume as
 * ours.
 *
 * With `attempts` one boot tries every failure of AllocatePages. A first run counts the calls and is called off at
 * ExitBootServices; then, for each call, a fresh copy of the loader is run in which that call fails. The loader
 * must say so, come back, and have given back what it allocated. Then comes the run that boots, the only one with
 * load options. */
#include "tests/boot/hostile/hostile.h"

#include "lib/format.h"
#include "lib/pe.h"
#include "lib/string.h"

#define COM1 0x3f8
#define DEBUG_EXIT_PORT 0xf4	/* QEMU's isa-debug-exit: status 2 * value + 1 */
#define EXIT_FAILURE_STATUS 17	/* as the loader's own failures */
#define EXIT_FAULT_STATUS 20
#define PE_OFFSET 0x3c		/* of the PE header, in the DOS header */
#define PE_ENTRY 40		/* AddressOfEntryPoint, in the PE header */

struct hostile hostile;

static void port_write8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port)); }
static void port_write32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" :: "a"(value), "Nd"(port)); }

static void serial_write(const char *text)
{
	for (; *text; text++) {
		uint8_t state = 0;
		for (unsigned tries = 0; tries < 100000 && !(state & 0x20); tries++)
			__asm__ volatile("inb %1, %0" : "=a"(state) : "Nd"((uint16_t)(COM1 + 5)));
		port_write8(COM1, (uint8_t)*text);
	}
}

static void say_after(const char *prefix, const char *format, va_list arguments)
{
	char text[240];

	kvsnprintf(text, sizeof(text), format, arguments);
	serial_write(prefix);
	serial_write(text);
	serial_write("\r\n");
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_after("hostile: ", format, arguments);
	va_end(arguments);
}

static _Noreturn void leave_emulator(uint32_t value)
{
	port_write32(DEBUG_EXIT_PORT, value);
	for (;;)
		__asm__ volatile("hlt");
}

void fault(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_after("hostile: FAULT: ", format, arguments);
	va_end(arguments);
	leave_emulator(EXIT_FAULT_STATUS);
}

uint64_t number_of(const char *key, uint64_t otherwise)
{
	uint64_t value;

	return cmdline_number(hostile.options, key, &value) ? otherwise : value;
}

bool has(const char *key)
{
	struct cmdline_word word;

	return cmdline_find(hostile.options, key, &word);
}

bool is(const char *key, const char *text)
{
	char value[64];

	return cmdline_text(hostile.options, key, value, sizeof(value)) >= 0 && strcmp(value, text) == 0;
}

bool guid_is(const EFI_GUID *a, const EFI_GUID *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void *pages_of_type(EFI_MEMORY_TYPE type, uint64_t size)
{
	EFI_PHYSICAL_ADDRESS base = 0;
	UINTN pages = ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE;

	if (EFI_ERROR(hostile.firmware->AllocatePages(AllocateAnyPages, type, pages, &base)))
		fault("no memory for the test itself (%llu bytes)", (unsigned long long)size);
	return memset((void *)(uintptr_t)base, 0, size);
}

/* The file under test, whole, in memory. */
static void *victim_read(UINTN *ret_size)
{
	static EFI_GUID guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *volume;
	EFI_FILE_HANDLE root, file;
	UINT64 size;

	if (EFI_ERROR(hostile.firmware->HandleProtocol(hostile.own->DeviceHandle, &guid, (void **)&volume)) ||
	    EFI_ERROR(volume->OpenVolume(volume, &root)) ||
	    EFI_ERROR(root->Open(root, &file, (CHAR16 *)L"\\EFI\\samara\\SAMARA.EFI", EFI_FILE_MODE_READ, 0)) ||
	    EFI_ERROR(file->SetPosition(file, ~0ull)) || EFI_ERROR(file->GetPosition(file, &size)) ||
	    EFI_ERROR(file->SetPosition(file, 0)))
		fault("no file under test");
	void *data = pages_of_type(EfiBootServicesData, size);
	*ret_size = size;
	if (EFI_ERROR(file->Read(file, ret_size, data)))
		fault("the file under test cannot be read");
	file->Close(file);
	root->Close(root);
	return data;
}

static EFI_STATUS EFIAPI altered_exit(EFI_HANDLE image, EFI_STATUS status, UINTN size, CHAR16 *data)
{
	if (image != hostile.victim)
		fault("Exit with another image's handle");
	leave_victim(status);
}

static EFI_STATUS EFIAPI altered_handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **ret)
{
	EFI_STATUS status;

	if (graphics_protocol(handle, guid, ret, &status) || files_protocol(handle, guid, ret, &status))
		return status;
	return hostile.firmware->HandleProtocol(handle, guid, ret);
}

/* Fresh copies of the firmware's tables, altered. */
static void tables_prepare(void)
{
	struct tables { EFI_SYSTEM_TABLE system; EFI_RUNTIME_SERVICES runtime; } *kept;
	static EFI_BOOT_SERVICES boot;
	static struct tables *tables;

	if (!tables)
		tables = pages_of_type(EfiRuntimeServicesData, sizeof(*tables));
	kept = tables;
	kept->system = *hostile.real;
	kept->runtime = *hostile.real->RuntimeServices;
	boot = *hostile.firmware;
	kept->system.RuntimeServices = &kept->runtime;
	kept->system.BootServices = &boot;
	hostile.system = &kept->system;
	hostile.runtime = &kept->runtime;
	hostile.boot = &boot;
	boot.Exit = altered_exit;
	boot.HandleProtocol = altered_handle_protocol;
	memory_alter();
	graphics_alter();
	tables_alter();
	files_alter();
	services_alter();
	runtime_alter();
}

/* Run the loader once. It comes back only where it fails, or is called off. */
static EFI_STATUS victim_run(void *file, UINTN size)
{
	static EFI_GUID loaded_image = LOADED_IMAGE_PROTOCOL;
	EFI_STATUS status = hostile.firmware->LoadImage(FALSE, hostile.image, NULL, file, size, &hostile.victim);

	if (EFI_ERROR(status) ||
	    EFI_ERROR(hostile.firmware->HandleProtocol(hostile.victim, &loaded_image, (void **)&hostile.loaded)))
		fault("LoadImage: %#llx", (unsigned long long)status);
	char *base = hostile.loaded->ImageBase;
	void *entry = base + *(uint32_t *)(base + *(uint32_t *)(base + PE_OFFSET) + PE_ENTRY);
	hostile.loaded->DeviceHandle = hostile.own->DeviceHandle;
	tables_prepare();
	cpu_alter();
	status = enter_victim(entry, hostile.victim, hostile.system);
	hostile.firmware->UnloadImage(hostile.victim);
	return status;
}

static void attempts(void *file, UINTN size)
{
	hostile.attempting = true;
	memory_fail_at(0);
	victim_run(file, size);
	unsigned calls = memory_calls();
	say("the loader allocates pages %u times", calls);
	for (unsigned nth = 1; nth <= calls; nth++) {
		memory_fail_at(nth);
		EFI_STATUS status = victim_run(file, size);
		if (status != EFI_OUT_OF_RESOURCES || memory_outstanding())
			fault("after failure %u of %u: status %#llx, %u blocks not given back", nth, calls,
			      (unsigned long long)status, memory_outstanding());
	}
	say("every failure came back and left nothing behind");
	memory_fail_at(~0u);
	hostile.attempting = false;
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static EFI_GUID loaded_image = LOADED_IMAGE_PROTOCOL;
	struct pe_section section;
	UINTN size;

	hostile.image = image;
	hostile.real = system;
	hostile.firmware = system->BootServices;
	hostile.firmware->SetWatchdogTimer(0, 0, 0, NULL);
	if (EFI_ERROR(hostile.firmware->HandleProtocol(image, &loaded_image, (void **)&hostile.own)) ||
	    pe_find_section(hostile.own->ImageBase, hostile.own->ImageSize, ".cmdline", &section))
		fault("no section .cmdline");
	memcpy(hostile.options, section.data, MIN(section.size, sizeof(hostile.options) - 1));
	say("%s", hostile.options);
	void *file = victim_read(&size);
	if (has("attempts"))
		attempts(file, size);
	EFI_STATUS status = victim_run(file, size);
	say("the loader came back with error %llu", (unsigned long long)(status & ~EFI_ERROR_MASK));
	leave_emulator(EXIT_FAILURE_STATUS);
}
