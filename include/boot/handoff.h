/* What the loader gives the kernel: one struct, one pointer.
 *
 * Rules
 * - Entry: the ELF entry point, 64-bit long mode with 4-level paging, interrupts off, direction flag clear, RDI =
 *   address of struct handoff (in the direct map). RSP is not usable. Firmware's GDT and IDT may still be loaded and
 *   must not be used.
 * - Address space at entry, built by the loader (CR3 = page_table_root, every table in the direct map):
 *     the kernel image at kernel_virtual, each segment with its own rights, never writable and executable;
 *     all RAM of the memory map at HANDOFF_DIRECT_MAP + physical, writable, never executable, except that the image's
 *     read-only segments are read-only there too;
 *     the framebuffer, if any, at HANDOFF_FRAMEBUFFER_MAP, uncached unless the MTRRs say write-combining;
 *     the loader's page that makes the jump, identity-mapped, read and execute: the kernel unmaps it.
 * - Addresses are physical unless their name says virtual; sizes are bytes. A base of 0 means absent.
 * - Everything the loader allocated is EfiLoaderCode or EfiLoaderData in the map, and stays until the kernel says
 *   otherwise.
 * - `version` changes with any change of this file; the kernel refuses another version, magic or size.
 *
 * Source of the memory map's and the system table's layout: UEFI specification 2.10, sections 7.2.3 and 4.3. */
#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

#include <stdint.h>

#include <boot/saved.h>

#define HANDOFF_MAGIC		0x4152414d41530a1aull	/* "\x1a\nSAMARA" */
#define HANDOFF_VERSION		3
#define HANDOFF_DIRECT_MAP	0xffff888000000000ull	/* + physical address; 64 TiB */
#define HANDOFF_DIRECT_MAP_SIZE	0x0000400000000000ull
#define HANDOFF_FRAMEBUFFER_MAP	0xffffe80000000000ull	/* + offset into the framebuffer; 1 TiB */
#define HANDOFF_KERNEL_LINK	0xffffffff80000000ull	/* where the kernel is linked; it runs at kernel_virtual */

/* The stages of the boot up to the jump, in order; each has a time stamp. The kernel's own follow
 * (kernel/time/stage.h). */
enum handoff_stage {
	HANDOFF_STAGE_ENTRY,		/* the EFI entry point */
	HANDOFF_STAGE_CONFIG,		/* command line, firmware tables, entropy, initrd gathered */
	HANDOFF_STAGE_DISPLAY,		/* framebuffer chosen and set */
	HANDOFF_STAGE_KERNEL,		/* kernel placed and relocated, page tables built */
	HANDOFF_STAGE_EXIT,		/* boot services have ended */
	HANDOFF_STAGE_COUNT
};

enum handoff_secure_boot {
	HANDOFF_SECURE_BOOT_UNKNOWN,	/* the firmware has no such variable */
	HANDOFF_SECURE_BOOT_OFF,
	HANDOFF_SECURE_BOOT_SETUP,	/* setup mode: no keys enrolled, nothing is checked */
	HANDOFF_SECURE_BOOT_ON,
};

struct handoff_framebuffer {
	uint64_t base;			/* 0: none */
	uint64_t size;			/* at least pitch * height */
	uint32_t width, height;		/* pixels */
	uint32_t pitch;			/* bytes from one line to the next */
	uint32_t bytes_per_pixel;	/* 1 to 4 */
	uint32_t red_mask, green_mask, blue_mask;	/* in the little-endian pixel */
	uint32_t display_count;		/* GOP handles seen, the firmware's duplicates included */
};

struct handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t size;			/* sizeof(struct handoff) */

	/* Time: TSC at each stage; a rate measured with the firmware's Stall, 0 where it was not needed. */
	uint64_t stage_tsc[HANDOFF_STAGE_COUNT];
	uint64_t stall_tsc_hz;
	int64_t firmware_time;		/* UTC, seconds since 1970, by GetTime when the TSC was …; 0: it gave none */
	uint64_t firmware_time_tsc;

	/* Memory: the UEFI memory map as the firmware gave it, at most 4 GiB of it. */
	uint64_t memory_map;
	uint32_t memory_map_size;
	uint32_t descriptor_size;
	uint64_t scratch;		/* room to normalise that map in (lib/memmap.h), before there is an allocator */
	uint64_t scratch_size;
	uint64_t page_table_root;
	uint64_t page_tables;		/* the block that holds all tables, and its size */
	uint64_t page_tables_size;

	/* The kernel image as placed. */
	uint64_t kernel_physical;
	uint64_t kernel_virtual;
	uint64_t kernel_size;
	uint64_t jump_page;		/* first byte and size of the identity mapping */
	uint64_t jump_size;

	/* What the user gave. The command line is UTF-8 with a final NUL that the size does not count. */
	uint64_t cmdline;
	uint64_t cmdline_size;
	uint64_t initrd;
	uint64_t initrd_size;

	/* What the firmware gave. */
	uint64_t rsdp;
	uint64_t smbios;		/* the entry point: "_SM3_" or "_SM_" */
	uint64_t system_table;		/* EFI_SYSTEM_TABLE, for runtime services at their physical addresses */
	uint32_t secure_boot;		/* enum handoff_secure_boot */
	uint32_t uefi_revision;		/* of the system table: major << 16 | minor */
	uint32_t firmware_revision;
	uint32_t firmware_vendor_size;
	char firmware_vendor[64];	/* UTF-8, final NUL */
	struct handoff_framebuffer framebuffer;

	/* 64 bytes from all sources of chance there were; entropy_sources is a set of HANDOFF_ENTROPY_*. */
	uint32_t entropy_sources;
#define HANDOFF_ENTROPY_TSC	1u
#define HANDOFF_ENTROPY_RDRAND	2u
#define HANDOFF_ENTROPY_RDSEED	4u
#define HANDOFF_ENTROPY_EFI_RNG	8u
	uint8_t entropy[64];

	/* The loader's messages: records of struct handoff_message, one after another. */
	uint32_t log_size;
	uint64_t log;

	/* Which of these services the firmware still offers: all, unless it says otherwise (UEFI 2.10, section 4.6.2). */
	uint32_t runtime_supported;
#define HANDOFF_RUNTIME_GET_VARIABLE		0x0010u
#define HANDOFF_RUNTIME_SET_VARIABLE		0x0040u
#define HANDOFF_RUNTIME_QUERY_VARIABLE_INFO	0x2000u

	/* How the last run ended, its magic 0 where nobody knows; and where this one notes how far it came. */
	struct boot_mark last_boot;
	uint64_t mark;
};

/* One line of the loader's log; the next record follows at size rounded up to 8, after the header. */
struct handoff_message {
	uint64_t tsc;
	uint16_t level;			/* as Linux: 3 error, 4 warning, 6 information */
	uint16_t size;			/* of the text, which has no final NUL or newline */
	uint32_t reserved;
	char text[];
};

_Static_assert(sizeof(struct handoff_message) == 16, "records are read by offset");
_Static_assert(sizeof(struct handoff_framebuffer) == 48, "the same in loader and kernel");
_Static_assert(_Alignof(struct handoff) == 8, "the same in loader and kernel");

#endif
