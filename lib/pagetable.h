/* x86-64 page tables with four levels, as data: built by the loader, kept by the kernel, tested on the host.
 *
 * Rules
 * - Pure: frames come from an allocation function, physical addresses are reached through a translation function, and
 *   no TLB is flushed: the caller does that where the tables are live.
 * - Virtual addresses are canonical, ranges page-aligned and not empty, and a mapping uses the largest pages that
 *   alignment, `gigabyte_pages` and tables that are there already allow.
 * - A range that is mapped already is an error, and nothing is changed then; failure half-way (no frame) leaves the
 *   part that was mapped.
 * - Nothing may be writable and executable: -EINVAL.
 * - Cache types are the PAT entries as the kernel programs them (kernel/arch/x86_64/pat.h): 0 write-back, 1
 *   write-combining (PWT), 2 UC-, 3 UC. With the PAT as the CPU starts, entry 1 is write-through.
 * - Source: Intel SDM volume 3, section 4.5, tables 4-14 to 4-20. */
#ifndef LIB_PAGETABLE_H
#define LIB_PAGETABLE_H

#include "lib/types.h"

enum {
	PT_WRITE	= 1 << 0,
	PT_EXEC		= 1 << 1,
	PT_USER		= 1 << 2,
	PT_GLOBAL	= 1 << 3,
	PT_CACHE_WB	= 0 << 4,
	PT_CACHE_WC	= 1 << 4,
	PT_CACHE_UC_MINUS = 2 << 4,
	PT_CACHE_UC	= 3 << 4,
	PT_CACHE_MASK	= 3 << 4,
	PT_ANY		= 1 << 6,	/* in pt_walk's answer only: something is mapped */
};

struct pagetable {
	paddr_t root;			/* the PML4; made by pt_init */
	paddr_t (*alloc)(struct pagetable *pt);	/* one page-aligned frame, not cleared; 0: none left */
	void *(*to_virtual)(const struct pagetable *pt, paddr_t frame);
	void *context;			/* for the two functions */
	bool gigabyte_pages;		/* CPUID 80000001h EDX bit 26 */
	bool no_execute;		/* EFER.NXE is set; otherwise the XD bit is left clear */
};

struct pt_mapping {
	paddr_t physical;		/* of the address asked for */
	uint64_t page_size;		/* 4 KiB, 2 MiB or 1 GiB */
	uint32_t flags;			/* PT_* as mapped, rights of all levels together; 0 where nothing is mapped */
};

/* Make an empty PML4. 0 or -ENOMEM. Not needed where root is given. */
int pt_init(struct pagetable *pt);

/* Map size bytes. 0; -EINVAL (alignment, empty, not canonical, wraps, physical end over 2^52, W and X); -EEXIST;
 * -ENOMEM. */
int pt_map(struct pagetable *pt, vaddr_t va, paddr_t pa, uint64_t size, uint32_t flags);

/* Remove or change what is mapped in the range (holes are passed over); larger pages are split where the range ends
 * inside one. 0, -EINVAL, -ENOMEM (for a split: no translation has changed then). Tables that become empty are kept. */
int pt_unmap(struct pagetable *pt, vaddr_t va, uint64_t size);
int pt_protect(struct pagetable *pt, vaddr_t va, uint64_t size, uint32_t flags);

/* Look one address up. True where it is mapped. */
bool pt_walk(const struct pagetable *pt, vaddr_t va, struct pt_mapping *ret);

/* Call visit for each run of mapped pages of like rights and page size in address order; stops and returns what visit
 * returned where that is not 0. */
int pt_visit(const struct pagetable *pt, int (*visit)(void *context, vaddr_t va, uint64_t size, const struct pt_mapping *first), void *context);

/* Frames that pt_map needs at most for these ranges, the tables above counted anew for each: to size a pool
 * beforehand. */
uint64_t pt_frames_needed(vaddr_t va, paddr_t pa, uint64_t size, bool gigabyte_pages);

#endif
