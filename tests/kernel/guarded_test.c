/* Guarded access: what faults must say so, change nothing, and leave the CPU as it was. */
#include "kernel/arch/guarded.h"

#include "kernel/arch/mmu.h"
#include "tests/kernel/framework.h"

enum { GENERAL_PROTECTION = 13, PAGE_FAULT = 14 };

static const uint64_t constant = 0x1122334455667788;

KERNEL_TEST(guarded_reads_have_their_width)
{
	uint64_t value;

	KT_CHECK(guarded_read((vaddr_t)&constant, 1, &value) == 0 && value == 0x88);
	KT_CHECK(guarded_read((vaddr_t)&constant + 1, 2, &value) == 0 && value == 0x6677);
	KT_CHECK(guarded_read((vaddr_t)&constant, 4, &value) == 0 && value == 0x55667788);
	KT_CHECK(guarded_read((vaddr_t)&constant, 8, &value) == 0 && value == constant);
	return KT_PASS;
}

KERNEL_TEST(guarded_reads_fault)
{
	uint64_t value = 1;

	for (unsigned width = 1; width <= 8; width *= 2) {
		KT_CHECK(guarded_read(0x10, width, &value) == PAGE_FAULT && value == 0);
		value = 1;
		KT_CHECK(guarded_read(0x8000000000000000, width, &value) == GENERAL_PROTECTION && value == 0);
	}
	KT_CHECK(guarded_read(UINT64_MAX, 8, &value) != 0);	/* wraps */
	return KT_PASS;
}

KERNEL_TEST(guarded_writes)
{
	uint64_t memory = UINT64_MAX;

	KT_CHECK(guarded_write((vaddr_t)&memory, 1, 0) == 0 && memory == 0xffffffffffffff00);
	KT_CHECK(guarded_write((vaddr_t)&memory + 6, 2, 0) == 0 && memory == 0x0000ffffffffff00);
	KT_CHECK(guarded_write((vaddr_t)&memory, 8, 5) == 0 && memory == 5);
	for (unsigned width = 1; width <= 8; width *= 2)
		KT_CHECK(guarded_write((vaddr_t)&constant, width, 0) == PAGE_FAULT);
	KT_CHECK(*(volatile const uint64_t *)&constant == 0x1122334455667788);
	return KT_PASS;
}

KERNEL_TEST(guarded_msrs)
{
	const uint32_t efer = 0xc0000080, pkrs = 0x6e1;
	uint64_t value;

	KT_CHECK(guarded_msr_read(efer, &value) == 0 && value & 1 << 10);	/* long mode is active */
	KT_CHECK(guarded_msr_write(efer, value) == 0);
	KT_CHECK(guarded_msr_write(pkrs, 1ull << 32) == GENERAL_PROTECTION);	/* reserved, or all of it absent */
	return KT_PASS;
}
