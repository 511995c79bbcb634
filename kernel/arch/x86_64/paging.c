/* The kernel's page tables: the loader's, taken over and kept with lib/pagetable.c. */
#include "kernel/arch/x86_64/paging.h"

#include <abi/linux/errno.h>
#include "kernel/arch/percpu.h"
#include "kernel/arch/sections.h"
#include "kernel/arch/x86_64/cpu_local.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "lib/string.h"

#define CPUID_8000_0001_EDX_PAGE1GB	(1u << 26)

static paddr_t frame_from(struct pagetable *pt);
static void *frame_virtual(const struct pagetable *pt, paddr_t frame);

static paddr_t (*alloc_frame)(void);
static struct pagetable kernel_tables = { .alloc = frame_from, .to_virtual = frame_virtual };
static vaddr_t vmap_next = VMAP_BASE;

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

void mmu_init(const struct handoff *h, paddr_t (*alloc)(void))
{
	uint32_t features = cpuid_read_checked(0x80000001, 0).edx;

	alloc_frame = alloc;
	kernel_tables.root = h->page_table_root;
	kernel_tables.gigabyte_pages = features & CPUID_8000_0001_EDX_PAGE1GB;
	kernel_tables.no_execute = features & CPUID_8000_0001_EDX_NX;
	guard_stacks();
	memset(phys_to_virt(kernel_tables.root), 0, PAGE_SIZE / 2);	/* the lower half: the loader's jump */
	framebuffer_cache(h);
	tlb_flush_all();
}

paddr_t mmu_kernel_root(void)
{
	return kernel_tables.root;
}

int mmu_make_space(struct pagetable *ret)
{
	*ret = kernel_tables;
	int error = pt_init(ret);
	if (!error)
		memcpy((char *)phys_to_virt(ret->root) + PAGE_SIZE / 2,
		       (char *)phys_to_virt(kernel_tables.root) + PAGE_SIZE / 2, PAGE_SIZE / 2);
	return error;
}

/* The next free stretch of the vmap range, an unmapped page behind it. NULL before mmu_init. */
static void *vmap(paddr_t physical, uint64_t size, uint32_t flags)
{
	paddr_t first = ALIGN_DOWN(physical, PAGE_SIZE), most = physical_mask();
	uint64_t bytes = ALIGN_UP(physical + size, PAGE_SIZE) - first;
	vaddr_t at = vmap_next;

	/* Large pages fit where both sides have the same offset in them: PCI's configuration space takes 256 MiB. */
	if (bytes >= MIB(2))
		at += (first - at) % MIB(2);
	if (!kernel_tables.root || !size || physical > most || size - 1 > most - physical ||
	    bytes > VMAP_BASE + VMAP_SIZE - PAGE_SIZE - at)
		return NULL;
	if (pt_map(&kernel_tables, at, first, bytes, flags | PT_GLOBAL))
		return NULL;
	vmap_next = at + bytes + PAGE_SIZE;
	return (void *)(at + physical - first);
}

struct guarded_stack *mmu_map_stacks(paddr_t first, unsigned count)
{
	vaddr_t at = vmap_next;

	for (unsigned i = 0; i < count; i++)
		if (pt_map(&kernel_tables, at + i * sizeof(struct guarded_stack) + STACK_GUARD, first + i * STACK_SIZE, STACK_SIZE,
			   PT_WRITE | PT_GLOBAL))
			return NULL;
	vmap_next = at + count * sizeof(struct guarded_stack) + PAGE_SIZE;
	return (struct guarded_stack *)at;
}

void *mmu_map_device(paddr_t physical, uint64_t size, enum mmu_cache cache)
{
	static const uint32_t flags[] = {
		[MMU_WRITE_BACK] = PT_CACHE_WB, [MMU_WRITE_COMBINING] = PT_CACHE_WC, [MMU_UNCACHED] = PT_CACHE_UC,
	};

	return vmap(physical, size, PT_WRITE | flags[cache]);
}

const void *mmu_map_firmware(paddr_t physical, uint64_t size)
{
	if (physical >= HANDOFF_DIRECT_MAP_SIZE || size > HANDOFF_DIRECT_MAP_SIZE - physical)
		return NULL;
	if (mmu_is_readable(HANDOFF_DIRECT_MAP + physical, size))
		return phys_to_virt(physical);
	return vmap(physical, size, PT_CACHE_WB);
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

static const char *describe_stack(vaddr_t address)
{
	static const char *const names[][2] = {
		{ "guard page of the boot stack", "boot stack" },
		{ "guard page of the double fault stack", "double fault stack" },
		{ "guard page of the NMI stack", "NMI stack" },
		{ "guard page of the machine check stack", "machine check stack" },
	};
	uint64_t offset = address - (vaddr_t)this_cpu(cpu_local).stacks;
	unsigned index = offset / sizeof(struct guarded_stack);

	_Static_assert(ARRAY_SIZE(names) == STACK_COUNT, "a name for each stack");
	return index < STACK_COUNT ? names[index][offset % sizeof(struct guarded_stack) >= STACK_GUARD] : NULL;
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
	if (address - VMAP_BASE < VMAP_SIZE)
		return "kernel mappings";
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
