/* The kernel's page tables: the loader's, taken over and kept with lib/pagetable.c.
 *
 * All that is mapped while running lies in three ranges of the upper half (kernel/arch/mmu.h). The entries of the
 * topmost table for them are filled once, when the tables are taken over: address spaces copy the upper half of that
 * table, and a copy made earlier would miss what came later.
 *
 * One lock guards the tables of MMU_VMAP and MMU_STACKS. Frames for tables are asked for under it, and giving one may
 * make the frame allocator map more of its own array, so that array has its own tables and the frame allocator's lock.
 * A mapping that appears needs no flush, since CPUs do not keep what is not present (Intel SDM volume 3, section
 * 4.10.2.3). */
#include "kernel/arch/x86_64/paging.h"

#include <abi/linux/errno.h>
#include "kernel/arch/percpu.h"
#include "kernel/arch/sections.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"

#define ROOT_ENTRY_BYTES		GIB(512)	/* what an entry of the topmost table covers */
#define ROOT_ENTRY_TABLE		3u		/* present, writable (SDM volume 3, table 4-15) */
#define FLUSH_PAGES_MOST		32u		/* more are cheaper all at once */

static paddr_t frame_from(struct pagetable *pt);
static void *frame_virtual(const struct pagetable *pt, paddr_t frame);

static paddr_t (*alloc_frame)(void);
static struct pagetable kernel_tables = { .alloc = frame_from, .to_virtual = frame_virtual };
static struct spinlock tables_lock = SPINLOCK_RANKED("kernel page tables", LOCK_PAGE_TABLES);
static void (*flush_others)(vaddr_t at, uint64_t size);
static vaddr_t vmap_next = MMU_VMAP;			/* until there is vmap_take */
static vaddr_t (*vmap_take)(uint64_t size, uint64_t align);
static void (*vmap_give)(vaddr_t at);

static paddr_t frame_from(struct pagetable *pt)
{
	return alloc_frame ? alloc_frame() : 0;
}

static void *frame_virtual(const struct pagetable *pt, paddr_t frame)
{
	return phys_to_virt(frame);
}

/* Global pages survive a write of CR3 (Intel SDM volume 3, section 4.10.4.1). */
static void tlb_flush_all(void)
{
	uint64_t cr4 = cr4_read();

	cr4_write(cr4 & ~CR4_PGE);
	cr4_write(cr4);
}

void mmu_flush_cpu(vaddr_t at, uint64_t size)
{
	if (size > FLUSH_PAGES_MOST * PAGE_SIZE) {
		tlb_flush_all();
		return;
	}
	for (vaddr_t page = at; page < at + size; page += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" :: "r"(page) : "memory");
}

void mmu_set_shootdown(void (*others_flush)(vaddr_t, uint64_t))
{
	flush_others = others_flush;
}

static void guard_stacks(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boot_stacks); i++)
		if (pt_unmap(&kernel_tables, (vaddr_t)boot_stacks[i].guard, STACK_GUARD))
			panic("mmu: no guard page for stack %u", i);
}

/* Write-combining makes drawing many times faster, except where the MTRRs have the range as ordinary memory already
 * (ramfb, some hypervisors): WC in the page table would take its cache away (Intel SDM volume 3, table 12-7). */
static void framebuffer_cache(const struct handoff *h)
{
	const struct handoff_framebuffer *fb = &h->framebuffer;

	if (!fb->base)
		return;
	uint64_t size = ALIGN_UP(fb->base % PAGE_SIZE + fb->size, PAGE_SIZE);
	bool cached = mtrr_type(fb->base, fb->size) == TYPE_WB;
	uint32_t flags = PT_WRITE | PT_GLOBAL | (cached ? PT_CACHE_WB : PT_CACHE_WC);
	if (pt_protect(&kernel_tables, HANDOFF_FRAMEBUFFER_MAP, size, flags))
		pr_warn("mmu: the framebuffer stays uncached");
	else
		pr_debug("mmu: framebuffer %s", cached ? "write-back" : "write-combining");
}

/* Tables right under the topmost one for a range. */
static void root_fill(vaddr_t from, uint64_t size)
{
	uint64_t *root = phys_to_virt(kernel_tables.root);

	for (vaddr_t at = from; at < from + size; at += ROOT_ENTRY_BYTES) {
		paddr_t table = alloc_frame();
		if (!table)
			panic("mmu: no memory for the kernel's page tables");
		memset(phys_to_virt(table), 0, PAGE_SIZE);
		root[at / ROOT_ENTRY_BYTES % 512] = table | ROOT_ENTRY_TABLE;
	}
}

void mmu_init(const struct handoff *h, paddr_t (*alloc)(void))
{
	alloc_frame = alloc;
	kernel_tables.root = h->page_table_root;
	kernel_tables.gigabyte_pages = cpu_has(FEATURE_PAGE1GB);
	kernel_tables.no_execute = cpu_has(FEATURE_NX);
	mtrr_init();
	guard_stacks();
	memset(phys_to_virt(kernel_tables.root), 0, PAGE_SIZE / 2);	/* the lower half: the loader's jump */
	root_fill(MMU_FRAME_ARRAY, MMU_FRAME_ARRAY_SIZE);
	root_fill(MMU_STACKS, MMU_STACKS_SIZE);
	root_fill(MMU_VMAP, MMU_VMAP_SIZE);
	framebuffer_cache(h);
	tlb_flush_all();
}

paddr_t mmu_physical_limit(void)
{
	return physical_mask() + 1;
}

paddr_t mmu_kernel_root(void)
{
	return kernel_tables.root;
}

void mmu_set_frames(paddr_t (*frame)(void))
{
	alloc_frame = frame;
}

paddr_t mmu_table_frame(void)
{
	return alloc_frame();
}

void mmu_make_space(struct pagetable *ret, paddr_t root)
{
	char *entries = phys_to_virt(root);

	*ret = kernel_tables;
	ret->root = root;
	memset(entries, 0, PAGE_SIZE / 2);
	memcpy(entries + PAGE_SIZE / 2, (char *)phys_to_virt(kernel_tables.root) + PAGE_SIZE / 2, PAGE_SIZE / 2);
}

vaddr_t mmu_set_vmap(vaddr_t (*take)(uint64_t, uint64_t), void (*give)(vaddr_t))
{
	vmap_take = take;
	vmap_give = give;
	return vmap_next;
}

static int tables_map(vaddr_t at, paddr_t physical, uint64_t size, uint32_t flags)
{
	uint64_t irq = spin_lock_irqsave(&tables_lock);
	int error = pt_map(&kernel_tables, at, physical, size, flags | PT_GLOBAL);

	spin_unlock_irqrestore(&tables_lock, irq);
	return error;
}

int mmu_map(vaddr_t at, paddr_t physical, uint64_t size)
{
	return tables_map(at, physical, size, PT_WRITE);
}

/* What a source of frames for one mapping is asked for. */
struct frame_source {
	paddr_t (*frame)(void *context);
	void *context;
};

static paddr_t frame_from_source(struct pagetable *pt)
{
	const struct frame_source *source = pt->context;

	return source->frame(source->context);
}

int mmu_map_frame_array(vaddr_t at, paddr_t physical, paddr_t (*frame)(void *context), void *context)
{
	struct frame_source source = { frame, context };
	struct pagetable tables = kernel_tables;

	tables.alloc = frame_from_source;
	tables.context = &source;
	return pt_map(&tables, at, physical, PAGE_SIZE, PT_WRITE | PT_GLOBAL);
}

/* Cannot fail: what is unmapped here was mapped in one piece, so no large page is split. */
void mmu_unmap(vaddr_t at, uint64_t size)
{
	uint64_t irq = spin_lock_irqsave(&tables_lock);
	int error = pt_unmap(&kernel_tables, at, size);

	spin_unlock_irqrestore(&tables_lock, irq);
	if (error)
		panic("mmu: unmapping %#llx, %llu KiB: error %d", (unsigned long long)at, (unsigned long long)size / 1024,
		      error);
	preempt_disable();	/* this CPU and the others are all, only as long as this is the same CPU */
	mmu_flush_cpu(at, size);
	if (flush_others)
		flush_others(at, size);
	preempt_enable();
}

bool mmu_translate(vaddr_t at, paddr_t *ret)
{
	struct pt_mapping mapping;

	if (!(at >> 63) || !pt_walk(&kernel_tables, at, &mapping))
		return false;
	*ret = mapping.physical;
	return true;
}

/* Addresses for a mapping, an unmapped page behind it. Large ones lie so that large pages fit. 0: none left. */
static vaddr_t vmap_range(paddr_t first, uint64_t bytes)
{
	uint64_t align = bytes >= MIB(2) ? MIB(2) : PAGE_SIZE, skip = first % align;
	uint64_t size = skip + bytes + PAGE_SIZE;
	vaddr_t at;

	if (vmap_take) {
		at = vmap_take(size, align);
		return at ? at + skip : 0;
	}
	at = ALIGN_UP(vmap_next, align);
	if (size > MMU_VMAP + MMU_VMAP_SIZE - at)
		return 0;
	vmap_next = at + size;
	return at + skip;
}

/* NULL before mmu_init, and for what the CPU cannot address. */
static void *vmap(paddr_t physical, uint64_t size, uint32_t flags)
{
	paddr_t first = ALIGN_DOWN(physical, PAGE_SIZE), most = physical_mask();
	uint64_t bytes = ALIGN_UP(physical + size, PAGE_SIZE) - first;

	if (!kernel_tables.root || !size || physical > most || size - 1 > most - physical || bytes >= MMU_VMAP_SIZE / 2)
		return NULL;
	vaddr_t at = vmap_range(first, bytes);
	if (!at)
		return NULL;
	if (tables_map(at, first, bytes, flags)) {
		mmu_unmap(at, bytes);
		if (vmap_give)
			vmap_give(at);
		return NULL;
	}
	return (void *)(at + physical - first);
}

struct guarded_stack *mmu_map_stacks(paddr_t first, unsigned count)
{
	vaddr_t at = vmap_range(0, count * sizeof(struct guarded_stack));

	for (unsigned i = 0; at && i < count; i++)
		if (tables_map(at + i * sizeof(struct guarded_stack) + STACK_GUARD, first + i * STACK_SIZE, STACK_SIZE, PT_WRITE))
			return NULL;
	return (struct guarded_stack *)at;
}

void *mmu_map_device(paddr_t physical, uint64_t size, enum mmu_cache cache)
{
	static const uint32_t flags[] = {
		[MMU_WRITE_BACK] = PT_CACHE_WB, [MMU_WRITE_COMBINING] = PT_CACHE_WC, [MMU_UNCACHED] = PT_CACHE_UC,
	};

	return vmap(physical, size, PT_WRITE | flags[cache]);
}

/* What was mapped before there was vmap_give has addresses that are used once. */
void mmu_unmap_device(volatile void *device, uint64_t size)
{
	vaddr_t at = ALIGN_DOWN((vaddr_t)device, PAGE_SIZE);

	mmu_unmap(at, ALIGN_UP((vaddr_t)device + size, PAGE_SIZE) - at);
	if (vmap_give)
		vmap_give(at);
}

/* Pages of the direct map that are not RAM's: whoever asks again finds them there. In a panic none is added, since its
 * locks may be held by whoever it stopped. */
static bool direct_map_add(paddr_t first, paddr_t end)
{
	for (paddr_t page = first; page < end; page += PAGE_SIZE) {
		int error = 0;
		if (!mmu_is_readable(HANDOFF_DIRECT_MAP + page, PAGE_SIZE))
			error = panic_reason()[0] ? -EBUSY : tables_map(HANDOFF_DIRECT_MAP + page, page, PAGE_SIZE, PT_CACHE_WB);
		if (error && error != -EEXIST)	/* another CPU was faster */
			return false;
	}
	return true;
}

const void *mmu_map_firmware(paddr_t physical, uint64_t size)
{
	const uint64_t limit = MIN(HANDOFF_DIRECT_MAP_SIZE, mmu_physical_limit());

	if (!kernel_tables.root || physical >= limit || size > limit - physical)
		return NULL;
	if (mmu_is_readable(HANDOFF_DIRECT_MAP + physical, size) ||
	    direct_map_add(ALIGN_DOWN(physical, PAGE_SIZE), ALIGN_UP(physical + size, PAGE_SIZE)))
		return phys_to_virt(physical);
	return NULL;
}

bool mmu_is_readable(vaddr_t address, uint64_t size)
{
	struct pagetable current = kernel_tables;
	struct pt_mapping mapping;

	if (address + size < address)
		return false;
	current.root = cr3_read() & ~0xfffull;
	for (vaddr_t at = address; at < address + size; at = ALIGN_DOWN(at, mapping.page_size) + mapping.page_size)
		if (!pt_walk(&current, at, &mapping))
			return false;
	return true;
}

static int rights_visit(void *context, vaddr_t va, uint64_t size, const struct pt_mapping *m)
{
	const char **why = context;
	vaddr_t text_last = ALIGN_UP((vaddr_t)text_end, PAGE_SIZE);

	if (!(va >> 63))	/* a program's */
		return 0;
	if (m->flags & PT_USER)
		*why = "user mode can reach a page of the kernel's half";
	else if ((m->flags & PT_EXEC) && (m->flags & PT_WRITE))
		*why = "a page is writable and executable";
	else if ((m->flags & PT_EXEC) && (va < (vaddr_t)text_start || va + size > text_last))
		*why = "a page is executable and not the kernel's text";
	return *why != NULL;
}

const char *mmu_check_rights(void)
{
	struct pagetable current = kernel_tables;
	const char *why = NULL;

	if (!(cr0_read() & CR0_WP))
		return "the CPU writes to read-only pages: CR0.WP is off";
	if (kernel_tables.no_execute && !(msr_read(MSR_EFER) & EFER_NXE))
		return "the CPU executes everything: EFER.NXE is off";
	current.root = cr3_read() & ~0xfffull;
	pt_visit(&current, rights_visit, &why);
	return kernel_tables.no_execute ? why : NULL;
}

/* Where in some CPU's stacks it is: a thread takes the boot stack that it runs on along to other CPUs. */
static uint64_t offset_in_stacks(vaddr_t address)
{
	for (cpu_id_t id = 0; id < percpu_count; id++) {
		vaddr_t stacks = (vaddr_t)cpu_of(id, cpu_local).stacks;
		if (stacks && address - stacks < STACK_COUNT * sizeof(struct guarded_stack))
			return address - stacks;
	}
	return UINT64_MAX;
}

bool mmu_is_stack_guard(vaddr_t address)
{
	uint64_t offset = offset_in_stacks(address);

	if (offset < STACK_COUNT * sizeof(struct guarded_stack))
		return offset % sizeof(struct guarded_stack) < STACK_GUARD;
	return address - MMU_STACKS < MMU_STACKS_SIZE && address % MMU_STACK_STEP < MMU_STACK_STEP - MMU_STACK_SIZE;
}

static const char *describe_stack(vaddr_t address)
{
	static const char *const names[][2] = {
		{ "guard page of the boot stack", "boot stack" },
		{ "guard page of the double fault stack", "double fault stack" },
		{ "guard page of the NMI stack", "NMI stack" },
		{ "guard page of the machine check stack", "machine check stack" },
	};
	uint64_t offset = offset_in_stacks(address), index = offset / sizeof(struct guarded_stack);

	_Static_assert(ARRAY_SIZE(names) == STACK_COUNT, "a name for each stack");
	return index < STACK_COUNT ? names[index][!mmu_is_stack_guard(address)] : NULL;
}

const char *mmu_describe(vaddr_t address)
{
	const char *stack = describe_stack(address);

	if (stack)
		return stack;
	if (address < 64 * 1024)
		return "null pointer";
	if ((int64_t)(address << 16) >> 16 != (int64_t)address)
		return "not a canonical address";
	if (!(address >> 63))
		return "user half";
	if (address - HANDOFF_DIRECT_MAP < HANDOFF_DIRECT_MAP_SIZE)
		return "direct map";
	if (address - MMU_VMAP < MMU_VMAP_SIZE)
		return "kernel mappings";
	if (address - MMU_STACKS < MMU_STACKS_SIZE)
		return mmu_is_stack_guard(address) ? "guard page of a kernel stack" : "kernel stack";
	if (address - MMU_FRAME_ARRAY < MMU_FRAME_ARRAY_SIZE)
		return "frame array";
	if (address - HANDOFF_FRAMEBUFFER_MAP < 1ull << 40)
		return "framebuffer";
	if (address - (vaddr_t)text_start < (vaddr_t)(text_end - text_start))
		return "kernel text";
	if (address - (vaddr_t)rodata_start < (vaddr_t)(rodata_end - rodata_start))
		return "kernel constants";
	if (address - (vaddr_t)data_start < (vaddr_t)(image_end - data_start))
		return "kernel data";
	return "kernel half, unused";
}
