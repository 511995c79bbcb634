/* The UEFI memory map, made usable, by a sweep over its boundaries.
 *
 * Each descriptor that names memory becomes a piece with two events, its first page and the page behind its
 * last. The events are sorted and walked once; a counter per type says which types cover the stretch up to the
 * next event, and the strongest of them gets it. What no descriptor names has no counter above zero and falls
 * out by itself, and overlaps of any depth cost nothing extra.
 *
 * An event is one 64-bit number, so that comparing events is comparing numbers: the page number on top (2^52 /
 * 4096 = 2^40 itself can be one, so 41 bits), then "begins", then the piece's index. Of events at one page
 * ends come first: the events of a map without overlaps are sorted as they are made if the map is. Firmware's
 * maps mostly are, or consist of a few sorted parts, so the sort is a natural merge sort: it looks for runs
 * and takes one pass for a sorted map, log2(runs) passes otherwise.
 *
 * Source: UEFI specification 2.10, section 7.2.3 (EFI_MEMORY_DESCRIPTOR, EFI_MEMORY_TYPE, attribute bits). */
#include "lib/memmap.h"

#include <abi/linux/errno.h>

#define DESCRIPTOR_SIZE_MIN	40
#define ATTRIBUTE_RUNTIME	(1ull << 63)
#define PHYSICAL_END		(1ull << 52)	/* no x86-64 CPU has more address bits */

#define EVENT_INDEX_BITS	22
#define EVENT_INDEX_MASK	((1ull << EVENT_INDEX_BITS) - 1)
#define EVENT_BEGINS		(1ull << EVENT_INDEX_BITS)
#define EVENT_PAGE_SHIFT	(EVENT_INDEX_BITS + 1)

_Static_assert(41 + EVENT_PAGE_SHIFT <= 64, "a page number fits above index and direction");

/* As the firmware writes it; the next one follows after descriptor_size bytes, at an address that need not be
 * aligned for us. */
struct __attribute__((packed, may_alias)) efi_descriptor {
	uint32_t type;
	uint32_t padding;
	uint64_t physical;
	uint64_t virtual;
	uint64_t pages;
	uint64_t attributes;
};

_Static_assert(sizeof(struct efi_descriptor) == DESCRIPTOR_SIZE_MIN, "as the firmware has it");

struct piece {
	paddr_t base;
	uint32_t type;
	uint32_t runtime;
};

struct sweep {
	const struct piece *pieces;
	uint32_t covering[MEM_TYPE_COUNT];		/* pieces that cover the current stretch */
	uint32_t covering_runtime[MEM_TYPE_COUNT];	/* those of them that have EFI_MEMORY_RUNTIME */
	uint32_t types;		/* bit t: covering[t] is not 0 */
	bool mixed;		/* there has been a stretch with several types … */
	paddr_t mixed_base;	/* … and the last one began here */
	struct mem_range *ranges;
	size_t count, room;
};

/* A rest behind the last whole descriptor is left out. 0 as a descriptor size is refused later; here it must
 * only not divide. */
static size_t descriptor_count(size_t bytes, size_t descriptor_size)
{
	return descriptor_size ? bytes / descriptor_size : 0;
}

size_t memmap_scratch_size(size_t bytes, size_t descriptor_size)
{
	return descriptor_count(bytes, descriptor_size) * (sizeof(struct piece) + 4 * sizeof(uint64_t));
}

/* n descriptors have 2n borders, between which lie at most 2n - 1 ranges. */
size_t memmap_room(size_t bytes, size_t descriptor_size)
{
	return descriptor_count(bytes, descriptor_size) * 2;
}

/* Types from 0x70000000 on belong to vendors and loaders: memory that someone wants, and nobody here knows how
 * to give back. */
static uint32_t type_from_efi(uint32_t efi, uint32_t *unknown)
{
	static const uint8_t types[] = {
		MEM_RESERVED,		/* EfiReservedMemoryType */
		MEM_LOADER, MEM_LOADER,
		MEM_BOOT_SERVICES, MEM_BOOT_SERVICES,
		MEM_RUNTIME_CODE, MEM_RUNTIME_DATA,
		MEM_USABLE,
		MEM_UNUSABLE,
		MEM_ACPI_RECLAIM, MEM_ACPI_NVS,
		MEM_MMIO, MEM_MMIO,
		MEM_RESERVED,		/* EfiPalCode */
		MEM_PERSISTENT,
		MEM_UNACCEPTED,
	};

	if (efi < ARRAY_SIZE(types))
		return types[efi];
	++*unknown;
	return MEM_RESERVED;
}

/* Take a descriptor as a piece and its end. False where nothing of it is left. */
static bool read_descriptor(const struct efi_descriptor *d, struct piece *piece, paddr_t *end, struct mem_report *report)
{
	piece->type = type_from_efi(d->type, &report->unknown);
	piece->runtime = !!(d->attributes & ATTRIBUTE_RUNTIME);
	piece->base = d->physical;
	if (d->pages == 0) {
		report->zero_length++;
		return false;
	}
	if (d->physical >= PHYSICAL_END) {
		report->wrapping++;
		return false;
	}
	/* Compared as pages, because pages * 4096 may be over 2^64. */
	if (d->pages > (PHYSICAL_END - d->physical) / PAGE_SIZE) {
		report->wrapping++;
		*end = PHYSICAL_END;
	} else {
		*end = d->physical + d->pages * PAGE_SIZE;
	}
	/* A page of which only a part is named: not usable, but whatever else is there must keep others away
	 * from all of it. */
	if (!IS_ALIGNED(d->physical, PAGE_SIZE)) {
		report->misaligned++;
		bool shrink = piece->type == MEM_USABLE;
		piece->base = shrink ? ALIGN_UP(piece->base, PAGE_SIZE) : ALIGN_DOWN(piece->base, PAGE_SIZE);
		*end = shrink ? ALIGN_DOWN(*end, PAGE_SIZE) : ALIGN_UP(*end, PAGE_SIZE);
	}
	return piece->base < *end;
}

/* The number of pieces made; two events stand in events for each. */
static size_t read_map(const uint8_t *map, size_t descriptor_size, struct piece *pieces, uint64_t *events,
		       struct mem_report *report)
{
	size_t count = 0;

	for (uint32_t i = 0; i < report->descriptors; i++, map += descriptor_size) {
		paddr_t end;
		if (!read_descriptor((const void *)map, &pieces[count], &end, report))
			continue;
		*events++ = pieces[count].base / PAGE_SIZE << EVENT_PAGE_SHIFT | EVENT_BEGINS | count;
		*events++ = end / PAGE_SIZE << EVENT_PAGE_SHIFT | count;
		count++;
	}
	return count;
}

/* Where the sorted run that begins at begin ends. */
static size_t run_end(const uint64_t *events, size_t begin, size_t count)
{
	size_t end = begin + 1;

	while (end < count && events[end - 1] <= events[end])
		end++;
	return end;
}

/* Merge runs two by two, the last one alone where their number is odd; the number of runs that are left. */
static size_t merge_runs(const uint64_t *from, uint64_t *to, size_t count)
{
	size_t runs = 0, out = 0;

	while (out < count) {
		size_t left = out, middle = run_end(from, left, count), right = middle;
		size_t end = middle < count ? run_end(from, middle, count) : count;
		while (out < end)
			if (right == end || (left < middle && from[left] <= from[right]))
				to[out++] = from[left++];
			else
				to[out++] = from[right++];
		runs++;
	}
	return runs;
}

/* Sort events with the help of spare, which has the same size; the one in which the result stands. */
static const uint64_t *sort_events(uint64_t *events, uint64_t *spare, size_t count)
{
	size_t runs;

	do {
		uint64_t *merged = spare;
		runs = merge_runs(events, merged, count);
		spare = events;
		events = merged;
	} while (runs > 1);
	return events;
}

static void sweep_begin(struct sweep *s, const struct piece *piece)
{
	s->covering[piece->type]++;
	s->covering_runtime[piece->type] += piece->runtime;
	s->types |= 1u << piece->type;
}

/* A piece overlaps another type where a mixed stretch lies inside it; as it ends now, that is one which began
 * at its base or later. */
static void sweep_end(struct sweep *s, const struct piece *piece, struct mem_report *report)
{
	s->covering_runtime[piece->type] -= piece->runtime;
	if (--s->covering[piece->type] == 0)
		s->types &= ~(1u << piece->type);
	if (s->mixed && s->mixed_base >= piece->base)
		report->overlapping++;
}

/* Give the stretch up to end, which the counters describe, to the strongest type that covers it. */
static int sweep_emit(struct sweep *s, paddr_t base, paddr_t end)
{
	struct mem_range *last = s->count ? &s->ranges[s->count - 1] : NULL;

	if (s->types == 0)
		return 0;
	if (s->types & (s->types - 1)) {
		s->mixed = true;
		s->mixed_base = base;
	}
	/* Where several pieces of the type meet, one that the firmware needs at run time is enough: mapping
	 * too much harms less. */
	uint32_t type = 31 - (uint32_t)__builtin_clz(s->types);
	uint32_t runtime = s->covering_runtime[type] != 0;
	if (last && last->base + last->size == base && last->type == type && last->runtime == runtime) {
		last->size += end - base;
		return 0;
	}
	if (s->count == s->room)
		return -ENOSPC;
	s->ranges[s->count++] = (struct mem_range) { .base = base, .size = end - base, .type = type, .runtime = runtime };
	return 0;
}

/* Begins and ends change the counters; a stretch is given away when the next event lies further on. */
static int sweep_events(struct sweep *s, const uint64_t *events, size_t count, struct mem_report *report)
{
	paddr_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct piece *piece = &s->pieces[events[i] & EVENT_INDEX_MASK];
		paddr_t next = (events[i] >> EVENT_PAGE_SHIFT) * PAGE_SIZE;
		/* The counters hold for a stretch only once all events at its beginning have been counted. */
		int error = next > at ? sweep_emit(s, at, next) : 0;
		if (error)
			return error;
		at = next;
		if (events[i] & EVENT_BEGINS)
			sweep_begin(s, piece);
		else
			sweep_end(s, piece, report);
	}
	return 0;
}

int memmap_normalise(const void *map, size_t bytes, size_t descriptor_size, void *scratch, size_t scratch_size,
		     struct mem_range *ret, size_t room, struct mem_report *ret_report)
{
	if (descriptor_size < DESCRIPTOR_SIZE_MIN || descriptor_size % 8 != 0)
		return -EINVAL;
	size_t descriptors = descriptor_count(bytes, descriptor_size);
	if (descriptors > EVENT_INDEX_MASK)
		return -E2BIG;
	if (scratch_size < memmap_scratch_size(bytes, descriptor_size))
		return -ENOSPC;

	/* Scratch: the pieces, their events, and as many again to merge to. */
	struct mem_report report = { .descriptors = (uint32_t)descriptors };
	struct piece *pieces = scratch;
	uint64_t *events = (uint64_t *)(pieces + descriptors);
	uint64_t *spare = events + 2 * descriptors;
	size_t count = 2 * read_map(map, descriptor_size, pieces, events, &report);
	struct sweep s = { .pieces = pieces, .ranges = ret, .room = room };
	int error = sweep_events(&s, sort_events(events, spare, count), count, &report);
	if (error)
		return error;
	if (ret_report)
		*ret_report = report;
	return (int)s.count;
}

bool memmap_is_ram(uint32_t type)
{
	return type < MEM_PERSISTENT;	/* the enumeration has RAM first */
}

const char *memmap_type_name(uint32_t type)
{
	static const char *const names[MEM_TYPE_COUNT] = {
		[MEM_USABLE] = "usable",
		[MEM_BOOT_SERVICES] = "boot services",
		[MEM_LOADER] = "loader",
		[MEM_ACPI_RECLAIM] = "ACPI tables",
		[MEM_ACPI_NVS] = "ACPI storage",
		[MEM_RUNTIME_DATA] = "runtime data",
		[MEM_RUNTIME_CODE] = "runtime code",
		[MEM_PERSISTENT] = "persistent",
		[MEM_UNACCEPTED] = "unaccepted",
		[MEM_RESERVED] = "reserved",
		[MEM_UNUSABLE] = "unusable",
		[MEM_MMIO] = "device",
	};

	return type < MEM_TYPE_COUNT ? names[type] : "unknown";
}
