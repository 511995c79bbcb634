/* Memory: the map, the account of it all, and the rights of what is mapped. */
#include "kernel/arch/mmu.h"
#include "kernel/arch/sections.h"
#include "kernel/arch/x86_64/pat.h"
#include "kernel/arch/x86_64/registers.h"
#include "kernel/core/boot_info.h"
#include "kernel/core/memory_map.h"
#include "kernel/mm/bootmem.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/memory.h"
#include "lib/pagetable.h"
#include "lib/string.h"
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

KERNEL_TEST(bootmem_is_closed)
{
	KT_CHECK(!bootmem_alloc(1, 1) && !bootmem_frame());
	return KT_PASS;
}

static void add_bytes(void *context, const char *what, uint64_t bytes)
{
	*(uint64_t *)context += bytes;
}

KERNEL_TEST(every_byte_is_accounted_for)
{
	uint64_t sum = 0;

	memory_explain(add_bytes, &sum);
	KT_CHECK(sum == memory_total());
	return KT_PASS;
}

static void *frame_at(const struct pagetable *pt, paddr_t frame)
{
	return phys_to_virt(frame);
}

KERNEL_TEST(mappings_are_never_writable_and_executable)
{
	KT_CHECK(!mmu_check_rights());
	return KT_PASS;
}

/* The walker must see what is wrong: a page of text that becomes writable. */
KERNEL_TEST(the_walk_finds_wrong_rights)
{
	uint64_t *entry = phys_to_virt(cr3_read() & ~0xfffull);

	for (unsigned shift = 39; shift > 12; shift -= 9) {
		uint64_t value = entry[(vaddr_t)text_start >> shift & 511];
		KT_CHECK((value & 0x81) == 1);	/* a table */
		entry = phys_to_virt(value & 0x000ffffffffff000ull);
	}
	entry += (vaddr_t)text_start >> 12 & 511;
	*entry |= 2;
	bool seen = mmu_check_rights() != NULL;
	*entry &= ~2ull;
	cr0_write(cr0_read() & ~CR0_WP);
	seen &= mmu_check_rights() != NULL;
	cr0_write(cr0_read() | CR0_WP);
	KT_CHECK(seen && !mmu_check_rights());
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

KERNEL_TEST_ALLOC(firmware_memory_is_readable)
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
	volatile uint8_t *device = mmu_map_device(0xfed00ffc, 8, MMU_UNCACHED), *again;
	paddr_t at;
	KT_NEED(device);
	KT_CHECK(mmu_translate((vaddr_t)device, &at) && at == 0xfed00ffc);
	KT_CHECK(mmu_translate((vaddr_t)device + 7, &at) && at == 0xfed01003);
	KT_CHECK(!mmu_translate((vaddr_t)device + 4 + PAGE_SIZE, &at));
	mmu_unmap_device(device, 8);
	KT_CHECK(!mmu_translate((vaddr_t)device, &at));
	again = mmu_map_device(0xfed00ffc, 8, MMU_UNCACHED);
	KT_NEED(again);
	KT_CHECK(again == device);	/* its addresses were given back */
	mmu_unmap_device(again, 8);
	return KT_PASS;
}

/* Of each page of a device's mapping, in the page tables and in the table that they select from. */
static bool has_cache_type(vaddr_t at, uint64_t size, enum memory_type type)
{
	struct pagetable pt = { .root = cr3_read() & ~0xfffull, .to_virtual = frame_at };
	uint64_t types = msr_read(MSR_PAT);
	struct pt_mapping m;
	bool right = true;

	for (vaddr_t page = at; right && page < at + size; page += PAGE_SIZE)
		right = pt_walk(&pt, page, &m) && (types >> 8 * (m.flags / PT_CACHE_WC % 4) & 7) == type &&
			(m.flags & PT_WRITE) && (size < MIB(2) || m.page_size == MIB(2));
	return right;
}

/* Small pages and large ones, over the interrupt controllers' registers; nothing is read or written there. */
KERNEL_TEST_ALLOC(devices_have_the_cache_type_asked_for)
{
	static const enum memory_type types[] = {
		[MMU_WRITE_BACK] = TYPE_WB, [MMU_WRITE_COMBINING] = TYPE_WC, [MMU_UNCACHED] = TYPE_UC,
	};

	for (enum mmu_cache cache = MMU_WRITE_BACK; cache <= MMU_UNCACHED; cache++) {
		for (uint64_t size = PAGE_SIZE; size <= MIB(4); size *= 1024) {
			void *device = mmu_map_device(0xfec00000, size, cache);
			KT_NEED(device);
			bool right = has_cache_type((vaddr_t)device, size, types[cache]);
			mmu_unmap_device(device, size);
			KT_CHECK(right);
		}
	}
	return KT_PASS;
}

static uint64_t table_frames(void)
{
	uint64_t used[FRAME_USES];

	frames_count(used);
	return used[FRAME_TABLE];
}

/* Tables in memory that is not RAM are asked for again by each report: the flash memory under 4 GiB serves for one. */
KERNEL_TEST_ALLOC(firmware_memory_is_mapped_once)
{
	struct pagetable pt = { .root = cr3_read() & ~0xfffull, .to_virtual = frame_at };
	struct pt_mapping m;
	const uint8_t *end = mmu_map_firmware(GIB(4) - 16, 16), *more;
	uint64_t frames = table_frames();

	KT_CHECK(end && mmu_map_firmware(GIB(4) - 16, 16) == end);
	more = mmu_map_firmware(GIB(4) - 2 * PAGE_SIZE, 2 * PAGE_SIZE);
	KT_CHECK(more && more + 2 * PAGE_SIZE - 16 == end && memcmp(more + 2 * PAGE_SIZE - 16, end, 16) == 0);
	KT_CHECK(table_frames() == frames);
	KT_CHECK(pt_walk(&pt, (vaddr_t)end, &m) && m.physical == GIB(4) - 16 && !(m.flags & (PT_WRITE | PT_EXEC)));

	const uint8_t *rsdp = boot_info()->rsdp ? mmu_map_firmware(boot_info()->rsdp, 8) : (const uint8_t *)"RSD PTR ";
	KT_CHECK(rsdp && rsdp[0] == 'R' && rsdp[7] == ' ');
	return KT_PASS;
}
