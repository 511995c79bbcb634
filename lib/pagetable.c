/* x86-64 page tables with four levels, as data.
 *
 * Level 1 is the table whose entries are 4 KiB pages, level 4 the root (PML4). Rights are decided by the entry
 * that maps the page: tables above it are always writable and never execute-disabled, so that a change of
 * rights changes one entry. Only the user bit is kept off in them until something for users lies below, which
 * keeps the kernel's half closed by one bit a table.
 *
 * Two means do all the work. A cursor stands on the entry that decides about an address, at the lowest level
 * there is, and walks a range entry by entry; it goes back to the root only where a table ends, so that a
 * range costs a few instructions a page. And split_at() makes an address a border between pages. With both
 * ends of a range split first, which is all that can fail, unmapping and changing rights are a plain walk that
 * cannot.
 *
 * The CPU may walk these tables while they change. Each change is one 8-byte store, and a table is filled
 * before it is linked (entry_set). Reading never stores: the firmware's tables, which can be read with this
 * too, may be mapped read-only.
 *
 * Source: Intel SDM volume 3, sections 4.5 and 4.6, tables 4-15 to 4-20. */
#include "lib/pagetable.h"

#include <abi/linux/errno.h>

#include "lib/string.h"

#define ENTRY_PRESENT	(1ull << 0)
#define ENTRY_WRITE	(1ull << 1)
#define ENTRY_USER	(1ull << 2)
#define ENTRY_PWT	(1ull << 3)
#define ENTRY_PCD	(1ull << 4)
#define ENTRY_LARGE	(1ull << 7)	/* in levels 2 and 3; in level 1 the same bit is the PAT's, which stays 0 */
#define ENTRY_GLOBAL	(1ull << 8)
#define ENTRY_XD	(1ull << 63)
#define ENTRY_ADDRESS	0x000ffffffffff000ull

#define LEVELS		4u
#define TABLE_ENTRIES	512u
#define VIRTUAL_BITS	48
#define PHYSICAL_END	(1ull << 52)

/* PWT and PCD are the low bits of the PAT index, which our cache types are. */
#define CACHE_SHIFT	1
_Static_assert(PT_CACHE_WC >> CACHE_SHIFT == ENTRY_PWT &&
	       PT_CACHE_UC_MINUS >> CACHE_SHIFT == ENTRY_PCD, "one shift converts");

struct cursor {
	const struct pagetable *pt;
	vaddr_t va;		/* the upper bits are not looked at */
	uint64_t left;		/* bytes from va to the end of the range; 0: done */
	uint64_t *entry;	/* decides about va */
	unsigned level;		/* of entry */
	uint64_t denied;	/* by the tables above: ENTRY_WRITE, ENTRY_USER, and ENTRY_XD, which denies as it is */
};

/* One entry of level 1 covers 12 bits of address, one of each level above 9 more. */
static unsigned level_shift(unsigned level)
{
	return 12 + 9 * (level - 1);
}

static uint64_t level_size(unsigned level)
{
	return 1ull << level_shift(level);
}

static unsigned level_index(unsigned level, vaddr_t va)
{
	return (va >> level_shift(level)) % TABLE_ENTRIES;
}

static uint64_t *table_entry(const struct pagetable *pt, paddr_t table, unsigned level, vaddr_t va)
{
	return (uint64_t *)pt->to_virtual(pt, table) + level_index(level, va);
}

/* After this store the CPU may use what the entry names: everything written before is written before. */
static void entry_set(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* Bit 7 says "page" in levels 2 and 3. In level 1 everything is a page; in level 4 the bit is reserved. */
static bool entry_is_table(uint64_t entry, unsigned level)
{
	return (entry & ENTRY_PRESENT) && level > 1 && !(entry & ENTRY_LARGE);
}

/* The bits under the page's size are flags: in a large page bit 12 is the PAT's. */
static paddr_t entry_page(uint64_t entry, unsigned level)
{
	return entry & ENTRY_ADDRESS & ~(level_size(level) - 1);
}

/* Accessed and dirty start clear: nobody here asks for them, and the CPU sets them by itself. Where EFER.NXE
 * is off the XD bit is reserved and would fault. */
static uint64_t entry_flags(const struct pagetable *pt, uint32_t flags, unsigned level)
{
	return ENTRY_PRESENT | (flags & PT_CACHE_MASK) >> CACHE_SHIFT |
	       (flags & PT_WRITE ? ENTRY_WRITE : 0) |
	       (flags & PT_USER ? ENTRY_USER : 0) |
	       (flags & PT_GLOBAL ? ENTRY_GLOBAL : 0) |
	       (level > 1 ? ENTRY_LARGE : 0) |
	       (pt->no_execute && !(flags & PT_EXEC) ? ENTRY_XD : 0);
}

/* Unknown flags are refused, so that PT_ANY out of an answer is not passed back in by mistake. */
static bool flags_ok(uint32_t flags)
{
	uint32_t known = PT_WRITE | PT_EXEC | PT_USER | PT_GLOBAL | PT_CACHE_MASK;

	return !(flags & ~known) && !((flags & PT_WRITE) && (flags & PT_EXEC));
}

/* Bits 63 to 47 are all alike. */
static bool is_canonical(vaddr_t va)
{
	vaddr_t upper = va >> (VIRTUAL_BITS - 1);

	return upper == 0 || upper == (1ull << (64 - VIRTUAL_BITS + 1)) - 1;
}

/* Page-aligned, not empty, and wholly in the lower or the upper half. The range may end at 2^64. */
static bool range_ok(vaddr_t va, uint64_t size)
{
	vaddr_t last = va + size - 1;

	return IS_ALIGNED(va | size, PAGE_SIZE) && size && last >= va && is_canonical(va) && is_canonical(last) &&
	       va >> 63 == last >> 63;
}

/* Walk down to the entry that decides about c->va; tables on the way get the bits of grant. */
static void cursor_descend(struct cursor *c, uint64_t grant)
{
	paddr_t table = c->pt->root;

	c->denied = 0;
	for (c->level = LEVELS;; c->level--) {
		c->entry = table_entry(c->pt, table, c->level, c->va);
		if (!entry_is_table(*c->entry, c->level))
			return;
		if (grant & ~*c->entry)
			entry_set(c->entry, *c->entry | grant);
		c->denied |= (~*c->entry & (ENTRY_WRITE | ENTRY_USER)) | (*c->entry & ENTRY_XD);
		table = *c->entry & ENTRY_ADDRESS;
	}
}

/* Stand at va; grant as above. Reading passes 0 and stores nothing. */
static void cursor_start(struct cursor *c, const struct pagetable *pt, vaddr_t va, uint64_t size, uint64_t grant)
{
	*c = (struct cursor) { .pt = pt, .va = va, .left = size };
	cursor_descend(c, grant);
}

/* Step behind what the entry covers. */
static void cursor_next(struct cursor *c, uint64_t grant)
{
	uint64_t step = level_size(c->level) - (c->va & (level_size(c->level) - 1));

	if (step >= c->left) {
		c->left = 0;
		return;
	}
	c->va += step;
	c->left -= step;
	if (level_index(c->level, c->va) == 0 || entry_is_table(c->entry[1], c->level))
		cursor_descend(c, grant);
	else
		c->entry++;
}

/* What the cursor's entry maps, from c->va on. */
static struct pt_mapping cursor_mapping(const struct cursor *c)
{
	uint64_t size = level_size(c->level);
	uint64_t entry = (*c->entry & ~(c->denied & (ENTRY_WRITE | ENTRY_USER))) | (c->denied & ENTRY_XD);

	return (struct pt_mapping) {
		.physical = entry_page(entry, c->level) + (c->va & (size - 1)),
		.page_size = size,
		.flags = PT_ANY | (uint32_t)(entry & (ENTRY_PWT | ENTRY_PCD)) << CACHE_SHIFT |
			 (entry & ENTRY_WRITE ? PT_WRITE : 0) |
			 (entry & ENTRY_USER ? PT_USER : 0) |
			 (entry & ENTRY_GLOBAL ? PT_GLOBAL : 0) |
			 (entry & ENTRY_XD ? 0 : PT_EXEC),
	};
}

/* An empty entry on a high level answers for all that it would cover, so that a large free range is checked in
 * a few steps. */
static bool range_is_free(const struct pagetable *pt, vaddr_t va, uint64_t size)
{
	struct cursor c;

	for (cursor_start(&c, pt, va, size, 0); c.left; cursor_next(&c, 0))
		if (*c.entry & ENTRY_PRESENT)
			return false;
	return true;
}

/* An empty entry for va, at `largest` or the nearest level below where va has no table yet; tables that are
 * missing above are made. A table stays even when it is empty, because the CPU may have it cached: a large
 * page in its place would need a flush and lose its frame. NULL: no frame left. No page may lie in the way. */
static uint64_t *entry_make(struct pagetable *pt, vaddr_t va, unsigned largest, uint64_t grant, unsigned *ret_level)
{
	paddr_t table = pt->root;

	for (unsigned level = LEVELS;; level--) {
		uint64_t *entry = table_entry(pt, table, level, va);
		uint64_t value = *entry;
		if (!(value & ENTRY_PRESENT)) {
			if (level <= largest) {
				*ret_level = level;
				return entry;
			}
			value = pt->alloc(pt);
			if (!value)
				return NULL;
			memset(pt->to_virtual(pt, value), 0, PAGE_SIZE);
			value |= ENTRY_PRESENT;
		}
		if (value != *entry || (grant & ~value))
			entry_set(entry, value | grant);
		table = value & ENTRY_ADDRESS;
	}
}

/* Replace a large page by a table of the next smaller ones, with the same rights and cache type: all low bits
 * are copied, bit 7 only where it still says "page". Each address translates as before, so the CPU may use the
 * old entry or the new one until the caller's flush. */
static int split_entry(struct pagetable *pt, uint64_t *entry, unsigned level)
{
	paddr_t frame = pt->alloc(pt);

	if (!frame)
		return -ENOMEM;
	uint64_t *table = pt->to_virtual(pt, frame);
	uint64_t page = entry_page(*entry, level);
	uint64_t flags = *entry & (ENTRY_XD | (PAGE_SIZE - 1));
	if (level == 2)
		flags &= ~ENTRY_LARGE;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = (page + i * level_size(level - 1)) | flags;
	entry_set(entry, frame | ENTRY_PRESENT | ENTRY_WRITE | (*entry & ENTRY_USER));
	return 0;
}

/* Make va a border between pages: 0 or -ENOMEM. A range's end may be no canonical address, but then it is a
 * border already. */
static int split_at(struct pagetable *pt, vaddr_t va)
{
	for (;;) {
		struct cursor c;
		cursor_start(&c, pt, va, PAGE_SIZE, 0);
		if (!(*c.entry & ENTRY_PRESENT) || IS_ALIGNED(va, level_size(c.level)))
			return 0;
		int error = split_entry(pt, c.entry, c.level);
		if (error)
			return error;
	}
}

/* After this no page reaches over either end of the range. */
static int split_range(struct pagetable *pt, vaddr_t va, uint64_t size)
{
	int error = split_at(pt, va);

	return error ? error : split_at(pt, va + size);
}

/* The largest page that can begin here. */
static unsigned largest_level(const struct pagetable *pt, vaddr_t va, paddr_t pa, uint64_t size)
{
	for (unsigned level = pt->gigabyte_pages ? 3 : 2; level > 1; level--)
		if (IS_ALIGNED(va | pa, level_size(level)) && size >= level_size(level))
			return level;
	return 1;
}

int pt_init(struct pagetable *pt)
{
	paddr_t root = pt->alloc(pt);

	if (!root)
		return -ENOMEM;
	memset(pt->to_virtual(pt, root), 0, PAGE_SIZE);
	pt->root = root;
	return 0;
}

int pt_map(struct pagetable *pt, vaddr_t va, paddr_t pa, uint64_t size, uint32_t flags)
{
	/* What the tables above must let through. */
	uint64_t grant = ENTRY_WRITE | (flags & PT_USER ? ENTRY_USER : 0);

	if (!range_ok(va, size) || !flags_ok(flags))
		return -EINVAL;
	if (!IS_ALIGNED(pa, PAGE_SIZE) || pa >= PHYSICAL_END || size > PHYSICAL_END - pa)
		return -EINVAL;
	if (!range_is_free(pt, va, size))
		return -EEXIST;
	while (size) {
		unsigned level;
		uint64_t *entry = entry_make(pt, va, largest_level(pt, va, pa, size), grant, &level);
		if (!entry)
			return -ENOMEM;
		/* Up to the end of the table or the next table below; alignment allows a larger page only
		 * behind it. */
		uint64_t page = level_size(level), bits = entry_flags(pt, flags, level), done = 0;
		uint64_t most = MIN(size, (TABLE_ENTRIES - level_index(level, va)) * page);
		for (; most - done >= page && !(*entry & ENTRY_PRESENT); done += page)
			entry_set(entry++, (pa + done) | bits);
		va += done;
		pa += done;
		size -= done;
	}
	return 0;
}

int pt_unmap(struct pagetable *pt, vaddr_t va, uint64_t size)
{
	struct cursor c;

	if (!range_ok(va, size))
		return -EINVAL;
	int error = split_range(pt, va, size);
	if (error)
		return error;
	for (cursor_start(&c, pt, va, size, 0); c.left; cursor_next(&c, 0))
		if (*c.entry & ENTRY_PRESENT)
			entry_set(c.entry, 0);
	return 0;
}

int pt_protect(struct pagetable *pt, vaddr_t va, uint64_t size, uint32_t flags)
{
	uint64_t grant = flags & PT_USER ? ENTRY_USER : 0;
	struct cursor c;

	if (!range_ok(va, size) || !flags_ok(flags))
		return -EINVAL;
	int error = split_range(pt, va, size);
	if (error)
		return error;
	for (cursor_start(&c, pt, va, size, grant); c.left; cursor_next(&c, grant))
		if (*c.entry & ENTRY_PRESENT)
			entry_set(c.entry, entry_page(*c.entry, c.level) | entry_flags(pt, flags, c.level));
	return 0;
}

bool pt_walk(const struct pagetable *pt, vaddr_t va, struct pt_mapping *ret)
{
	struct cursor c;

	*ret = (struct pt_mapping) { 0 };
	if (!is_canonical(va))
		return false;
	cursor_start(&c, pt, va, 1, 0);
	if (!(*c.entry & ENTRY_PRESENT))
		return false;
	*ret = cursor_mapping(&c);
	return true;
}

/* A run is given out when the first page comes that does not continue it. */
int pt_visit(const struct pagetable *pt,
	     int (*visit)(void *context, vaddr_t va, uint64_t size, const struct pt_mapping *first), void *context)
{
	struct pt_mapping first = { 0 };
	vaddr_t begin = 0;
	uint64_t size = 0;
	struct cursor c;

	for (cursor_start(&c, pt, 0, 1ull << VIRTUAL_BITS, 0); c.left; cursor_next(&c, 0)) {
		if (!(*c.entry & ENTRY_PRESENT))
			continue;
		/* The cursor counts through the hole of the addresses that are not canonical; a run must not. */
		vaddr_t va = (vaddr_t)((int64_t)(c.va << (64 - VIRTUAL_BITS)) >> (64 - VIRTUAL_BITS));
		struct pt_mapping mapping = cursor_mapping(&c);
		if (size && va == begin + size && mapping.flags == first.flags && mapping.page_size == first.page_size) {
			size += mapping.page_size;
			continue;
		}
		int stop = size ? visit(context, begin, size, &first) : 0;
		if (stop)
			return stop;
		first = mapping;
		begin = va;
		size = mapping.page_size;
	}
	return size ? visit(context, begin, size, &first) : 0;
}

uint64_t pt_frames_needed(vaddr_t va, paddr_t pa, uint64_t size, bool gigabyte_pages)
{
	uint64_t begin = va & ((1ull << VIRTUAL_BITS) - 1), end = begin + size;	/* so that ends of 2^64 do not wrap */
	uint64_t frames = 0;

	if (!size)
		return 0;
	/* A block of the size that one entry above level covers needs a table, unless one large page fills it. */
	for (unsigned level = 1; level < LEVELS; level++) {
		unsigned shift = level_shift(level + 1);
		uint64_t touched = ((end - 1) >> shift) - (begin >> shift) + 1;
		uint64_t first_full = (begin + level_size(level + 1) - 1) >> shift, end_full = end >> shift;
		bool large = level == 1 || (level == 2 && gigabyte_pages);
		if (large && IS_ALIGNED(va - pa, level_size(level + 1)) && end_full > first_full)
			touched -= end_full - first_full;
		frames += touched;
	}
	return frames;
}
