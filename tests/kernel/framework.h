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
 *   allocation of its thread failing, until it passes without one. Where an allocation fails it frees what it has, joins
 *   its threads and returns KT_NO_MEMORY, or goes on and passes; each run but the first must leave nothing allocated. To
 *   create a thread is an allocation. kt_failing is set in these runs: a test that does much does less then. Builds
 *   that cannot inject failures run it once.
 * - A KERNEL_TEST fails if its thread allocates. The few that allocate and yet cannot be run that way are
 *   KERNEL_TEST_UNINJECTED, and say why.
 * - Results go to the log as "test: NAME: pass". `test` ends the emulator with the failure status where one failed. */
#ifndef TESTS_KERNEL_FRAMEWORK_H
#define TESTS_KERNEL_FRAMEWORK_H

#include "kernel/core/log.h"
#include "kernel/sched/thread.h"

/* Tests misuse locks, and leave by KT_CHECK with one held: the compiler's check is for what they test. */
#pragma clang diagnostic ignored "-Wthread-safety-analysis"

enum kernel_test_result { KT_PASS, KT_FAIL, KT_SKIP, KT_NO_MEMORY };
enum kernel_test_kind { KT_PLAIN, KT_PANICS, KT_ALLOCATES, KT_UNINJECTED };

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
#define KERNEL_TEST_UNINJECTED(name_, why_)					\
	_Static_assert(sizeof(why_) > 1, "a reason is given");			\
	KERNEL_TEST_ENTRY(name_, KT_UNINJECTED)

extern bool kt_failing;

/* How many messages of the log, from a position on, begin with a text. */
unsigned kt_logged(uint64_t position, const char *start);

#define KT_CHECK(condition)								\
	do {										\
		if (!(condition)) {							\
			pr_err("test: %s:%d: %s is false", __FILE_NAME__, __LINE__, #condition); \
			return KT_FAIL;							\
		}									\
	} while (0)

/* What is allocated, but for what is kept for the next who needs it: magazines, the stacks of threads that are gone.
 * Is it no more than it was before, in a second at most? The reaper may have to get through first. */
struct kt_in_use { uint64_t objects, frames; };
struct kt_in_use kt_in_use(void);
bool kt_is_back_at(struct kt_in_use before);

/* For what there may be no memory for, where nothing is to be cleaned up. */
#define KT_NEED(what)									\
	do {										\
		if (!(what))								\
			return KT_NO_MEMORY;						\
	} while (0)

/* Join a thread that may not have come to be. */
static inline int kt_join(struct thread *t)
{
	return t ? thread_join(t) : 0;
}

#endif
