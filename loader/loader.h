/* The loader: everything between the firmware's call of efi_main and the kernel's first instruction.
 *
 * Rules
 * - One struct loader, filled by one function a thing gathered, in the order of main.c.
 * - A function either succeeds or calls loader_fail, which does not return. What the boot can do without is logged and
 *   left out.
 * - Physical and virtual addresses are the same here, as UEFI guarantees (UEFI 2.10, section 2.3.4).
 * - The handoff and all it points to live in the loader's image or in pages from loader_pages. */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include <efi.h>

#include <boot/handoff.h>
#include "lib/cmdline.h"
#include "lib/elf.h"
#include "lib/memmap.h"
#include "lib/pagetable.h"
#include "lib/surface.h"
#include "lib/types.h"

struct loader {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot;
	EFI_LOADED_IMAGE *loaded;
	struct handoff handoff;
	char cmdline[CMDLINE_MAX];
	struct elf_image kernel;
	struct surface screen;		/* origin NULL where the loader cannot draw */
	uint64_t kernel_entry;		/* virtual */
	paddr_t la57_page;		/* under 4 GiB, for leaving 5-level paging; 0 where it is not on */
};

/* main.c */

/* Allocate page-aligned memory (a multiple of 4096 bytes) below `below` (0: anywhere); fails the boot where there is
 * none, naming `what`. Given back to the firmware where the boot fails later. */
void *loader_pages(struct loader *l, uint64_t size, EFI_PHYSICAL_ADDRESS below, const char *what);

/* Allocate the page at this very address, as it is; NULL where it is in use. */
void *loader_page_at(struct loader *l, EFI_PHYSICAL_ADDRESS address);

/* Give one of them back, or all. */
void loader_pages_give(struct loader *l, void *memory);
void loader_pages_free(struct loader *l);

/* message.c: log lines reach the kernel's log; loader_fail ends the loader. */

void loader_log(struct loader *l, unsigned level, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define LOG_ERROR 3
#define LOG_WARNING 4
#define LOG_INFO 6

const char *efi_status_name(EFI_STATUS status);

/* What to try where the firmware breaks a rule. */
#define ADVICE_FIRMWARE "Update the firmware, or report this with its name and version."

/* Say what failed, why, and what to try, on the firmware's console, or by hand where that does not work; wait for a key
 * or 10 s; return status to the firmware. With exit=qemu on the command line the emulator is left with the failure code
 * instead. */
_Noreturn void loader_fail(struct loader *l, EFI_STATUS status, const char *advice, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same where boot services are gone or not to be trusted: on the framebuffer and the first serial port, then a
 * reset. */
_Noreturn void loader_fail_late(struct loader *l, EFI_STATUS status, const char *what);

/* One file each. */
void cmdline_gather(struct loader *l);
void tables_gather(struct loader *l);		/* ACPI, SMBIOS, the firmware's name, Secure Boot state */
void entropy_gather(struct loader *l);
void clock_gather(struct loader *l);		/* the date; the TSC's rate, where the kernel will have nothing better */
void initrd_gather(struct loader *l);
void display_gather(struct loader *l);

/* How the last run ended; a report that it saved goes to the stick. */
void saved_gather(struct loader *l);
void kernel_place(struct loader *l);
void paging_build(struct loader *l);

/* Whether the firmware's own page tables map this address: it need not map what its memory map does not name, and
 * framebuffers are not in that. */
bool firmware_maps(paddr_t address);
void boot_services_exit(struct loader *l);
_Noreturn void kernel_jump(struct loader *l);

/* volume.c: read a file of the volume the loader came from, at most `most` bytes, into pages of its own. EFI_NOT_FOUND
 * where there is no volume or file; EFI_BAD_BUFFER_SIZE where it is longer. */
EFI_STATUS volume_read(struct loader *l, const CHAR16 *path, uint64_t most, void **ret, uint64_t *ret_size);

/* Of the same volume: EFI_SUCCESS where a file is there, EFI_NOT_FOUND, or why it cannot be told. */
EFI_STATUS volume_exists(struct loader *l, const CHAR16 *path);

/* Make a folder, unless it is there; write a file of its own, up to the disk. Where that fails no file is left. */
EFI_STATUS volume_make_folder(struct loader *l, const CHAR16 *path);
EFI_STATUS volume_write(struct loader *l, const CHAR16 *path, const void *data, uint64_t size);

/* The loader's own PE section; false where there is none or it is empty. */
bool section_find(struct loader *l, const char *name, const void **ret, size_t *ret_size);

/* saved.c: what the next boot says of this one, should it get no further. */
void saved_note_stage(struct loader *l, enum handoff_stage stage);

/* Small things every file uses. */
static inline bool secure_boot_on(const struct loader *l)
{
	return l->handoff.secure_boot == HANDOFF_SECURE_BOOT_ON;
}

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_identify(uint32_t leaf, uint32_t subleaf, uint32_t ret[4])
{
	__asm__ volatile("cpuid" : "=a"(ret[0]), "=b"(ret[1]), "=c"(ret[2]), "=d"(ret[3]) : "a"(leaf), "c"(subleaf));
}

static inline void port_write8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port)); }
static inline void port_write32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" :: "a"(value), "Nd"(port)); }
static inline uint8_t port_read8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

#endif
