/* What lib/memmap.h promises, said a second time in the slowest and plainest way, for the unit test and the
 * fuzzer.
 *
 * A single page is decided by asking every descriptor. A result is right where it has the promised shape and
 * agrees with that at each page next to a descriptor's border: between borders nothing changes. */
#ifndef TESTS_UNIT_MEMMAP_REFERENCE_H
#define TESTS_UNIT_MEMMAP_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/memmap.h"

struct efi_memory {
	uint32_t type;
	uint32_t padding;
	uint64_t physical, virtual, pages, attributes;
};

/* A descriptor in whole pages [first, end); nothing where first >= end. */
struct named {
	uint32_t type, runtime;
	uint64_t first, end;
	bool empty, wraps, misaligned, unknown;
};

static inline struct named reference_read(const uint8_t *descriptor)
{
	static const uint32_t types[] = {
		MEM_RESERVED, MEM_LOADER, MEM_LOADER, MEM_BOOT_SERVICES, MEM_BOOT_SERVICES, MEM_RUNTIME_CODE, MEM_RUNTIME_DATA,
		MEM_USABLE, MEM_UNUSABLE, MEM_ACPI_RECLAIM, MEM_ACPI_NVS, MEM_MMIO, MEM_MMIO, MEM_RESERVED, MEM_PERSISTENT, MEM_UNACCEPTED,
	};
	const unsigned __int128 limit = (unsigned __int128)1 << 52;
	struct efi_memory d;

	memcpy(&d, descriptor, sizeof(d));
	unsigned __int128 end = d.physical + (unsigned __int128)d.pages * 4096;
	struct named n = {
		.type = d.type < 16 ? types[d.type] : MEM_RESERVED,
		.runtime = d.attributes >> 63,
		.empty = d.pages == 0,
		.wraps = d.pages != 0 && end > limit,
		.unknown = d.type >= 16,
	};
	if (n.empty || d.physical >= limit)
		return n;
	if (end > limit)
		end = limit;
	n.misaligned = d.physical % 4096 != 0;
	n.first = (uint64_t)(n.type == MEM_USABLE ? (d.physical + 4095) / 4096 : d.physical / 4096);
	n.end = (uint64_t)(n.type == MEM_USABLE ? end / 4096 : (end + 4095) / 4096);
	return n;
}

/* The range that the result should have at a page: size 0 where no descriptor names it. */
static inline struct mem_range reference_at(const uint8_t *map, size_t count, size_t stride, uint64_t page)
{
	struct mem_range want = { .base = page * 4096 };

	for (size_t i = 0; i < count; i++) {
		struct named n = reference_read(map + i * stride);
		if (page < n.first || page >= n.end || (want.size && n.type < want.type))
			continue;
		want.runtime = want.size && n.type == want.type ? want.runtime | n.runtime : n.runtime;
		want.type = n.type;
		want.size = 4096;
	}
	return want;
}

static inline bool reference_agrees(const struct mem_range *want, const struct mem_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (want->base >= ranges[i].base && want->base - ranges[i].base < ranges[i].size)
			return want->size && ranges[i].type == want->type && ranges[i].runtime == want->runtime;
	return !want->size;
}

/* NULL or what is wrong with the shape of a result. */
static inline const char *reference_shape(const struct mem_range *ranges, size_t count)
{
	uint64_t end = 0;

	for (size_t i = 0; i < count; i++) {
		const struct mem_range *r = &ranges[i];
		if (r->base % 4096 || r->size % 4096 || !r->size)
			return "a range is empty or not in whole pages";
		if (r->base + r->size > 1ull << 52 || r->base + r->size < r->base)
			return "a range reaches over 2^52";
		if (r->type >= MEM_TYPE_COUNT || r->runtime > 1)
			return "a range has an impossible type or flag";
		if (r->base < end)
			return "ranges overlap or are not sorted";
		if (i && r->base == end && r->type == r[-1].type && r->runtime == r[-1].runtime)
			return "neighbours were not merged";
		end = r->base + r->size;
	}
	return NULL;
}

static inline const char *reference_report(const uint8_t *map, size_t count, size_t stride, const struct mem_report *report)
{
	struct mem_report want = { .descriptors = (uint32_t)count };

	for (size_t i = 0; i < count; i++) {
		struct named n = reference_read(map + i * stride);
		bool overlaps = false;
		for (size_t j = 0; j < count && !overlaps; j++) {
			struct named m = reference_read(map + j * stride);
			uint64_t first = n.first > m.first ? n.first : m.first, end = n.end < m.end ? n.end : m.end;
			overlaps = n.type != m.type && first < end;
		}
		want.zero_length += n.empty;
		want.wrapping += n.wraps;
		want.misaligned += n.misaligned;
		want.unknown += n.unknown;
		want.overlapping += overlaps;
	}
	return memcmp(&want, report, sizeof(want)) ? "the report counts something else" : NULL;
}

/* NULL or what is wrong. Quadratic: looks at the borders of every step-th descriptor; the report is checked
 * where step is 1. */
static inline const char *reference_check(const uint8_t *map, size_t count, size_t stride, const struct mem_range *ranges, size_t range_count,
					  const struct mem_report *report, size_t step)
{
	const char *wrong = reference_shape(ranges, range_count);

	for (size_t i = 0; i < count && !wrong; i += step) {
		struct named n = reference_read(map + i * stride);
		uint64_t pages[] = { n.first - 1, n.first, n.first + 1, n.end - 1, n.end, n.end + 1 };
		for (size_t p = 0; p < sizeof(pages) / sizeof(pages[0]); p++) {
			struct mem_range want = reference_at(map, count, stride, pages[p]);
			if (pages[p] < 1ull << 40 && !reference_agrees(&want, ranges, range_count))
				wrong = "a page has the wrong type";
		}
	}
	if (!wrong && step == 1)
		wrong = reference_report(map, count, stride, report);
	return wrong;
}

#endif
