/* lib/pagetable.c against a plain array of pages, against the manual's bits, and with every allocation failing
 * in turn.
 *
 * Frames are the pages of an arena at made-up physical addresses, handed out full of junk; translating any
 * other frame is a failure. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/pagetable.h"
#include "tests/unit/random.h"

#define ARENA_FRAMES	4096u
#define ARENA_BASE	0x0000007654321000ull	/* physical */
#define CANONICAL_TOP	0xffff800000000000ull

static uint8_t *arena;
static uint64_t frames_used, frames_most;

static paddr_t arena_alloc(struct pagetable *pt)
{
	(void)pt;
	if (frames_used == frames_most)
		return 0;
	memset(arena + frames_used * 4096, 0xff, 4096);
	return ARENA_BASE + frames_used++ * 4096;
}

static void *arena_to_virtual(const struct pagetable *pt, paddr_t frame)
{
	(void)pt;
	if (frame % 4096 || frame < ARENA_BASE || (frame - ARENA_BASE) / 4096 >= frames_used) {
		TEST_FAIL("%#" PRIx64 " is not a frame", frame);
		exit(1);
	}
	return arena + (frame - ARENA_BASE);
}

static struct pagetable new_tables(bool gigabyte_pages)
{
	struct pagetable pt = {
		.alloc = arena_alloc, .to_virtual = arena_to_virtual, .gigabyte_pages = gigabyte_pages, .no_execute = true,
	};

	if (!arena)
		arena = aligned_alloc(4096, ARENA_FRAMES * 4096);
	frames_used = 0;
	frames_most = ARENA_FRAMES;
	CHECK_EQ(pt_init(&pt), 0);
	return pt;
}

/* The entry as it stands in memory; depth 0 is the root's. */
static uint64_t *raw_entry(const struct pagetable *pt, vaddr_t va, unsigned depth)
{
	uint64_t *entry = (uint64_t *)arena_to_virtual(pt, pt->root) + (va >> 39) % 512;

	for (unsigned i = 1; i <= depth; i++)
		entry = (uint64_t *)arena_to_virtual(pt, *entry & 0xffffffffff000ull) + (va >> (39 - 9 * i)) % 512;
	return entry;
}

static void check_walk(const struct pagetable *pt, vaddr_t va, paddr_t physical, uint64_t page_size, uint32_t flags)
{
	struct pt_mapping m;

	CHECK(pt_walk(pt, va, &m));
	CHECK_EQ(m.physical, physical);
	CHECK_EQ(m.page_size, page_size);
	CHECK_EQ(m.flags, flags | PT_ANY);
}

static void check_hole(const struct pagetable *pt, vaddr_t va)
{
	struct pt_mapping m = { 1, 1, 1 };

	CHECK(!pt_walk(pt, va, &m));
	CHECK_EQ(m.flags, 0);
}

/* Intel SDM volume 3, tables 4-15 to 4-20, bit by bit. */
TEST(entries_have_the_manuals_bits)
{
	struct pagetable pt = new_tables(true);
	const vaddr_t kernel = 0xffffffff80000000ull;

	CHECK_EQ(pt_map(&pt, kernel, 0x1000, 0x1000, PT_EXEC | PT_GLOBAL), 0);
	CHECK_EQ(*raw_entry(&pt, kernel, 3), 0x1101);
	CHECK_EQ(pt_map(&pt, kernel + 0x1000, 0xffffffffff000ull, 0x1000, PT_WRITE | PT_CACHE_WC), 0);
	CHECK_EQ(*raw_entry(&pt, kernel + 0x1000, 3), 0x800ffffffffff00bull);
	CHECK_EQ(*raw_entry(&pt, kernel, 0) & 0xfff, 3);	/* no user bit above kernel pages, and no execute-disable */
	CHECK_EQ(*raw_entry(&pt, kernel, 2) >> 63, 0);

	CHECK_EQ(pt_map(&pt, 0x200000, 0x40000000, MIB(2), PT_USER | PT_WRITE | PT_CACHE_UC), 0);
	CHECK_EQ(*raw_entry(&pt, 0x200000, 2), 0x800000004000009full);
	CHECK_EQ(*raw_entry(&pt, 0x200000, 1) & 0xfff, 7);
	CHECK_EQ(pt_map(&pt, GIB(3), GIB(5), GIB(1), PT_CACHE_UC_MINUS), 0);
	CHECK_EQ(*raw_entry(&pt, GIB(3), 1), 0x8000000000000091ull | GIB(5));
}

TEST(largest_pages)
{
	struct pagetable pt = new_tables(true);

	CHECK_EQ(pt_map(&pt, GIB(1) - MIB(2) - 4096, GIB(7) - MIB(2) - 4096, GIB(1) + MIB(4) + 8192, PT_WRITE), 0);
	check_walk(&pt, GIB(1) - MIB(2) - 1, GIB(7) - MIB(2) - 1, KIB(4), PT_WRITE);
	check_walk(&pt, GIB(1) - 1, GIB(7) - 1, MIB(2), PT_WRITE);
	check_walk(&pt, GIB(2) - 1, GIB(8) - 1, GIB(1), PT_WRITE);
	check_walk(&pt, GIB(2) + 5, GIB(8) + 5, MIB(2), PT_WRITE);
	check_walk(&pt, GIB(2) + MIB(2) + 4095, GIB(8) + MIB(2) + 4095, KIB(4), PT_WRITE);
	check_hole(&pt, GIB(2) + MIB(2) + 4096);

	CHECK_EQ(pt_map(&pt, GIB(4), GIB(9) + 4096, GIB(1), 0), 0);	/* physical alignment counts, too */
	check_walk(&pt, GIB(4), GIB(9) + 4096, KIB(4), 0);
	pt = new_tables(false);
	CHECK_EQ(pt_map(&pt, GIB(4), GIB(4), GIB(1), 0), 0);
	check_walk(&pt, GIB(4), GIB(4), MIB(2), 0);
}

TEST(refusals)
{
	struct pagetable pt = new_tables(true);

	static const struct { vaddr_t va; paddr_t pa; uint64_t size; uint32_t flags; } bad[] = {
		{ 0x1001, 0, 0x1000, 0 }, { 0x1000, 0x10, 0x1000, 0 }, { 0x1000, 0, 0xfff, 0 }, { 0x1000, 0, 0, 0 },
		{ 0x0000800000000000ull, 0, 0x1000, 0 },		/* not canonical */
		{ 0xffff7ffffffff000ull, 0, 0x1000, 0 },
		{ 0x00007ffffffff000ull, 0, 0x2000, 0 },		/* the end is not */
		{ 0x1000, 0, CANONICAL_TOP, 0 },			/* both ends are, but not what is between */
		{ 0xfffffffffffff000ull, 0, 0x2000, 0 },		/* wraps */
		{ 0x1000, 0, 0xfffffffffffff000ull, 0 }, { 0x2000, 0, 0xfffffffffffff000ull, 0 },
		{ 0x1000, 1ull << 52, 0x1000, 0 }, { 0x1000, (1ull << 52) + 0x1000, 0x1000, 0 },
		{ 0x1000, (1ull << 52) - 0x1000, 0x2000, 0 },
		{ 0x1000, 0, 0x1000, PT_WRITE | PT_EXEC }, { 0x1000, 0, 0x1000, PT_ANY }, { 0x1000, 0, 0x1000, 1u << 31 },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(pt_map(&pt, bad[i].va, bad[i].pa, bad[i].size, bad[i].flags), -EINVAL);
		if (bad[i].pa == 0)
			CHECK_EQ(pt_protect(&pt, bad[i].va, bad[i].size, bad[i].flags), -EINVAL);
		if (bad[i].pa == 0 && bad[i].flags == 0)
			CHECK_EQ(pt_unmap(&pt, bad[i].va, bad[i].size), -EINVAL);
	}
	CHECK_EQ(frames_used, 1);
	check_hole(&pt, 0x0000800000000000ull);
	CHECK_EQ(pt_map(&pt, 0, 0, 0x1000, 0), 0);
	check_hole(&pt, 1ull << 48);		/* the same indexes as address 0 */
}

TEST(existing_mapping_stops_map_before_any_change)
{
	struct pagetable pt = new_tables(true);

	CHECK_EQ(pt_map(&pt, GIB(1) + MIB(6) + 0x5000, 0, 0x1000, 0), 0);
	uint64_t before = frames_used;
	CHECK_EQ(pt_map(&pt, MIB(512), MIB(512), GIB(1), PT_WRITE), -EEXIST);
	CHECK_EQ(frames_used, before);
	check_hole(&pt, MIB(512));
	CHECK_EQ(pt_map(&pt, GIB(1) + MIB(6) + 0x6000, 0, MIB(4), 0), 0);
	CHECK_EQ(pt_map(&pt, GIB(1) + MIB(8), 0, 0x1000, 0), -EEXIST);	/* inside a large page */
}

TEST(split_keeps_rights_and_cache)
{
	struct pagetable pt = new_tables(true);
	uint32_t flags = PT_USER | PT_WRITE | PT_GLOBAL | PT_CACHE_UC;

	CHECK_EQ(pt_map(&pt, GIB(2), GIB(6), GIB(1), flags), 0);
	*raw_entry(&pt, GIB(2), 1) |= 1ull << 12;	/* the PAT bit of a large page is no part of its address */
	CHECK_EQ(pt_unmap(&pt, GIB(2) + MIB(4) + 0x3000, 0x1000), 0);
	check_walk(&pt, GIB(2) + MIB(4) + 0x2fff, GIB(6) + MIB(4) + 0x2fff, KIB(4), flags);
	check_hole(&pt, GIB(2) + MIB(4) + 0x3000);
	check_walk(&pt, GIB(2) + MIB(4) + 0x4000, GIB(6) + MIB(4) + 0x4000, KIB(4), flags);
	check_walk(&pt, GIB(2) + MIB(6), GIB(6) + MIB(6), MIB(2), flags);
	CHECK_EQ(*raw_entry(&pt, GIB(2) + MIB(4), 3), 0x800000000000011full | (GIB(6) + MIB(4)));
	CHECK_EQ(pt_protect(&pt, GIB(2) + MIB(6) + 0x1000, 0x1000, PT_EXEC), 0);
	check_walk(&pt, GIB(2) + MIB(6) + 0x1000, GIB(6) + MIB(6) + 0x1000, KIB(4), PT_EXEC);
	check_walk(&pt, GIB(2) + MIB(6), GIB(6) + MIB(6), KIB(4), flags);
}

/* Where supervisor pages become the user's, the tables above must let the user through. */
TEST(protect_opens_tables_for_users)
{
	struct pagetable pt = new_tables(true);

	CHECK_EQ(pt_map(&pt, MIB(2), 0, MIB(4), PT_WRITE), 0);
	CHECK_EQ(pt_map(&pt, GIB(1), 0, 0x1000, PT_WRITE), 0);
	CHECK_EQ(pt_protect(&pt, MIB(2) + 0x1000, 0x1000, PT_USER), 0);
	check_walk(&pt, MIB(2) + 0x1000, 0x1000, KIB(4), PT_USER);
	check_walk(&pt, MIB(2) + 0x2000, 0x2000, KIB(4), PT_WRITE);
	CHECK_EQ(*raw_entry(&pt, GIB(1), 1) & 4, 0);
}

/* Tables of others: each level may take rights away. */
TEST(walk_combines_levels)
{
	static const struct { uint64_t clear, set; uint32_t flags; } takes[] = {
		{ 2, 0, PT_USER | PT_EXEC }, { 4, 0, PT_WRITE | PT_EXEC }, { 0, 1ull << 63, PT_WRITE | PT_USER },
	};
	for (unsigned depth = 0; depth <= 3; depth++) {
		for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
			struct pagetable pt = new_tables(true);
			CHECK_EQ(pt_map(&pt, 0x5000, 0x9000, 0x1000, PT_USER | PT_EXEC), 0);
			*raw_entry(&pt, 0x5000, 3) |= 2;
			*raw_entry(&pt, 0x5000, depth) &= ~takes[i].clear;
			*raw_entry(&pt, 0x5000, depth) |= takes[i].set;
			check_walk(&pt, 0x5123, 0x9123, KIB(4), takes[i].flags);
		}
	}
}

TEST(without_execute_disable)
{
	struct pagetable pt = new_tables(true);

	pt.no_execute = false;
	CHECK_EQ(pt_map(&pt, 0, 0, 0x1000, PT_WRITE), 0);
	CHECK_EQ(*raw_entry(&pt, 0, 3), 3);
	check_walk(&pt, 0, 0, KIB(4), PT_WRITE | PT_EXEC);
}

/* A table that has become empty stays in use: a large page in its place would lose it, and the CPU may have it
 * cached. */
TEST(empty_tables_are_used_again)
{
	struct pagetable pt = new_tables(true);

	CHECK_EQ(pt_map(&pt, GIB(4) + MIB(4), 0, 0x1000, 0), 0);
	CHECK_EQ(pt_unmap(&pt, GIB(4) + MIB(4), 0x1000), 0);
	uint64_t before = frames_used;
	CHECK_EQ(pt_map(&pt, GIB(4), GIB(4), GIB(1), 0), 0);
	CHECK_EQ(frames_used, before);
	check_walk(&pt, GIB(4), GIB(4), MIB(2), 0);
	check_walk(&pt, GIB(4) + MIB(4), GIB(4) + MIB(4), KIB(4), 0);
	check_walk(&pt, GIB(5) - 1, GIB(5) - 1, MIB(2), 0);
}

struct visited {
	unsigned count, stop;
	vaddr_t va[8];
	uint64_t size[8], page_size[8];
	uint32_t flags[8];
};

static int visit_note(void *context, vaddr_t va, uint64_t size, const struct pt_mapping *first)
{
	struct visited *v = context;

	if (v->count < 8) {
		v->va[v->count] = va;
		v->size[v->count] = size;
		v->page_size[v->count] = first->page_size;
		v->flags[v->count] = first->flags & ~(uint32_t)PT_ANY;
	}
	return ++v->count == v->stop ? 7 : 0;
}

TEST(visit)
{
	struct pagetable pt = new_tables(false);
	struct visited v = { 0 };

	CHECK_EQ(pt_visit(&pt, visit_note, &v), 0);
	CHECK_EQ(v.count, 0);
	CHECK_EQ(pt_map(&pt, 0x7fffffffe000ull, 0, 0x2000, PT_WRITE), 0);
	CHECK_EQ(pt_map(&pt, CANONICAL_TOP, 0x2000, 0x1000, PT_WRITE), 0);	/* no neighbour of the last: the hole is between */
	CHECK_EQ(pt_map(&pt, CANONICAL_TOP + 0x1000, 0x2000, 0x1000, 0), 0);
	CHECK_EQ(pt_map(&pt, CANONICAL_TOP + 0x2000, 0x2000, MIB(4) - 0x2000, 0), 0);
	CHECK_EQ(pt_map(&pt, 0xffffffffffe00000ull, 0, MIB(2), PT_EXEC), 0);
	CHECK_EQ(pt_visit(&pt, visit_note, &v), 0);
	static const struct visited want = {
		.count = 5,
		.va = { 0x7fffffffe000ull, CANONICAL_TOP, CANONICAL_TOP + 0x1000, CANONICAL_TOP + MIB(2), 0xffffffffffe00000ull },
		.size = { 0x2000, 0x1000, MIB(2) - 0x1000, MIB(2), MIB(2) },
		.page_size = { 4096, 4096, 4096, MIB(2), MIB(2) },
		.flags = { PT_WRITE, PT_WRITE, 0, 0, PT_EXEC },
	};
	CHECK(memcmp(&v, &want, sizeof(v)) == 0);
	for (unsigned stop = 1; stop <= 5; stop++) {
		v = (struct visited) { .stop = stop };
		CHECK_EQ(pt_visit(&pt, visit_note, &v), 7);
		CHECK_EQ(v.count, stop);
	}
}

/* For one range in empty tables the estimate is exact. */
TEST(frames_needed)
{
	static const uint64_t sizes[] = { KIB(4), KIB(64), MIB(1), MIB(2), MIB(64), GIB(1), GIB(3) };

	random_state = 1;
	for (unsigned i = 0; i < 400; i++) {
		bool gigabyte = i % 2;
		uint64_t align = sizes[random_under(7)], size = sizes[random_under(7)] + random_under(600) * 4096;
		vaddr_t va = CANONICAL_TOP + ALIGN_DOWN(random_next() % GIB(2000), align);
		paddr_t pa = ALIGN_DOWN(random_next() % GIB(2000), sizes[random_under(7)]);
		if (i % 5 == 0)
			va = -size;		/* up to the very end */
		if (i % 3 == 0)
			pa = va % GIB(1024);	/* large pages between ends that are not aligned */
		struct pagetable pt = new_tables(gigabyte);
		CHECK_EQ(pt_map(&pt, va, pa, size, 0), 0);
		CHECK_EQ(pt_frames_needed(va, pa, size, gigabyte), frames_used - 1);
	}
	CHECK_EQ(pt_frames_needed(0, 0, 0, true), 0);
}

/* Fail the n-th allocation of each operation, for every n. */
TEST(no_frames_left)
{
	const vaddr_t va = GIB(512) - MIB(3);
	const uint64_t size = GIB(2);
	struct pagetable pt;
	int error = -ENOMEM;

	for (unsigned n = 0; error; n++) {
		pt = new_tables(true);
		frames_most = frames_used + n;
		error = pt_map(&pt, va, MIB(1), size, PT_USER);
		CHECK(error == 0 || error == -ENOMEM);
		struct visited v = { 0 };
		pt_visit(&pt, visit_note, &v);
		CHECK(v.count == 0 || v.va[0] == va);	/* what was mapped is the front part */
		for (unsigned i = 1; i < v.count && i < 8; i++)
			CHECK_EQ(v.va[i], v.va[i - 1] + v.size[i - 1]);
		frames_most = ARENA_FRAMES;
		CHECK_EQ(pt_unmap(&pt, va, size), 0);
		CHECK_EQ(pt_map(&pt, va, MIB(1), size, PT_USER), 0);
	}
	frames_most = frames_used;
	CHECK_EQ(pt_init(&pt), -ENOMEM);
}

/* A split that fails leaves every translation as it was. */
TEST(no_frames_left_for_a_split)
{
	static const struct { vaddr_t begin, end; unsigned splits; } ranges[] = {
		{ GIB(1) + MIB(5), GIB(3) + MIB(5) - 4096, 4 },		/* each end inside a 1 GiB page, and inside a 2 MiB one */
		{ GIB(1) + MIB(5), GIB(3), 2 },
		{ GIB(2), GIB(3) + MIB(2), 1 },
	};
	for (unsigned i = 0; i < 3 * 2 * 5; i++) {
		unsigned range = i % 3, protect = i / 3 % 2, n = i / 6;
		vaddr_t begin = ranges[range].begin, size = ranges[range].end - begin;
		struct pagetable pt = new_tables(true);
		CHECK_EQ(pt_map(&pt, GIB(1), GIB(1), GIB(3), PT_WRITE), 0);
		frames_most = frames_used + n;
		int error = protect ? pt_protect(&pt, begin, size, PT_EXEC) : pt_unmap(&pt, begin, size);
		CHECK_EQ(error, n < ranges[range].splits ? -ENOMEM : 0);
		for (vaddr_t at = GIB(1); error && at < GIB(4); at += MIB(1)) {
			struct pt_mapping m;
			CHECK(pt_walk(&pt, at, &m) && m.physical == at && m.flags == (PT_WRITE | PT_ANY));
		}
	}
}

/* The model: three windows of the address space as arrays of pages. */
#define WINDOW_PAGES	(GIB(2) / 4096 + 3000)

struct model_page {
	paddr_t physical;
	uint32_t flags;		/* with PT_ANY; 0: not mapped */
};

struct window {
	vaddr_t base;
	struct model_page *pages;
};

static struct window windows[3];

static bool model_is_free(const struct model_page *pages, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (pages[i].flags)
			return false;
	return true;
}

static void model_step(struct pagetable *pt, struct window *w)
{
	static const uint32_t rights[] = { 0, PT_WRITE, PT_EXEC, PT_USER, PT_USER | PT_WRITE, PT_USER | PT_EXEC, PT_GLOBAL | PT_WRITE };
	uint32_t flags = rights[random_under(7)] | (uint32_t)random_under(4) << 4;
	uint64_t chance = random_under(1000), pages = 1 + random_under(chance ? chance < 100 ? 2000 : 20 : WINDOW_PAGES);
	uint64_t grain = random_under(3) ? 1 : 512, first = ALIGN_DOWN(random_under(WINDOW_PAGES), grain);
	pages = MIN(pages, WINDOW_PAGES - first);
	paddr_t physical = random_under(2) ? w->base % GIB(1024) + first * 4096 : random_under(GIB(1) / 4096) * 4096;
	vaddr_t va = w->base + first * 4096;
	struct model_page *model = w->pages + first;

	switch (random_under(3)) {
	case 0: {
		bool is_free = model_is_free(model, pages);
		CHECK_EQ(pt_map(pt, va, physical, pages * 4096, flags), is_free ? 0 : -EEXIST);
		for (uint64_t i = 0; is_free && i < pages; i++)
			model[i] = (struct model_page) { physical + i * 4096, flags | PT_ANY };
		break;
	}
	case 1:
		CHECK_EQ(pt_unmap(pt, va, pages * 4096), 0);
		memset(model, 0, pages * sizeof(*model));
		break;
	case 2:
		CHECK_EQ(pt_protect(pt, va, pages * 4096, flags), 0);
		for (uint64_t i = 0; i < pages; i++)
			model[i].flags = model[i].flags ? flags | PT_ANY : 0;
		break;
	}
}

static void model_check_page(const struct pagetable *pt, const struct window *w, uint64_t page)
{
	struct pt_mapping m;
	uint64_t offset = random_under(4096);
	bool mapped = pt_walk(pt, w->base + page * 4096 + offset, &m);

	CHECK_EQ(m.flags, w->pages[page].flags);
	CHECK_EQ(mapped, m.flags != 0);
	if (mapped)
		CHECK_EQ(m.physical, w->pages[page].physical + offset);
}

/* Every page of a run stands in the model; model_check_all adds that no page is missing. */
static int model_visit(void *context, vaddr_t va, uint64_t size, const struct pt_mapping *first)
{
	uint64_t *total = context;

	*total += size / 4096;
	for (uint64_t i = 0; i < size / 4096; i++) {
		const struct window *w = windows;
		while (w < windows + 3 && va + i * 4096 - w->base >= WINDOW_PAGES * 4096)
			w++;
		if (w == windows + 3 || w->pages[(va - w->base) / 4096 + i].flags != first->flags)
			return 1;
	}
	return 0;
}

static void model_check_all(const struct pagetable *pt)
{
	uint64_t total = 0, want = 0;

	for (unsigned w = 0; w < 3; w++)
		for (uint64_t i = 0; i < WINDOW_PAGES; i++)
			want += windows[w].pages[i].flags != 0;
	CHECK_EQ(pt_visit(pt, model_visit, &total), 0);
	CHECK_EQ(total, want);
}

TEST(random_steps)
{
	const unsigned steps = 100000;
	struct pagetable pt = new_tables(true);

	windows[0].base = GIB(3);
	windows[1].base = CANONICAL_TOP + GIB(511);		/* over the border of two root entries */
	windows[2].base = -(WINDOW_PAGES * 4096);		/* up to the end */
	for (unsigned w = 0; w < 3; w++)
		windows[w].pages = calloc(WINDOW_PAGES, sizeof(struct model_page));
	random_state = 2;
	for (unsigned step = 0; step < steps && !test_failures; step++) {
		struct window *w = &windows[random_under(3)];
		pt.gigabyte_pages = step % 1000 < 500;
		model_step(&pt, w);
		for (unsigned i = 0; i < 4; i++)
			model_check_page(&pt, w, random_under(WINDOW_PAGES));
		if (step % (steps / 20) == 0)
			model_check_all(&pt);
	}
	model_check_all(&pt);
	for (unsigned w = 0; w < 3; w++)
		free(windows[w].pages);
}

TEST_MAIN
