/* Boot services are over: the last page-table work for firmware that runs with five levels, then the jump. */
#include "loader/jump.h"
#include "loader/loader.h"

#include "lib/string.h"

#define CPUID_8000_0001_EDX_NX (1u << 20)
#define PTE_PRESENT_WRITE 3ull
#define SELECTOR_CODE32 8
#define SELECTOR_CODE64 16

/* A PML5 of which the first and the last entry lead to the kernel's PML4, so that the same addresses mean the same with
 * five levels. */
static _Alignas(4096) uint64_t root5[512];

/* The accessed bits are set already: the page is read-only when the CPU would set them. */
static void la57_page_fill(paddr_t page, const struct jump *jump)
{
	uint32_t base = (uint32_t)page;
	struct la57_data *data = (void *)(uintptr_t)(page + LA57_DATA);

	memcpy((void *)(uintptr_t)page, jump_la57_start, (size_t)(jump_la57_end - jump_la57_start));
	*data = (struct la57_data){
		.gdt = { 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff },
		.gdtr = { sizeof(data->gdt) - 1, page + LA57_DATA },
		.far32 = { base + (uint32_t)(jump_la57_code32 - jump_la57_start), SELECTOR_CODE32, 0 },
		.far64 = { base + (uint32_t)(jump_la57_code64 - jump_la57_start), SELECTOR_CODE64, 0 },
		.root = jump->root,
		.entry = jump->entry,
		.handoff = jump->handoff,
	};
}

void kernel_jump(struct loader *l)
{
	struct handoff *h = &l->handoff;
	uint32_t features[4];
	struct jump jump = {
		.root = h->page_table_root,
		.entry = l->kernel_entry,
		.handoff = HANDOFF_DIRECT_MAP + (uintptr_t)h,
	};

	cpu_identify(0x80000001, 0, features);
	jump.no_execute = !!(features[3] & CPUID_8000_0001_EDX_NX);
	if (!l->la57_page)
		jump_to_kernel(&jump);
	root5[0] = root5[511] = h->page_table_root | PTE_PRESENT_WRITE;
	la57_page_fill(l->la57_page, &jump);
	jump_from_la57(&jump, l->la57_page, (uintptr_t)root5);
}
