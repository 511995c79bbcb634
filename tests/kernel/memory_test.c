/* Memory: the map, the bump allocator, and the rights of what is mapped. */
#include "kernel/arch/mmu.h"
#include "kernel/arch/sections.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/memory_map.h"
#include "kernel/mm/bootmem.h"
#include "lib/pagetable.h"
#include "tests/kernel/framework.h"

KERNEL_TEST(memory_map_is_normal)
{
	const struct mem_range *ranges;
	size_t count = memory_map_get(&ranges);

	KT_CHECK(count > 0);
	for (size_t i = 0; i < count; i++) {
		KT_CHECK(ranges[i].size && ranges[i].base % PAGE_SIZE == 0 && ranges[i].size % PAGE_SIZE == 0);
		KT_CHECK(!i || ranges[i].base >= ranges[i - 1].base + ranges[i - 1].size);
		KT_CHECK(memory_map_find(ranges[i].base) == &ranges[i]);
		KT_CHECK(memory_map_find(ranges[i].base + ranges[i].size - 1) == &ranges[i]);
	}
	return KT_PASS;
}

KERNEL_TEST(bootmem_gives_usable_memory)
{
	uint64_t free = bootmem_free();
	uint8_t *last = NULL;

	for (unsigned i = 1; i <= 200; i++) {
		uint8_t *p = bootmem_alloc(i * 7, 64);
		KT_CHECK(p && (uintptr_t)p % 64 == 0 && p != last);
		const struct mem_range *range = memory_map_find(virt_to_phys(p));
		KT_CHECK(range && range->type == MEM_USABLE && range->base >= MIB(1));
		for (unsigned j = 0; j < i * 7; j++)
			KT_CHECK(p[j] == 0);
		for (unsigned j = 0; j < i * 7; j++)
			p[j] = (uint8_t)i;
		KT_CHECK(!last || last[0] == i - 1);
		last = p;
	}
	KT_CHECK(bootmem_free() < free && free - bootmem_free() < MIB(1));
	KT_CHECK(bootmem_frame() % PAGE_SIZE == 0);
	return KT_PASS;
}

/* A request that no range can hold costs nothing: the ranges passed over in the search are still there. */
KERNEL_TEST(bootmem_survives_a_request_too_large)
{
	uint64_t free = bootmem_free();
	paddr_t before = bootmem_frame();

	KT_CHECK(!bootmem_alloc(1ull << 50, 16));
	KT_CHECK(bootmem_frame() == before - PAGE_SIZE);
	KT_CHECK(free - bootmem_free() == 2 * PAGE_SIZE);
	return KT_PASS;
}

static void *frame_at(const struct pagetable *pt, paddr_t frame)
{
	return phys_to_virt(frame);
}

static int check_rights(void *context, vaddr_t va, uint64_t size, const struct pt_mapping *m)
{
	unsigned *executable = context;

	if ((m->flags & PT_EXEC) && (m->flags & PT_WRITE))
		return 1;
	if (m->flags & PT_EXEC) {
		++*executable;
		if (va < (vaddr_t)text_start || va + size > ALIGN_UP((vaddr_t)text_end, PAGE_SIZE))
			return 2;	/* nothing but kernel text is executable, the loader's jump is gone */
	}
	return m->flags & PT_USER ? 3 : 0;
}

KERNEL_TEST(mappings_are_never_writable_and_executable)
{
	struct pagetable pt = { .root = cr3_read() & ~0xfffull, .to_virtual = frame_at };
	unsigned executable = 0;

	KT_CHECK(pt_visit(&pt, check_rights, &executable) == 0);
	KT_CHECK(executable == 1);
	return KT_PASS;
}

KERNEL_TEST(kernel_text_is_read_only_in_the_direct_map_too)
{
	const struct handoff *h = boot_info();
	struct pagetable pt = { .root = cr3_read() & ~0xfffull, .to_virtual = frame_at };
	struct pt_mapping m;

	for (uint64_t offset = 0; offset < (uint64_t)(rodata_end - image_start); offset += PAGE_SIZE) {
		KT_CHECK(pt_walk(&pt, HANDOFF_DIRECT_MAP + h->kernel_physical + offset, &m));
		KT_CHECK(!(m.flags & (PT_WRITE | PT_EXEC)));
	}
	return KT_PASS;
}

KERNEL_TEST(firmware_memory_is_readable)
{
	KT_CHECK(!mmu_is_readable(0, 1));
	KT_CHECK(!mmu_is_readable(0x123456789000, 8));
	KT_CHECK(mmu_is_readable((vaddr_t)image_start, (uint64_t)(text_end - text_start)));
	KT_CHECK(!mmu_map_firmware(~0ull - 4095, 4096));
	KT_CHECK(!mmu_map_device(~0ull - 100, 200, MMU_UNCACHED));
	/* Beyond the CPU's address bits a mapping would fault by its reserved bits: damaged tables name such addresses. */
	paddr_t end = physical_mask() + 1;
	KT_CHECK(!mmu_map_device(end, 4096, MMU_UNCACHED) && !mmu_map_firmware(end, 4096));
	KT_CHECK(!mmu_map_device(end - 4096, 8192, MMU_UNCACHED) && !mmu_map_firmware(end - 4096, 8192));
	const uint8_t *rsdp = boot_info()->rsdp ? mmu_map_firmware(boot_info()->rsdp, 8) : (const uint8_t *)"RSD PTR ";
	KT_CHECK(rsdp && rsdp[0] == 'R' && rsdp[7] == ' ');
	return KT_PASS;
}
