/* Tests that run in the kernel.
 *
 *	KERNEL_TEST(frames_are_aligned) { KT_CHECK(frame_alloc(FRAME_KERNEL) % 4096 == 0); return KT_PASS; }
 *
 * Rules
 * - A test is a function in a table; it returns KT_PASS, KT_FAIL or KT_SKIP, and runs at the monitor of the test kernel
 *   by `test [NAME]`.
 * - KERNEL_TEST_PANIC is a test that must end in a panic: it runs only by name, in a boot of its own, and passes where
 *   the boot ends with the panic's exit status and text (tests/boot/cases.py).
 * - KERNEL_TEST_ALLOC is a test that runs once as it is, and then again and again, with the first, the second, …
 *   allocation in it failing, until it passes without one. Where an allocation fails it frees what it has and returns
 *   KT_NO_MEMORY, or goes on and passes; each run but the first must leave nothing allocated. Builds that cannot inject
 *   failures run it once.
 * - Results go to the log as "test: NAME: pass". `test` ends the emulator with the failure status where one failed. */
#ifndef TESTS_KERNEL_FRAMEWORK_H
#define TESTS_KERNEL_FRAMEWORK_H

#include "kernel/core/log.h"

/* Tests misuse locks, and leave by KT_CHECK with one held: the compiler's check is for what they test. */
#pragma clang diagnostic ignored "-Wthread-safety-analysis"

enum kernel_test_result { KT_PASS, KT_FAIL, KT_SKIP, KT_NO_MEMORY };
enum kernel_test_kind { KT_PLAIN, KT_PANICS, KT_ALLOCATES };

struct kernel_test {
	const char *name;
	enum kernel_test_result (*run)(void);
	enum kernel_test_kind kind;
};

/* All that are registered, gathered by the linker. */
extern const struct kernel_test kernel_tests_start[], kernel_tests_end[];

#define KERNEL_TEST_ENTRY(name_, kind_)						\
	static enum kernel_test_result test_##name_(void);				\
	static const struct kernel_test kernel_test_##name_				\
	__attribute__((section(".kernel_tests." #name_), used, aligned(8))) = { #name_, test_##name_, kind_ }; \
	static enum kernel_test_result test_##name_(void)
#define KERNEL_TEST(name_) KERNEL_TEST_ENTRY(name_, KT_PLAIN)
#define KERNEL_TEST_PANIC(name_) KERNEL_TEST_ENTRY(name_, KT_PANICS)
#define KERNEL_TEST_ALLOC(name_) KERNEL_TEST_ENTRY(name_, KT_ALLOCATES)

/* How many messages of the log, from a position on, begin with a text. */
unsigned kt_logged(uint64_t position, const char *start);

#define KT_CHECK(condition)								\
	do {										\
		if (!(condition)) {							\
			pr_err("test: %s:%d: %s is false", __FILE_NAME__, __LINE__, #condition); \
			return KT_FAIL;							\
		}									\
	} while (0)

#endif
