/* The loader, from the firmware's call to the kernel's first instruction: gather, gather, gather, leave, jump.
 *
 * Nothing the firmware says is taken on trust, and nothing it does not offer stops the boot, except memory, a sound
 * image and the end of boot services. What it costs is mostly the firmware's own time, so no service is called that is
 * not needed: the console is silent unless something fails, and the display's mode is set only where it differs. */
#include "lib/stage_strip.h"
#include "loader/loader.h"

#define PAGES_MAX 16

static struct loader loader;

/* What was allocated, to be given back where the boot fails. */
static struct { EFI_PHYSICAL_ADDRESS base; UINTN count; } pages[PAGES_MAX];
static unsigned page_blocks;

static void *pages_note(EFI_PHYSICAL_ADDRESS base, UINTN count)
{
	if (page_blocks < PAGES_MAX) {
		pages[page_blocks].base = base;
		pages[page_blocks++].count = count;
	}
	return (void *)(uintptr_t)base;
}

void *loader_pages(struct loader *l, uint64_t size, EFI_PHYSICAL_ADDRESS below, const char *what)
{
	EFI_PHYSICAL_ADDRESS base = below ? below - 1 : 0;
	UINTN count = (size + PAGE_SIZE - 1) / PAGE_SIZE;
	EFI_STATUS status = l->boot->AllocatePages(below ? AllocateMaxAddress : AllocateAnyPages, EfiLoaderData, count, &base);

	if (EFI_ERROR(status))
		loader_fail(l, status, "Give the machine more memory, or take a smaller initrd.",
			    "no memory for %s (%llu KiB)", what, (unsigned long long)count * 4);
	return pages_note(base, count);
}

void *loader_page_at(struct loader *l, EFI_PHYSICAL_ADDRESS address)
{
	EFI_STATUS status = l->boot->AllocatePages(AllocateAddress, EfiLoaderData, 1, &address);

	return EFI_ERROR(status) ? NULL : pages_note(address, 1);
}

void loader_pages_give(struct loader *l, void *memory)
{
	for (unsigned i = page_blocks; i-- > 0;)
		if (pages[i].base == (uintptr_t)memory) {
			l->boot->FreePages(pages[i].base, pages[i].count);
			pages[i] = pages[--page_blocks];
			return;
		}
}

void loader_pages_free(struct loader *l)
{
	while (page_blocks) {
		page_blocks--;
		l->boot->FreePages(pages[page_blocks].base, pages[page_blocks].count);
	}
}

static void loader_start(struct loader *l, EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static EFI_GUID loaded_image = LOADED_IMAGE_PROTOCOL;

	l->image = image;
	l->system = system;
	l->boot = system->BootServices;
	l->handoff.magic = HANDOFF_MAGIC;
	l->handoff.version = HANDOFF_VERSION;
	l->handoff.size = sizeof(l->handoff);
	l->handoff.system_table = (uintptr_t)system;
	l->boot->SetWatchdogTimer(0, 0, 0, NULL);	/* else it resets the machine after five minutes at a failure message */

	EFI_STATUS status = l->boot->HandleProtocol(image, &loaded_image, (void **)&l->loaded);
	if (EFI_ERROR(status) || !l->loaded)
		loader_fail(l, EFI_ERROR(status) ? status : EFI_NOT_FOUND, ADVICE_FIRMWARE,
			    "the firmware does not say where it loaded this file");
}

static void stage(struct loader *l, enum handoff_stage stage)
{
	l->handoff.stage_tsc[stage] = tsc_read();
	saved_note_stage(l, stage);
	if (l->screen.origin)
		stage_strip_draw(&l->screen, 0, stage);
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	struct loader *l = &loader;

	stage(l, HANDOFF_STAGE_ENTRY);
	loader_start(l, image, system);	/* watchdog off, where we were loaded from */
	tables_gather(l);		/* ACPI, SMBIOS, Secure Boot: it decides what else counts */
	cmdline_gather(l);		/* .cmdline, cmdline.txt, LoadOptions */
	saved_gather(l);		/* how the last run ended; its saved report becomes a file */
	entropy_gather(l);		/* EFI_RNG, RDSEED, RDRAND, time stamps */
	clock_gather(l);		/* the date; the TSC's rate, where nothing else will tell */
	initrd_gather(l);		/* .initrd, initrd.cpio */
	stage(l, HANDOFF_STAGE_CONFIG);

	display_gather(l);		/* which framebuffer, which mode */
	stage(l, HANDOFF_STAGE_DISPLAY);

	kernel_place(l);		/* checked, copied, relocated */
	paging_build(l);		/* our own tables, never the firmware's */
	stage(l, HANDOFF_STAGE_KERNEL);

	boot_services_exit(l);		/* from here on the firmware is gone */
	stage(l, HANDOFF_STAGE_EXIT);
	kernel_jump(l);
}
