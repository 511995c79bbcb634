/* The state the CPU is in when the loader starts.
 *
 * Strict page tables of our own, identity-mapped: 4 KiB pages for the first GiB, where all RAM of these cases is,
 * 2 MiB pages up to 16 GiB. Nothing is executable in them but memory of the firmware's code types, and the loader's
 * image has the rights of its sections. Firmware that protects memory gives the loader no more than that. The
 * firmware's code itself stays writable: it keeps data there.
 *
 * paging.nx         those tables;  paging.la57  a fifth level above them (all executable where paging.nx is absent)
 * cpu.segments=null DS, ES, FS, GS and SS hold null selectors, as 64-bit code may leave them
 * cpu.cr4=MASK      bits more in CR4;  cpu.wp=off  CR0.WP clear */
#include "tests/boot/hostile/cpu.h"
#include "tests/boot/hostile/hostile.h"

#include "lib/string.h"

#define PTE_PRESENT	1ull
#define PTE_WRITE	2ull
#define PTE_LARGE	0x80ull
#define PTE_NX		(1ull << 63)
#define SMALL_PAGES	(GIB(1) / PAGE_SIZE)
#define GIBS		16
#define MSR_EFER	0xc0000080
#define EFER_NXE	(1u << 11)
#define CR0_WP		(1ull << 16)
#define CPUID_7_ECX_LA57 (1u << 16)

/* PE section table (Microsoft PE/COFF specification, section 4). */
struct __attribute__((packed)) section {
	char name[8];
	uint32_t size, address, raw[4];
	uint32_t numbers, flags;
};

#define SECTION_EXECUTE	0x20000000u
#define SECTION_WRITE	0x80000000u

static struct tables {
	uint64_t pml5[512], pml4[512], pdpt[512];
	uint64_t directories[GIBS][512];
	uint64_t small[SMALL_PAGES];
} *tables;

static void rights_set(uint64_t base, uint64_t size, uint64_t rights)
{
	uint64_t end = MIN(ALIGN_UP(base + size, PAGE_SIZE) / PAGE_SIZE, SMALL_PAGES);

	for (uint64_t page = base / PAGE_SIZE; page < end; page++)
		tables->small[page] = page * PAGE_SIZE | PTE_PRESENT | rights;
}

/* Everything not executable, then the firmware's code types. */
static void rights_of_map(void)
{
	static char raw[64 * 1024];
	UINTN size = sizeof(raw), key, step;
	UINT32 version;

	rights_set(0, GIB(1), PTE_WRITE | PTE_NX);
	if (EFI_ERROR(hostile.firmware->GetMemoryMap(&size, (void *)raw, &key, &step, &version)))
		fault("no memory map");
	for (char *at = raw; at < raw + size; at += step) {
		const EFI_MEMORY_DESCRIPTOR *d = (void *)at;
		if (d->Type == EfiLoaderCode || d->Type == EfiBootServicesCode || d->Type == EfiRuntimeServicesCode)
			rights_set(d->PhysicalStart, d->NumberOfPages * PAGE_SIZE, PTE_WRITE);
	}
}

static void rights_of_image(void)
{
	char *base = hostile.loaded->ImageBase, *pe = base + *(uint32_t *)(base + 0x3c);
	const struct section *s = (void *)(pe + 24 + *(uint16_t *)(pe + 20));

	rights_set((uintptr_t)base, hostile.loaded->ImageSize, PTE_NX);
	for (unsigned count = *(uint16_t *)(pe + 6); count; count--, s++)
		rights_set((uintptr_t)base + s->address, s->size,
			   (s->flags & SECTION_WRITE ? PTE_WRITE : 0) | (s->flags & SECTION_EXECUTE ? 0 : PTE_NX));
}

static void tables_make(void)
{
	tables = pages_of_type(EfiBootServicesData, sizeof(*tables));
	tables->pml5[0] = (uintptr_t)tables->pml4 | PTE_PRESENT | PTE_WRITE;
	tables->pml4[0] = (uintptr_t)tables->pdpt | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < GIBS; i++) {
		tables->pdpt[i] = (uintptr_t)tables->directories[i] | PTE_PRESENT | PTE_WRITE;
		for (uint64_t j = 0; j < 512; j++)
			tables->directories[i][j] = (i << 30 | j << 21) | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
	}
	for (uint64_t j = 0; j < 512; j++)
		tables->directories[0][j] = (uintptr_t)&tables->small[j * 512] | PTE_PRESENT | PTE_WRITE;
	rights_set(0, GIB(1), PTE_WRITE);
	if (has("paging.nx")) {
		rights_of_map();
		rights_of_image();
	}
}

static void la57_on(void)
{
	EFI_PHYSICAL_ADDRESS page = GIB(1) - 1;
	uint32_t leaf = 7, features = 0;

	__asm__ volatile("cpuid" : "+a"(leaf), "+c"(features) :: "rbx", "rdx");
	if (!(features & CPUID_7_ECX_LA57))
		fault("the CPU has no 5-level paging");
	if (EFI_ERROR(hostile.firmware->AllocatePages(AllocateMaxAddress, EfiBootServicesCode, 1, &page)))
		fault("no memory under 1 GiB");
	rights_set(page, PAGE_SIZE, PTE_WRITE);
	struct enter_data *data = (void *)(uintptr_t)(page + ENTER_DATA);
	memcpy((void *)(uintptr_t)page, la57_start, (size_t)(la57_end - la57_start));
	*data = (struct enter_data){
		.gdt = { 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff },
		.gdtr = { sizeof(data->gdt) - 1, page + ENTER_DATA },
		.far32 = { (uint32_t)(page + (uint64_t)(la57_code32 - la57_start)), 8 },
		.far64 = { (uint32_t)(page + (uint64_t)(la57_code64 - la57_start)), 16 },
		.root = (uintptr_t)tables->pml5,
	};
	la57_enter(page);
	say("5-level paging is on");
}

static void tables_load(void)
{
	uint32_t low, high;
	uint64_t cr0;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
	__asm__ volatile("wrmsr" :: "a"(low | EFER_NXE), "d"(high), "c"(MSR_EFER));
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr3" :: "r"(tables->pml4) : "memory");
	__asm__ volatile("mov %0, %%cr0" :: "r"(cr0 | CR0_WP) : "memory");
	if (has("paging.la57"))
		la57_on();
}

void cpu_alter(void)
{
	uint64_t cr0, cr4;

	if (has("paging.nx") || has("paging.la57")) {
		tables_make();
		tables_load();
	}
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" :: "r"(cr4 | number_of("cpu.cr4", 0)) : "memory");
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	if (is("cpu.wp", "off"))
		__asm__ volatile("mov %0, %%cr0" :: "r"(cr0 & ~CR0_WP) : "memory");
	if (is("cpu.segments", "null"))
		__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs; mov %0, %%ss" :: "r"(0));
}
