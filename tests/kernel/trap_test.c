/* Exceptions that are survived, and what the kernel says about addresses. */
#include "kernel/arch/mmu.h"
#include "kernel/core/backtrace.h"
#include "kernel/core/symbols.h"
#include "lib/string.h"
#include "tests/kernel/framework.h"

KERNEL_TEST(breakpoint_resumes_with_all_registers)
{
	uint64_t before = 0x1122334455667788, after;

	__asm__ volatile("mov %1, %%r15\n\tint3\n\tmov %%r15, %0" : "=r"(after) : "r"(before) : "r15");
	KT_CHECK(after == before);
	return KT_PASS;
}

KERNEL_TEST(unused_vectors_have_handlers)
{
	__asm__ volatile("int $0x20\n\tint $0x80\n\tint $0xff" ::: "memory");
	return KT_PASS;
}

static __attribute__((noinline)) unsigned innermost(vaddr_t *ret, unsigned room)
{
	unsigned count = backtrace_walk((vaddr_t)__builtin_frame_address(0), ret, room);
	__asm__ volatile("" ::: "memory");	/* not a tail call */
	return count;
}

KERNEL_TEST(backtrace_names_functions)
{
	vaddr_t addresses[BACKTRACE_MAX];
	char text[SYMBOL_TEXT];
	bool main_seen = false;
	unsigned count = innermost(addresses, BACKTRACE_MAX);

	KT_CHECK(count >= 3);
	KT_CHECK(strncmp(symbol_text(addresses[0] - 1, text), "test_backtrace_names_functions+", 31) == 0);
	for (unsigned i = 0; i < count; i++)
		main_seen |= strncmp(symbol_text(addresses[i] - 1, text), "kmain+", 6) == 0;
	KT_CHECK(main_seen);
	KT_CHECK(innermost(addresses, 2) == 2);
	return KT_PASS;
}

KERNEL_TEST(broken_frame_chains_end_the_walk)
{
	vaddr_t addresses[4], frame[2] = { 0x4141414141414141, 0x4242424242424242 };

	KT_CHECK(backtrace_walk(0, addresses, 4) == 0);
	KT_CHECK(backtrace_walk(0x1000, addresses, 4) == 0);
	KT_CHECK(backtrace_walk(0x8000000000000000, addresses, 4) == 0);
	KT_CHECK(backtrace_walk((vaddr_t)frame, addresses, 4) == 0);
	KT_CHECK(backtrace_walk((vaddr_t)frame + 1, addresses, 4) == 0);
	return KT_PASS;
}

KERNEL_TEST(addresses_are_described)
{
	KT_CHECK(strcmp(mmu_describe(8), "null pointer") == 0);
	KT_CHECK(strcmp(mmu_describe(0x10000000), "user half") == 0);
	KT_CHECK(strcmp(mmu_describe(0x8000000000000000), "not a canonical address") == 0);
	KT_CHECK(strcmp(mmu_describe(HANDOFF_FRAMEBUFFER_MAP), "framebuffer") == 0);
	KT_CHECK(strcmp(mmu_describe(HANDOFF_FRAMEBUFFER_MAP - 1), "kernel mappings") == 0);
	KT_CHECK(strcmp(mmu_describe((vaddr_t)innermost), "kernel text") == 0);
	KT_CHECK(strcmp(mmu_describe((vaddr_t)"text"), "kernel constants") == 0);
	int local;
	KT_CHECK(strcmp(mmu_describe((vaddr_t)&local), "boot stack") == 0);
	return KT_PASS;
}
