/* The UEFI memory map, made usable: sorted, without overlaps, neighbours of one type merged.
 *
 * Rules
 * - Input is as the firmware gave it and nothing about it is trusted: order, overlaps, zero lengths, ranges that wrap,
 *   unknown types, any descriptor size from 40 bytes on (UEFI 2.10, section 7.2.3). Memory is passed in; nothing is
 *   allocated.
 * - Where descriptors overlap, the more careful type wins: the order of enum mem_type, the last the strongest.
 * - What the firmware does not name does not appear in the result. */
#ifndef LIB_MEMMAP_H
#define LIB_MEMMAP_H

#include "lib/types.h"

enum mem_type {
	MEM_USABLE,		/* EfiConventionalMemory */
	MEM_BOOT_SERVICES,	/* EfiBootServicesCode, EfiBootServicesData: free once the firmware is done */
	MEM_LOADER,		/* EfiLoaderCode, EfiLoaderData: what our loader allocated */
	MEM_ACPI_RECLAIM,	/* ACPI tables */
	MEM_ACPI_NVS,
	MEM_RUNTIME_DATA,
	MEM_RUNTIME_CODE,
	MEM_PERSISTENT,		/* EfiPersistentMemory */
	MEM_UNACCEPTED,		/* EfiUnacceptedMemoryType */
	MEM_RESERVED,		/* reserved, PAL code, and every type unknown here */
	MEM_UNUSABLE,		/* EfiUnusableMemory: errors were found in it */
	MEM_MMIO,		/* EfiMemoryMappedIO, EfiMemoryMappedIOPortSpace: not RAM */
	MEM_TYPE_COUNT
};

struct mem_range {
	paddr_t base;		/* a multiple of 4096 */
	uint64_t size;		/* a multiple of 4096, not 0 */
	uint32_t type;		/* enum mem_type */
	uint32_t runtime;	/* EFI_MEMORY_RUNTIME was set on all of it */
};

/* What was wrong with the input. */
struct mem_report {
	uint32_t descriptors;
	uint32_t zero_length;	/* left out */
	uint32_t wrapping;	/* base + size over 2^52: cut at 2^52, or left out where the base is */
	uint32_t misaligned;	/* base not a multiple of 4096: rounded so that nothing is taken for usable that was not named */
	uint32_t overlapping;	/* descriptors that overlap another one of another type */
	uint32_t unknown;	/* types unknown here, taken as reserved */
};

/* Scratch bytes that memmap_normalise needs for a map of `bytes` bytes. */
size_t memmap_scratch_size(size_t bytes, size_t descriptor_size);

/* Room for results that always suffices, in ranges. */
size_t memmap_room(size_t bytes, size_t descriptor_size);

/* Normalise. Returns the number of ranges written to ret; -EINVAL for a descriptor size under 40 or not a multiple of
 * 8; -ENOSPC where room or scratch is too small; -E2BIG for four million descriptors and more. O(n log n). scratch is
 * 8-byte aligned. ret_report may be NULL. */
int memmap_normalise(const void *map, size_t bytes, size_t descriptor_size, void *scratch, size_t scratch_size,
		     struct mem_range *ret, size_t room, struct mem_report *ret_report);

/* True for types that are RAM and belong in the direct map (all but MMIO, unusable, unaccepted, persistent and
 * reserved). */
bool memmap_is_ram(uint32_t type);

/* "usable", "ACPI tables", … for people. */
const char *memmap_type_name(uint32_t type);

#endif
