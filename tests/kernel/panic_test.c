/* What must end in a panic, each in a boot of its own; tests/boot/cases.py has the text that each must show. */
#include "kernel/arch/cpu.h"
#include "kernel/core/assert.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

static volatile uint64_t zero;
static const volatile uint64_t constant = 1;
static volatile uint8_t data_code[16] = { 0xc3 };	/* ret */

KERNEL_TEST_PANIC(panic_null_pointer)
{
	return *(volatile enum kernel_test_result *)(zero + 16);
}

KERNEL_TEST_PANIC(panic_write_to_constant)
{
	*(volatile uint64_t *)&constant = 2;
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_execute_data)
{
	((void (*)(void))(uintptr_t)data_code)();
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_divide_by_zero)
{
	uint64_t low = 1, high = 0;

	__asm__ volatile("divq %2" : "+a"(low), "+d"(high) : "r"(zero));
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_not_canonical)
{
	return *(volatile enum kernel_test_result *)(0x8000000000000000ull + zero);
}

KERNEL_TEST_PANIC(panic_invalid_opcode)
{
	__asm__ volatile("ud2");
	return KT_PASS;
}

static __attribute__((noinline)) uint64_t recurse(uint64_t depth)
{
	volatile uint8_t frame[256] = { 0 };

	frame[depth % sizeof(frame)] = (uint8_t)depth;
	if (zero)	/* it never ends, and the compiler is not to know */
		return 0;
	return recurse(depth + 1) + frame[(depth + 1) % sizeof(frame)];
}

KERNEL_TEST_PANIC(panic_stack_overflow)
{
	return (enum kernel_test_result)recurse(zero);
}

static __attribute__((noinline)) void overrun(size_t size)
{
	char buffer[16];

	memset(buffer, 0x41, size);
	__asm__ volatile("" :: "r"(buffer) : "memory");
}

KERNEL_TEST_PANIC(panic_stack_overrun)
{
	overrun(32 + zero);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_assertion)
{
	ASSERT(zero == 1);
	return KT_PASS;
}

KERNEL_TEST_PANIC(panic_user_address)
{
	/* SMEP and the missing mapping both say no; nothing of the lower half is the kernel's. */
	((void (*)(void))(0x400000 + zero))();
	return KT_PASS;
}
