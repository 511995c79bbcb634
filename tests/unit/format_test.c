/* lib/format.c, with the host's snprintf as the oracle wherever the C standard defines what comes out. */
#include "tests/unit/test.h"

#include <limits.h>

#include "lib/format.h"
#include "lib/types.h"

/* For formats that the compiler would rightly complain about. */
static int format_unchecked(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	const int length = kvsnprintf(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}

/* Print one number both ways. */
static void compare(const char *format, const char *length, long long value)
{
	char ours[128], theirs[128];
	int our_length, their_length;

	if (length[0] == 'l' || length[0] == 'j' || length[0] == 'z' || length[0] == 't') {
		our_length = format_unchecked(ours, sizeof(ours), format, value);
		their_length = snprintf(theirs, sizeof(theirs), format, value);
	} else {
		our_length = format_unchecked(ours, sizeof(ours), format, (int)value);
		their_length = snprintf(theirs, sizeof(theirs), format, (int)value);
	}
	if (our_length != their_length || strcmp(ours, theirs) != 0)
		TEST_FAIL("\"%s\" of %lld gives \"%s\" (%d), not \"%s\" (%d)", format, value, ours, our_length,
			  theirs, their_length);
}

static void compare_values(const char *flags, const char *width, const char *precision, const char *length, char letter)
{
	static const long long values[] = { 0, 1, -1, 7, -8, 255, 65536, INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN };
	char format[32];

	snprintf(format, sizeof(format), "%%%s%s%s%s%c", flags, width, precision, length, letter);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		compare(format, length, values[i]);
}

/* Every combination of flags, with widths, precisions, lengths and conversions. */
TEST(integers_as_the_host_prints_them)
{
	static const char *const widths[] = { "", "1", "5", "30" };
	static const char *const precisions[] = { "", ".", ".0", ".3", ".25" };
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "j", "z", "t" };

	for (unsigned set = 0; set < 32; set++) {
		char flags[6] = "";

		for (unsigned i = 0; i < 5; i++) {
			if (set >> i & 1)
				strncat(flags, &"-+ 0#"[i], 1);
		}
		for (unsigned i = 0; i < 4 * 5 * 8; i++) {
			for (const char *letter = "diuxXo"; *letter; letter++)
				compare_values(flags, widths[i % 4], precisions[i / 4 % 5], lengths[i / 20], *letter);
		}
	}
}

TEST(strings_and_characters_as_the_host_prints_them)
{
	static const char *const formats[] = { "%s", "%10s", "%-10s|", "%.2s", "%10.2s", "%-10.2s|",
					       "%.0s", "%.s", "%2s", "%.100s" };
	static const char *const texts[] = { "", "a", "text", "Gr\xc3\xbc\xc3\x9f" };
	char ours[128], theirs[128];

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			const int length = format_unchecked(ours, sizeof(ours), formats[i], texts[k]);

			CHECK_EQ(length, snprintf(theirs, sizeof(theirs), formats[i], texts[k]));
			CHECK_STR(ours, theirs);
		}
	}
	ksnprintf(ours, sizeof(ours), "[%c|%3c|%-3c|%%|%d%%]", 'a', 'b', 'c', 5);
	CHECK_STR(ours, "[a|  b|c  |%|5%]");
	CHECK_EQ(ksnprintf(ours, sizeof(ours), "a%cb", 0), 3);
	CHECK(memcmp(ours, "a\0b", 4) == 0);
}

TEST(width_and_precision_from_arguments)
{
	char text[64];

	ksnprintf(text, sizeof(text), "[%*d|%-*d|%*d|%.*s|%.*d]", 4, 7, 4, 7, -4, 7, 2, "abc", -1, 9);
	CHECK_STR(text, "[   7|7   |7   |ab|9]");
}

/* A precision is a promise that no more is read: the sanitizer watches. */
TEST(precision_reads_no_further)
{
	char *unterminated = malloc(3), text[16];

	if (!unterminated)
		exit(1);
	memcpy(unterminated, "xyz", 3);
	CHECK_EQ(ksnprintf(text, sizeof(text), "%.3s", unterminated), 3);
	CHECK_STR(text, "xyz");
	free(unterminated);
}

TEST(pointers_and_null)
{
	char text[64];

	ksnprintf(text, sizeof(text), "%p %p", (void *)0x1234abcd, (void *)0);
	CHECK_STR(text, "0x000000001234abcd 0x0000000000000000");
	ksnprintf(text, sizeof(text), "%p", (void *)UINTPTR_MAX);
	CHECK_STR(text, "0xffffffffffffffff");
	ksnprintf(text, sizeof(text), "[%20p]", (void *)1);
	CHECK_STR(text, "[  0x0000000000000001]");
	format_unchecked(text, sizeof(text), "%s %5.3s", NULL, NULL);
	CHECK_STR(text, "(null)   (nu");
}

TEST(unknown_conversions_print_themselves)
{
	char text[64];
	int written = 77;

	format_unchecked(text, sizeof(text), "a %k b %-08.3lly c");
	CHECK_STR(text, "a %k b %-08.3lly c");
	CHECK_EQ(format_unchecked(text, sizeof(text), "50%"), 3);
	CHECK_STR(text, "50%");
	format_unchecked(text, sizeof(text), "%-5l");
	CHECK_STR(text, "%-5l");
	format_unchecked(text, sizeof(text), "%n", &written);	/* writes to nowhere */
	CHECK_STR(text, "%n");
	CHECK_EQ(written, 77);
	format_unchecked(text, sizeof(text), "%f");	/* kernels have no floating point */
	CHECK_STR(text, "%f");
}

TEST(what_does_not_fit_is_counted)
{
	char text[32];

	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		CHECK_EQ(ksnprintf(text, size, "%s-%05d-%-6s|", "abc", 42, "xy"), 17);
		for (size_t i = size; i < sizeof(text); i++)
			CHECK_EQ(text[i], '#');
		if (size)
			CHECK(strlen(text) == MIN(size - 1, 17) && !strncmp(text, "abc-00042-xy    |", strlen(text)));
	}
	CHECK_EQ(ksnprintf(NULL, 0, "%d", 12345), 5);
}

/* A width of 2^31 - 1 is legal: no time, no write behind the end, and no length that wraps. */
TEST(huge_widths)
{
	char text[8];

	CHECK_EQ(ksnprintf(text, sizeof(text), "%2147483647d", 1), INT_MAX);
	CHECK_STR(text, "       ");
	CHECK_EQ(format_unchecked(text, sizeof(text), "%99999999999999999999d%d", 1, 2), INT_MAX);
	CHECK_EQ(ksnprintf(text, sizeof(text), "%*d", INT_MIN, 1), INT_MAX);
	CHECK_STR(text, "1      ");
	CHECK_EQ(ksnprintf(text, sizeof(text), "%.2147483647d", 1), INT_MAX);
	CHECK_STR(text, "0000000");
}

static int twice(char *a, char *b, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	const int first = kvsnprintf(a, size, format, arguments), second = kvsnprintf(b, size, format, arguments);
	va_end(arguments);
	return first == second;
}

TEST(the_callers_list_is_left_alone)
{
	char a[32], b[32];

	CHECK(twice(a, b, sizeof(a), "%d %s %d", 1, "two", 3));
	CHECK_STR(a, "1 two 3");
	CHECK_STR(b, "1 two 3");
}

TEST_MAIN
