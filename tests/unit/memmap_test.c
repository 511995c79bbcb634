/* lib/memmap.c against maps as firmware gives them, maps as no firmware should, and a slow reference. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "tests/unit/memmap_reference.h"
#include "tests/unit/random.h"

enum {
	EFI_RESERVED = 0, EFI_LOADER_CODE = 1, EFI_BS_CODE = 3, EFI_BS_DATA = 4, EFI_RT_CODE = 5, EFI_RT_DATA = 6,
	EFI_CONVENTIONAL = 7, EFI_UNUSABLE = 8, EFI_MMIO = 11,
};

#define RUNTIME (1ull << 63)

/* One normalised map. All buffers have the exact size, so that the sanitizer sees a step outside. */
struct outcome {
	uint8_t *map;
	struct mem_range *ranges;
	struct mem_report report;
	int count;
};

static struct outcome normalise(const struct efi_memory *memory, size_t count, size_t stride)
{
	size_t bytes = count * stride, scratch_size = memmap_scratch_size(bytes, stride), room = memmap_room(bytes, stride);
	struct outcome o = { .map = malloc(bytes + 1), .ranges = malloc(room * sizeof(struct mem_range)) };
	void *scratch = malloc(scratch_size);

	memset(o.map, 0xee, bytes);
	for (size_t i = 0; i < count; i++)
		memcpy(o.map + i * stride, &memory[i], sizeof(memory[i]));
	o.count = memmap_normalise(o.map, bytes, stride, scratch, scratch_size, o.ranges, room, &o.report);
	free(scratch);
	return o;
}

static void outcome_free(struct outcome *o)
{
	free(o->map);
	free(o->ranges);
}

/* Normalise, compare with the reference at every step-th descriptor, and with the ranges expected if any are
 * given. */
static struct mem_report check(const struct efi_memory *memory, size_t count, size_t stride, size_t step,
			       const struct mem_range *want, int want_count)
{
	struct outcome o = normalise(memory, count, stride);

	CHECK(o.count >= 0);
	if (o.count >= 0) {
		const char *wrong = reference_check(o.map, count, stride, o.ranges, (size_t)o.count, &o.report, step);
		CHECK_STR(wrong ? wrong : "right", "right");
	}
	if (want) {
		CHECK_EQ(o.count, want_count);
		CHECK(o.count == want_count && memcmp(o.ranges, want, (size_t)want_count * sizeof(*want)) == 0);
	}
	outcome_free(&o);
	return o.report;
}

#define CHECK_MAP(memory, ...)									\
	({											\
		static const struct mem_range want_[] = { __VA_ARGS__ };			\
		check(memory, ARRAY_SIZE(memory), 48, 1, want_, ARRAY_SIZE(want_));		\
	})

TEST(neighbours_merge)
{
	static const struct efi_memory memory[] = {
		{ EFI_BS_CODE, 0, 0, 0, 1, 15 },
		{ EFI_BS_DATA, 0, 0x1000, 0, 2, 15 },
		{ EFI_CONVENTIONAL, 0, 0x3000, 0, 0x9d, 15 },
		{ EFI_CONVENTIONAL, 0, 0x100000, 0, 0x100, 15 },
	};
	struct mem_report report = CHECK_MAP(memory, { 0, 0x3000, MEM_BOOT_SERVICES, 0 }, { 0x3000, 0x9d000, MEM_USABLE, 0 },
					     { 0x100000, 0x100000, MEM_USABLE, 0 });
	CHECK_EQ(report.descriptors, 4);
	CHECK_EQ(report.overlapping, 0);
}

TEST(unsorted_and_overlapping)
{
	static const struct efi_memory memory[] = {
		{ EFI_UNUSABLE, 0, 0x5000, 0, 1, 0 },
		{ EFI_CONVENTIONAL, 0, 0, 0, 16, 0 },
		{ EFI_RESERVED, 0, 0x4000, 0, 4, 0 },
		{ EFI_CONVENTIONAL, 0, 0x20000, 0, 1, 0 },
	};
	struct mem_report report = CHECK_MAP(memory, { 0, 0x4000, MEM_USABLE, 0 }, { 0x4000, 0x1000, MEM_RESERVED, 0 },
					     { 0x5000, 0x1000, MEM_UNUSABLE, 0 }, { 0x6000, 0x2000, MEM_RESERVED, 0 },
					     { 0x8000, 0x8000, MEM_USABLE, 0 }, { 0x20000, 0x1000, MEM_USABLE, 0 });
	CHECK_EQ(report.overlapping, 3);
}

/* The sum of begins and ends is the same in both maps; which descriptor overlaps is not. */
TEST(overlaps_are_counted_by_descriptor)
{
	static const struct efi_memory nested[] = {
		{ EFI_CONVENTIONAL, 0, 0, 0, 10, 0 }, { EFI_CONVENTIONAL, 0, 0x5000, 0, 1, 0 },
		{ EFI_RESERVED, 0, 0x2000, 0, 1, 0 }, { EFI_RESERVED, 0, 0x7000, 0, 1, 0 },
	};
	static const struct efi_memory crossed[] = {
		{ EFI_CONVENTIONAL, 0, 0, 0, 6, 0 }, { EFI_CONVENTIONAL, 0, 0x5000, 0, 5, 0 },
		{ EFI_RESERVED, 0, 0x2000, 0, 1, 0 }, { EFI_RESERVED, 0, 0x7000, 0, 1, 0 },
	};
	CHECK_EQ(check(nested, 4, 40, 1, NULL, 0).overlapping, 3);
	CHECK_EQ(check(crossed, 4, 40, 1, NULL, 0).overlapping, 4);
}

TEST(zero_length)
{
	static const struct efi_memory memory[] = {
		{ EFI_MMIO, 0, 0x2000, 0, 0, 0 },
		{ EFI_CONVENTIONAL, 0, 0x1000, 0, 4, 0 },
		{ EFI_MMIO, 0, UINT64_MAX, 0, 0, 0 },
	};
	CHECK_EQ(CHECK_MAP(memory, { 0x1000, 0x4000, MEM_USABLE, 0 }).zero_length, 2);
	CHECK_EQ(check(memory, 0, 48, 1, NULL, 0).descriptors, 0);
}

TEST(wrapping)
{
	static const struct efi_memory memory[] = {
		{ EFI_CONVENTIONAL, 0, (1ull << 52) - 0x2000, 0, 3, 0 },		/* cut */
		{ EFI_CONVENTIONAL, 0, (1ull << 52) - 0x4000, 0, 4, 0 },		/* just fits */
		{ EFI_RESERVED, 0, 0x10000, 0, 1ull << 52, 0 },				/* pages * 4096 is 2^64 */
		{ EFI_MMIO, 0, 0xfffffffffffff000ull, 0, 2, 0 },			/* left out */
		{ EFI_MMIO, 0, 1ull << 52, 0, 1, 0 },
	};
	CHECK_EQ(CHECK_MAP(memory, { 0x10000, (1ull << 52) - 0x10000, MEM_RESERVED, 0 }).wrapping, 4);
	static const struct efi_memory all[] = { { EFI_CONVENTIONAL, 0, 0, 0, UINT64_MAX, 0 } };
	CHECK_EQ(CHECK_MAP(all, { 0, 1ull << 52, MEM_USABLE, 0 }).wrapping, 1);
}

TEST(unknown_types_are_reserved)
{
	static const struct efi_memory memory[] = {
		{ 16, 0, 0, 0, 1, 0 },
		{ 0x80000000u, 0, 0x1000, 0, 1, 0 },
		{ UINT32_MAX, 0, 0x2000, 0, 1, 0 },
	};
	CHECK_EQ(CHECK_MAP(memory, { 0, 0x3000, MEM_RESERVED, 0 }).unknown, 3);
}

TEST(misaligned)
{
	static const struct efi_memory memory[] = {
		{ EFI_CONVENTIONAL, 0, 0x1800, 0, 3, 0 },	/* 0x1800 to 0x4800 shrinks */
		{ EFI_CONVENTIONAL, 0, 0x8001, 0, 1, 0 },	/* holds no whole page */
		{ EFI_RT_DATA, 0, 0x10fff, 0, 1, 0 },		/* grows */
	};
	CHECK_EQ(CHECK_MAP(memory, { 0x2000, 0x2000, MEM_USABLE, 0 }, { 0x10000, 0x2000, MEM_RUNTIME_DATA, 0 }).misaligned, 3);
}

TEST(runtime_flag)
{
	static const struct efi_memory memory[] = {
		{ EFI_MMIO, 0, 0x1000, 0, 4, 0 },
		{ EFI_MMIO, 0, 0x5000, 0, 1, RUNTIME },		/* a neighbour that must not merge */
		{ EFI_MMIO, 0, 0x2000, 0, 1, RUNTIME },		/* the same type twice: one of the winners has it */
		{ EFI_RT_CODE, 0, 0x4000, 0, 3, RUNTIME },	/* a loser's flag does not count */
	};
	CHECK_MAP(memory, { 0x1000, 0x1000, MEM_MMIO, 0 }, { 0x2000, 0x1000, MEM_MMIO, 1 }, { 0x3000, 0x2000, MEM_MMIO, 0 },
		  { 0x5000, 0x1000, MEM_MMIO, 1 }, { 0x6000, 0x1000, MEM_RUNTIME_CODE, 1 });
}

/* Every pair of types: the later one in the enumeration wins. */
TEST(stronger_type_wins)
{
	for (uint32_t a = 0; a < 16; a++) {
		for (uint32_t b = 0; b < 16; b++) {
			struct efi_memory memory[] = { { a, 0, 0x1000, 0, 2, 0 }, { b, 0, 0x2000, 0, 2, 0 } };
			check(memory, 2, 40, 1, NULL, 0);
		}
	}
}

TEST(bad_descriptor_sizes)
{
	static const size_t sizes[] = { 0, 1, 8, 32, 39, 41, 44, 47, 49, 1001 };
	uint64_t scratch[64], map[256] = { 0 };
	struct mem_range ranges[8];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		CHECK_EQ(memmap_normalise(map, sizeof(map), sizes[i], scratch, sizeof(scratch), ranges, 8, NULL), -EINVAL);
	CHECK_EQ(memmap_room(1000, 0), 0);
	CHECK_EQ(memmap_scratch_size(1000, 0), 0);
	/* Four million descriptors are refused before any is read. */
	CHECK_EQ(memmap_normalise(map, 40ull << 22, 40, scratch, SIZE_MAX, ranges, 8, NULL), -E2BIG);
}

TEST(too_little_room)
{
	static const struct efi_memory memory[] = { { EFI_CONVENTIONAL, 0, 0, 0, 3, 0 }, { EFI_MMIO, 0, 0x1000, 0, 1, 0 } };
	struct mem_range ranges[3];
	size_t scratch_size = memmap_scratch_size(sizeof(memory), 40);
	void *scratch = malloc(scratch_size);

	for (size_t room = 0; room <= 3; room++)
		CHECK_EQ(memmap_normalise(memory, sizeof(memory), 40, scratch, scratch_size, ranges, room, NULL), room < 3 ? -ENOSPC : 3);
	CHECK_EQ(memmap_normalise(memory, sizeof(memory), 40, scratch, scratch_size - 1, ranges, 3, NULL), -ENOSPC);
	free(scratch);
}

/* What is behind the last whole descriptor is not read, and the map may begin at an odd address. */
TEST(odd_addresses_and_sizes)
{
	static const struct efi_memory memory = { EFI_CONVENTIONAL, 0, 0x1000, 0, 1, 0 };
	uint8_t *map = malloc(1 + 40 + 39);
	uint64_t scratch[16];
	struct mem_range ranges[2];

	memcpy(map + 1, &memory, sizeof(memory));
	CHECK_EQ(memmap_normalise(map + 1, 40 + 39, 40, scratch, sizeof(scratch), ranges, 2, NULL), 1);
	free(map);
}

/* Descriptors in an address space so small that they overlap in all ways; from time to time junk. */
static struct efi_memory random_memory(uint64_t span)
{
	struct efi_memory d = {
		.type = (uint32_t)random_under(18), .physical = random_under(span) * 4096, .pages = random_under(span / 8 + 2),
		.attributes = random_under(4) ? 0 : RUNTIME,
	};
	switch (random_under(40)) {
	case 0:
		d.physical += random_under(4096);
		break;
	case 1:
		d.physical = random_next() >> random_under(64);
		break;
	case 2:
		d.pages = random_next() >> random_under(64);
		break;
	}
	return d;
}

TEST(random_maps)
{
	static const size_t strides[] = { 40, 48, 56, 1000 };
	struct efi_memory memory[40];

	random_state = 1;
	for (unsigned round = 0; round < 3000; round++) {
		size_t count = random_under(ARRAY_SIZE(memory) + 1);
		uint64_t span = 1 + random_under(300);
		for (size_t i = 0; i < count; i++)
			memory[i] = random_memory(span);
		check(memory, count, strides[round % ARRAY_SIZE(strides)], 1, NULL, 0);
	}
}

static void shuffle(struct efi_memory *memory, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = random_under(i);
		struct efi_memory swapped = memory[i - 1];
		memory[i - 1] = memory[j];
		memory[j] = swapped;
	}
}

/* Neighbours of changing types, shuffled: as many ranges come back, in order. */
TEST(shuffled_entries)
{
	static const size_t counts[] = { 4096, 10000 };

	random_state = 2;
	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		size_t count = counts[c];
		struct efi_memory *memory = calloc(count, sizeof(*memory));
		struct mem_range *want = calloc(count, sizeof(*want));
		for (size_t i = 0; i < count; i++) {
			memory[i] = (struct efi_memory) {
				.type = i % 2 ? EFI_CONVENTIONAL : EFI_LOADER_CODE, .physical = i * 0x3000, .pages = 3,
			};
			want[i] = (struct mem_range) { i * 0x3000, 0x3000, i % 2 ? MEM_USABLE : MEM_LOADER, 0 };
		}
		shuffle(memory, count);
		check(memory, count, 48, count / 50, want, (int)count);
		free(memory);
		free(want);
	}
}

TEST(many_overlapping_entries)
{
	size_t count = 10000;
	struct efi_memory *memory = calloc(count, sizeof(*memory));

	random_state = 3;
	for (size_t i = 0; i < count; i++)
		memory[i] = random_memory(100000);
	check(memory, count, 48, count / 50, NULL, 0);
	for (size_t i = 0; i < count; i++)
		memory[i].pages = random_under(20);
	check(memory, count, 48, count / 50, NULL, 0);
	free(memory);
}

TEST(types)
{
	for (uint32_t a = 0; a < MEM_TYPE_COUNT; a++) {
		bool ram = a != MEM_MMIO && a != MEM_UNUSABLE && a != MEM_UNACCEPTED && a != MEM_PERSISTENT && a != MEM_RESERVED;
		CHECK_EQ(memmap_is_ram(a), ram);
		for (uint32_t b = 0; b <= MEM_TYPE_COUNT; b++)
			CHECK((strcmp(memmap_type_name(a), memmap_type_name(b)) == 0) == (a == b));
	}
	CHECK(!memmap_is_ram(UINT32_MAX));
	CHECK_STR(memmap_type_name(UINT32_MAX), "unknown");
}

TEST_MAIN
