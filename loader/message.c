/* What the loader says. Its log goes to the kernel, which prints it with time stamps; only a failure is shown by the
 * loader itself, because text on the firmware's console costs more than all the rest of the loader. */
#include "loader/loader.h"

#include "lib/font.h"
#include "lib/format.h"
#include "lib/string.h"
#include "loader/memory_map.h"

#define LOG_BYTES 8192
#define LINE_BYTES 240
#define SCREEN_LINES 6		/* of the band with a failure, empty ones above and below included */
#define WAIT_SECONDS 10
#define DEBUG_EXIT_PORT 0xf4	/* QEMU's isa-debug-exit: the process ends with status 2 * value + 1 */
#define DEBUG_EXIT_FAILURE 17
#define COM1 0x3f8

static _Alignas(8) char log_buffer[LOG_BYTES];

void loader_log(struct loader *l, unsigned level, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	kvsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);

	size_t size = strlen(line), record = ALIGN_UP(sizeof(struct handoff_message) + size, 8);
	if (l->handoff.log_size + record > LOG_BYTES)
		return;
	struct handoff_message *message = (void *)(log_buffer + l->handoff.log_size);
	*message = (struct handoff_message){ .tsc = tsc_read(), .level = (uint16_t)level, .size = (uint16_t)size };
	memcpy(message->text, line, size);
	l->handoff.log = (uintptr_t)log_buffer;
	l->handoff.log_size += (uint32_t)record;
}

const char *efi_status_name(EFI_STATUS status)
{
	/* UEFI 2.10, appendix D, errors 1 to 35 */
	static const char *const names[] = {
		"EFI_SUCCESS", "EFI_LOAD_ERROR", "EFI_INVALID_PARAMETER", "EFI_UNSUPPORTED", "EFI_BAD_BUFFER_SIZE",
		"EFI_BUFFER_TOO_SMALL", "EFI_NOT_READY", "EFI_DEVICE_ERROR", "EFI_WRITE_PROTECTED", "EFI_OUT_OF_RESOURCES",
		"EFI_VOLUME_CORRUPTED", "EFI_VOLUME_FULL", "EFI_NO_MEDIA", "EFI_MEDIA_CHANGED", "EFI_NOT_FOUND",
		"EFI_ACCESS_DENIED", "EFI_NO_RESPONSE", "EFI_NO_MAPPING", "EFI_TIMEOUT", "EFI_NOT_STARTED",
		"EFI_ALREADY_STARTED", "EFI_ABORTED", "EFI_ICMP_ERROR", "EFI_TFTP_ERROR", "EFI_PROTOCOL_ERROR",
		"EFI_INCOMPATIBLE_VERSION", "EFI_SECURITY_VIOLATION", "EFI_CRC_ERROR", "EFI_END_OF_MEDIA", "error 29", "error 30",
		"EFI_END_OF_FILE", "EFI_INVALID_LANGUAGE", "EFI_COMPROMISED_DATA", "EFI_IP_ADDRESS_CONFLICT", "EFI_HTTP_ERROR",
	};
	UINTN number = status & ~EFI_ERROR_MASK;

	if (!EFI_ERROR(status) && status != EFI_SUCCESS)
		return "a warning";
	return number < ARRAY_SIZE(names) ? names[number] : "an unknown error";
}

/* ASCII text on the firmware's console; false where there is none that takes it. */
static bool console_print(struct loader *l, const char *text)
{
	CHAR16 wide[128];
	size_t used = 0;

	if (!l->system->ConOut)
		return false;
	for (; *text; text++) {
		if (*text == '\n')
			wide[used++] = '\r';
		wide[used++] = (unsigned char)*text < 0x80 ? (CHAR16)*text : '?';
		if (used >= ARRAY_SIZE(wide) - 3 || !text[1]) {
			wide[used] = 0;
			if (EFI_ERROR(l->system->ConOut->OutputString(l->system->ConOut, wide)))
				return false;
			used = 0;
		}
	}
	return true;
}

/* The first serial port by hand: each wait is bounded, since the port may not exist. */
static void serial_put(char byte)
{
	for (unsigned tries = 0; tries < 100000 && !(port_read8(COM1 + 5) & 0x20); tries++)
		;
	port_write8(COM1, (uint8_t)byte);
}

static void serial_print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			serial_put('\r');
		serial_put(*text);
	}
}

/* A band at the screen's top, a line of text after another. */
static void screen_print(struct loader *l, const char *text)
{
	const struct surface *s = &l->screen;
	unsigned scale = s->width >= 2048 ? 2 : 1, height = font_small.height * scale, y = height;
	char line[LINE_BYTES];

	surface_fill(s, 0, 0, s->width, SCREEN_LINES * height, 0x7f0000);
	for (const char *end; *text && y < SCREEN_LINES * height; text = end + (*end != '\0'), y += height) {
		end = strchr(text, '\n') ? strchr(text, '\n') : text + strlen(text);
		ksnprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		surface_text(s, height, y, &font_small, scale, line, 0xffffff, 0x7f0000);
	}
}

/* Where the firmware's console is gone or does not work. */
static void print_by_hand(struct loader *l, const char *text)
{
	serial_print(text);
	if (l->screen.origin)
		screen_print(l, text);
}

static void wait_for_key(struct loader *l, unsigned seconds)
{
	EFI_INPUT_KEY key;
	SIMPLE_INPUT_INTERFACE *in = l->system->ConIn;

	/* Keys pressed before the message do not count. */
	for (unsigned keys = 0; in && keys < 64 && in->ReadKeyStroke(in, &key) == EFI_SUCCESS; keys++)
		;
	for (unsigned tenths = 0; tenths < seconds * 10; tenths++) {
		if (in && in->ReadKeyStroke(in, &key) == EFI_SUCCESS)
			return;
		l->boot->Stall(100000);
	}
}

static bool exit_to_emulator(struct loader *l)
{
	struct cmdline_word word;

	return cmdline_find(l->cmdline, "exit", &word) && word.value_size == 4 && memcmp(word.value, "qemu", 4) == 0;
}

void loader_fail(struct loader *l, EFI_STATUS status, const char *advice, const char *format, ...)
{
	char what[LINE_BYTES], text[2 * LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	kvsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	ksnprintf(text, sizeof(text), "\nSamara cannot boot: %s: %s (%#llx)\n%s\nBack to the firmware in %d s, or press a key.\n",
		  what, efi_status_name(status), (unsigned long long)status, advice, WAIT_SECONDS);
	if (!console_print(l, text))
		print_by_hand(l, text);
	if (exit_to_emulator(l))
		port_write32(DEBUG_EXIT_PORT, DEBUG_EXIT_FAILURE);
	wait_for_key(l, WAIT_SECONDS);
	loader_pages_free(l);
	memory_map_free(l);
	l->boot->Exit(l->image, EFI_ERROR(status) ? status : EFI_LOAD_ERROR, 0, NULL);
	for (;;)	/* Exit does not return; a firmware where it does has nothing left for us */
		__asm__ volatile("hlt");
}

/* About `seconds` by the TSC, taken to run at 4 GHz at most: boot services, Stall too, are gone. */
static void wait_late(unsigned seconds)
{
	uint64_t start = tsc_read();

	while (tsc_read() - start < seconds * 4000000000ull)
		__asm__ volatile("pause");
}

void loader_fail_late(struct loader *l, EFI_STATUS status, const char *what)
{
	char text[LINE_BYTES];

	ksnprintf(text, sizeof(text), "\nSamara cannot boot: %s: %s (%#llx)\nRestarting in %d s.\n", what, efi_status_name(status),
		  (unsigned long long)status, WAIT_SECONDS);
	print_by_hand(l, text);
	if (exit_to_emulator(l))
		port_write32(DEBUG_EXIT_PORT, DEBUG_EXIT_FAILURE);
	wait_late(WAIT_SECONDS);
	l->system->RuntimeServices->ResetSystem(EfiResetCold, status, 0, NULL);
	for (;;)
		__asm__ volatile("hlt");
}
