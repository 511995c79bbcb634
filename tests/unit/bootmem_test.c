/* The bump allocator's choice of ranges, and that nothing of them is lost when it hands them over. */
#include "kernel/mm/bootmem.h"

#include "kernel/core/memory_map.h"
#include "kernel/core/panic.h"
#include "tests/unit/test.h"

static const struct mem_range map[] = {
	{ 0, MIB(3), MEM_USABLE, 0 },			/* from 1 MiB on */
	{ MIB(4), MIB(1), MEM_ACPI_NVS, 0 },
	{ MIB(5), MIB(4), MEM_USABLE, 0 },		/* the largest under 4 GiB */
	{ MIB(9), MIB(8), MEM_BOOT_SERVICES, 0 },
	{ GIB(4), MIB(64), MEM_USABLE, 0 },
};
static uint64_t given, last_base;

size_t memory_map_get(const struct mem_range **ret)
{
	*ret = map;
	return ARRAY_SIZE(map);
}

void panic(const char *format, ...)
{
	abort();
}

static void give(paddr_t base, uint64_t size)
{
	CHECK(base % PAGE_SIZE == 0 && size % PAGE_SIZE == 0 && size);
	CHECK(base >= MIB(1));
	given += size;
	last_base = base;
}

TEST(ranges_in_order)
{
	bootmem_init();
	for (unsigned i = 1; i <= MIB(4) / PAGE_SIZE; i++)
		CHECK_EQ(bootmem_frame(), MIB(9) - i * PAGE_SIZE);
	CHECK_EQ(bootmem_frame(), MIB(3) - PAGE_SIZE);
	/* Room for this is nowhere: nothing changes. */
	CHECK(!bootmem_alloc(GIB(1), 16));
	CHECK_EQ(bootmem_frame(), MIB(3) - 2 * PAGE_SIZE);
	bootmem_close(give);
	CHECK_EQ(given, MIB(2) - 2 * PAGE_SIZE + MIB(64));
	CHECK_EQ(last_base, GIB(4));
	CHECK(!bootmem_frame() && !bootmem_alloc(1, 1));
}

TEST_MAIN
