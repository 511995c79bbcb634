/* A unit test program: tests in a table, run one after another, each reported by name.
 *
 *	TEST(adds) { CHECK_EQ(1 + 1, 2); }
 *	TEST_MAIN
 *
 * Rules: a failed CHECK is reported with file, line and values, and the test goes on; the program's exit status is 1
 * where any failed. `program NAME` runs only the tests whose name contains NAME. Output is TAP, which meson counts test
 * by test. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *test_first, **test_end = &test_first;
static unsigned test_failures;

#define TEST(name_)									\
	static void test_##name_(void);							\
	__attribute__((constructor)) static void test_add_##name_(void)			\
	{										\
		static struct test t = { #name_, test_##name_, NULL };			\
		*test_end = &t;								\
		test_end = &t.next;							\
	}										\
	static void test_##name_(void)

#define TEST_FAIL(...)									\
	do {										\
		printf("# %s:%d: ", __FILE__, __LINE__);				\
		printf(__VA_ARGS__);							\
		printf("\n");								\
		test_failures++;							\
	} while (0)

#define CHECK(condition)								\
	do {										\
		if (!(condition))							\
			TEST_FAIL("%s", #condition);					\
	} while (0)

#define CHECK_EQ(a, b)									\
	do {										\
		long long test_a = (long long)(a), test_b = (long long)(b);		\
		if (test_a != test_b)							\
			TEST_FAIL("%s is %lld (%#llx), not %lld (%#llx)", #a, test_a, test_a, test_b, test_b); \
	} while (0)

#define CHECK_STR(a, b)									\
	do {										\
		const char *test_a = (a), *test_b = (b);				\
		if (strcmp(test_a, test_b) != 0)					\
			TEST_FAIL("%s is \"%s\", not \"%s\"", #a, test_a, test_b);	\
	} while (0)

static int test_run_all(const char *only)
{
	unsigned number = 0, failed = 0;

	for (struct test *t = test_first; t; t = t->next) {
		if (only && !strstr(t->name, only))
			continue;
		unsigned before = test_failures;
		t->run();
		bool ok = test_failures == before;
		failed += !ok;
		printf("%s %u - %s\n", ok ? "ok" : "not ok", ++number, t->name);
		fflush(stdout);
	}
	printf("1..%u\n", number);
	return failed || !number;
}

#define TEST_MAIN									\
	int main(int argc, char **argv)							\
	{										\
		return test_run_all(argc > 1 ? argv[1] : NULL);				\
	}

#endif
