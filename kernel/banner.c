/* A samara beside the facts: the seed at the lower left, its wing up to the right. */
#include "kernel/banner.h"

#include "kernel/arch/cpu.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/console.h"
#include "kernel/core/firmware.h"
#include "kernel/core/panic.h"
#include "kernel/drivers/console/fbcon.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/memory.h"
#include "kernel/smp/cpus.h"
#include "kernel/time/clock.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"

#define LINES 8
#define LINE_BYTES 160
#define ROW_BYTES (LINE_BYTES + 120)	/* with the picture: 25 characters of 3 bytes, and colours */
#define COLUMNS_WITH_PICTURE 96

#define WING "\033[32m"
#define EDGE "\033[92m"
#define SEED "\033[33m"

static const char *const picture[LINES] = {
	EDGE "                ▄▄▄▄▄▄   ",
	EDGE "           ▄▄▓▓▓▓▓" WING "▒▒▒▒▒▄ ",
	EDGE "       ▄▄▓▓▓▓" WING "▒▒▒▒▒░▒▒▒▀  ",
	EDGE "    ▄▓▓▓▓" WING "▒▒▒▒░▒▒▒░▒▀▀    ",
	EDGE "  ▄▓▓▓" WING "▓▒▒▒░▒▒▒▀▀▀        ",
	SEED " ▄███" WING "▓▓▒▒▀▀▀             ",
	SEED " █████▀                  ",
	SEED "  ▀▀▀                    ",
};

/* CPUID's signature in the words people use; itself where we know no better. */
static const char *hypervisor_text(const char *signature)
{
	static const char *const known[][2] = {
		{ "TCGTCGTCGTCG", "QEMU's TCG" }, { "KVMKVMKVM", "KVM" }, { "VMwareVMware", "VMware" }, { "Microsoft Hv", "Hyper-V" },
		{ "XenVMMXenVMM", "Xen" }, { "VBoxVBoxVBox", "VirtualBox" }, { "bhyve bhyve", "bhyve" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(signature, known[i][0]) == 0)
			return known[i][1];
	return signature;
}

static const char *secure_boot_text(uint32_t state)
{
	static const char *const text[] = {
		[HANDOFF_SECURE_BOOT_UNKNOWN] = "no Secure Boot", [HANDOFF_SECURE_BOOT_OFF] = "Secure Boot off",
		[HANDOFF_SECURE_BOOT_SETUP] = "Secure Boot in setup mode", [HANDOFF_SECURE_BOOT_ON] = "Secure Boot on",
	};

	return state <= HANDOFF_SECURE_BOOT_ON ? text[state] : "";
}

static void fact(char line[LINE_BYTES], const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fact(char line[LINE_BYTES], const char *name, const char *format, ...)
{
	va_list arguments;
	int size = ksnprintf(line, LINE_BYTES, "\033[90m%-9s\033[0m ", name);

	va_start(arguments, format);
	kvsnprintf(line + size, LINE_BYTES - (size_t)size, format, arguments);
	va_end(arguments);
}

static void display_fact(char line[LINE_BYTES])
{
	const struct handoff_framebuffer *fb = &boot_info()->framebuffer;
	uint32_t columns, rows;

	if (fbcon_size(&columns, &rows))
		fact(line, "display", "%u×%u, %u bits, %u×%u characters", fb->width, fb->height, fb->bytes_per_pixel * 8, columns, rows);
	else
		fact(line, "display", "none");
}

static void firmware_fact(char line[LINE_BYTES])
{
	const struct handoff *h = boot_info();

	fact(line, "firmware", "%s, UEFI %u.%u, %s", h->firmware_vendor[0] ? h->firmware_vendor : "nameless", h->uefi_revision >> 16,
	     (h->uefi_revision & 0xffff) / 10, secure_boot_text(h->secure_boot));
}

void banner_print(void)
{
	const struct smbios_names *names = firmware_names();
	const char *hypervisor = cpu_hypervisor_name();
	char lines[LINES][LINE_BYTES] = { 0 };
	char text[LINES * ROW_BYTES];	/* in one piece: what other threads log meanwhile stands below it */
	nsec_t now = clock_now();

	ksnprintf(lines[0], LINE_BYTES, "\033[1;97mSamara %s\033[0m", SAMARA_VERSION);
	if (names->system_product[0])
		fact(lines[1], "machine", "%s %s", names->system_vendor, names->system_product);
	else
		fact(lines[1], "machine", "nameless PC");
	fact(lines[2], "cpu", "%u × %s%s%s", cpus_online(), cpu_model_name(), hypervisor[0] ? " under " : "", hypervisor_text(hypervisor));
	fact(lines[3], "memory", "%llu MiB, %llu MiB free", (unsigned long long)(memory_total() + MIB(1) / 2) / MIB(1),
	     (unsigned long long)frames_free_bytes() / MIB(1));
	display_fact(lines[4]);
	firmware_fact(lines[5]);
	fact(lines[6], "boot", "%lld.%lld ms since the EFI entry point", (long long)now / 1000000, (long long)now / 100000 % 10);
	fact(lines[7], "help", "type help and press Enter");
	uint32_t columns, rows;
	bool narrow = fbcon_size(&columns, &rows) && columns < COLUMNS_WITH_PICTURE;
	int used = ksnprintf(text, sizeof(text), "\n");
	for (unsigned i = 0; i < LINES; i++)
		used += ksnprintf(text + used, sizeof(text) - (size_t)used, "%s\033[0m  %s\n", narrow ? "" : picture[i], lines[i]);
	console_write(text, (size_t)used);
	console_write("\n", 1);
}

void banner_print_ready(void)
{
	uint64_t ready = cpu_ticks();
	nsec_t now = clock_at(ready);

	if (cmdline_flag(boot_cmdline(), "bench.stamp"))
		console_printf("@entry tsc=%016llx\n@ready tsc=%016llx\n",
			       (unsigned long long)boot_info()->stage_tsc[HANDOFF_STAGE_ENTRY], (unsigned long long)ready);
	console_printf("samara: ready in %lld.%03lld ms, %u CPU%s, %llu MiB free of %llu MiB\n", (long long)now / 1000000,
		       (long long)now / 1000 % 1000, cpus_online(), cpus_online() == 1 ? "" : "s", (unsigned long long)frames_free_bytes() / MIB(1),
		       (unsigned long long)(memory_total() + MIB(1) / 2) / MIB(1));
}
