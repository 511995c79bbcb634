/* The address space the kernel starts in (include/boot/handoff.h says what is mapped where). All tables come from one
 * block, sized beforehand from the memory map of that moment: which memory is RAM does not change until the end of boot
 * services, only what it is used for. */
#include "loader/loader.h"

#include "loader/jump.h"
#include "loader/memory_map.h"

#define SPARE_FRAMES 32		/* for the splits of large pages around the kernel and the jump */
#define CPUID_8000_0001_EDX_NX		(1u << 20)
#define CPUID_8000_0001_EDX_PAGE1GB	(1u << 26)
#define CR4_LA57 (1ull << 12)
#define PTE_FRAME 0x000ffffffffff000ull

struct frame_pool { paddr_t next, end; };

static uint64_t cr4_read(void)
{
	uint64_t cr4;

	__asm__("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

static paddr_t pool_alloc(struct pagetable *pt)
{
	struct frame_pool *pool = pt->context;

	if (pool->next >= pool->end)
		return 0;
	pool->next += PAGE_SIZE;
	return pool->next - PAGE_SIZE;
}

static void *identity(const struct pagetable *pt, paddr_t frame)
{
	(void)pt;
	return (void *)(uintptr_t)frame;
}

/* With five levels the first entry of the top one leads to all that can be asked for here. */
bool firmware_maps(paddr_t address)
{
	struct pagetable firmware = { .to_virtual = identity };
	struct pt_mapping mapping;
	uint64_t cr3;

	__asm__("mov %%cr3, %0" : "=r"(cr3));
	firmware.root = cr3 & PTE_FRAME;
	if (cr4_read() & CR4_LA57)
		firmware.root = *(const uint64_t *)(uintptr_t)firmware.root & PTE_FRAME;
	return pt_walk(&firmware, address, &mapping);
}

/* The next run of RAM from ranges[*i] on, neighbours of whatever type joined, cut to what the direct map can hold. */
static bool ram_next(const struct mem_range *ranges, int count, int *i, struct mem_range *ret)
{
	while (*i < count && !memmap_is_ram(ranges[*i].type))
		++*i;
	if (*i >= count || ranges[*i].base >= HANDOFF_DIRECT_MAP_SIZE)
		return false;
	*ret = ranges[*i];
	while (++*i < count && memmap_is_ram(ranges[*i].type) && ranges[*i].base == ret->base + ret->size)
		ret->size += ranges[*i].size;
	ret->size = MIN(ret->size, HANDOFF_DIRECT_MAP_SIZE - ret->base);
	return true;
}

static void map(struct loader *l, struct pagetable *pt, vaddr_t va, paddr_t pa, uint64_t size, uint32_t flags, const char *what)
{
	if (pt_map(pt, va, pa, size, flags))
		loader_fail(l, EFI_OUT_OF_RESOURCES, "Please report this with the firmware's name and version.",
			    "page tables: %s at %#llx, %llu KiB", what, (unsigned long long)pa, (unsigned long long)size / 1024);
}

static void map_kernel(struct loader *l, struct pagetable *pt)
{
	const struct handoff *h = &l->handoff;

	for (unsigned i = 0; i < l->kernel.segment_count; i++) {
		const struct elf_segment *s = &l->kernel.segments[i];
		uint32_t flags = PT_GLOBAL | (s->rights & ELF_WRITE ? PT_WRITE : 0) | (s->rights & ELF_EXEC ? PT_EXEC : 0);
		map(l, pt, h->kernel_virtual + s->offset, h->kernel_physical + s->offset, s->size, flags, "the kernel");
		if (!(s->rights & ELF_WRITE) && pt_protect(pt, HANDOFF_DIRECT_MAP + h->kernel_physical + s->offset, s->size, PT_GLOBAL))
			loader_fail(l, EFI_OUT_OF_RESOURCES, "Please report this.", "page tables: the kernel's alias");
	}
}

static void map_framebuffer(struct loader *l, struct pagetable *pt)
{
	const struct handoff_framebuffer *fb = &l->handoff.framebuffer;
	paddr_t first = ALIGN_DOWN(fb->base, PAGE_SIZE);

	if (fb->base)
		map(l, pt, HANDOFF_FRAMEBUFFER_MAP, first, ALIGN_UP(fb->base + fb->size, PAGE_SIZE) - first,
		    PT_WRITE | PT_GLOBAL | PT_CACHE_UC_MINUS, "the framebuffer");
}

/* The jump's own page, or two where it crosses a boundary. */
static void map_jump(struct loader *l, struct pagetable *pt)
{
	struct handoff *h = &l->handoff;

	h->jump_page = ALIGN_DOWN((uint64_t)(uintptr_t)jump_start, PAGE_SIZE);
	h->jump_size = ALIGN_UP((uint64_t)(uintptr_t)jump_end, PAGE_SIZE) - h->jump_page;
	map(l, pt, h->jump_page, h->jump_page, h->jump_size, PT_EXEC, "the jump");
	if (l->la57_page)
		map(l, pt, l->la57_page, l->la57_page, PAGE_SIZE, PT_EXEC, "the way out of 5-level paging");
}

/* What the kernel starts with it reaches through the direct map, so it must lie in what the firmware called RAM. */
static void require(struct loader *l, const struct pagetable *pt, paddr_t base, uint64_t size, const char *what)
{
	struct pt_mapping mapping;

	for (paddr_t at = base; at < base + size; at = ALIGN_DOWN(at, mapping.page_size) + mapping.page_size)
		if (!pt_walk(pt, HANDOFF_DIRECT_MAP + at, &mapping))
			loader_fail(l, EFI_COMPROMISED_DATA, ADVICE_FIRMWARE,
				    "the memory map does not hold %s at %#llx", what, (unsigned long long)at);
}

static void require_all(struct loader *l, const struct pagetable *pt, const struct mem_range *ranges, int count)
{
	const struct handoff *h = &l->handoff;

	require(l, pt, (uintptr_t)l, sizeof(*l), "the loader");
	require(l, pt, h->kernel_physical, h->kernel_size, "the kernel");
	require(l, pt, h->page_tables, h->page_tables_size, "the page tables");
	require(l, pt, h->initrd, h->initrd_size, "the initrd");
	require(l, pt, (uintptr_t)ranges, (uint64_t)count * sizeof(*ranges), "itself");
}

static uint64_t frames_needed(const struct loader *l, const struct mem_range *ranges, int count, bool gigabyte_pages)
{
	uint64_t frames = SPARE_FRAMES + pt_frames_needed(l->handoff.kernel_virtual, l->handoff.kernel_physical, l->handoff.kernel_size, false) +
			  pt_frames_needed(HANDOFF_FRAMEBUFFER_MAP, l->handoff.framebuffer.base, l->handoff.framebuffer.size + PAGE_SIZE, false);
	struct mem_range ram;

	for (int i = 0; ram_next(ranges, count, &i, &ram);)
		frames += pt_frames_needed(HANDOFF_DIRECT_MAP + ram.base, ram.base, ram.size, gigabyte_pages);
	return frames;
}

void paging_build(struct loader *l)
{
	struct frame_pool pool;
	struct pagetable pt = { .alloc = pool_alloc, .to_virtual = identity, .context = &pool };
	uint32_t features[4] = { 0 };
	struct mem_range *ranges, ram;
	int count = memory_map_ranges(l, &ranges);

	cpu_identify(0x80000000, 0, features);
	if (features[0] >= 0x80000001)
		cpu_identify(0x80000001, 0, features);
	else
		features[3] = 0;
	pt.gigabyte_pages = features[3] & CPUID_8000_0001_EDX_PAGE1GB;
	pt.no_execute = features[3] & CPUID_8000_0001_EDX_NX;
	if (cr4_read() & CR4_LA57) {
		l->la57_page = (uintptr_t)loader_pages(l, PAGE_SIZE, GIB(4), "leaving 5-level paging");
		loader_log(l, LOG_INFO, "paging: the firmware's 5 levels are left for 4");
	}

	/* Leaving 5-level paging loads CR3 from 32-bit code, so then the tables must lie under 4 GiB. */
	uint64_t size = frames_needed(l, ranges, count, pt.gigabyte_pages) * PAGE_SIZE;
	pool.next = (uintptr_t)loader_pages(l, size, l->la57_page ? GIB(4) : 0, "page tables");
	pool.end = pool.next + size;
	l->handoff.page_tables = pool.next;
	l->handoff.page_tables_size = size;
	if (pt_init(&pt))
		loader_fail(l, EFI_OUT_OF_RESOURCES, "Please report this.", "page tables: no frame for the first");
	for (int i = 0; ram_next(ranges, count, &i, &ram);)
		map(l, &pt, HANDOFF_DIRECT_MAP + ram.base, ram.base, ram.size, PT_WRITE | PT_GLOBAL, "memory");
	require_all(l, &pt, ranges, count);
	map_kernel(l, &pt);
	map_framebuffer(l, &pt);
	map_jump(l, &pt);
	l->handoff.page_table_root = pt.root;
}
