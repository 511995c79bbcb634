/* lib/cmdline.c: words as Linux cuts them, and lines that are made to break a parser. */
#include "tests/unit/test.h"

#include <abi/linux/errno.h>

#include "lib/cmdline.h"

/* The words of a line as "<key>" or "<key|value>", one behind the other. */
static const char *words(const char *line)
{
	static char text[512];
	struct cmdline_word word;
	size_t used = 0;

	text[0] = '\0';
	while (cmdline_next(&line, &word)) {
		CHECK(word.key_size <= strlen(word.key) && word.value_size <= (word.value ? strlen(word.value) : 0));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "<%.*s", (int)word.key_size, word.key);
		if (word.value)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "|%.*s", (int)word.value_size,
						 word.value);
		used += (size_t)snprintf(text + used, sizeof(text) - used, ">");
	}
	CHECK_EQ(*line, 0);
	return text;
}

TEST(words_and_white_space)
{
	CHECK_STR(words(""), "");
	CHECK_STR(words(" \t\r\n\v\f "), "");
	CHECK_STR(words("quiet"), "<quiet>");
	CHECK_STR(words("  a=1\tb\n c=x=y "), "<a|1><b><c|x=y>");
	CHECK_STR(words("a= b"), "<a|><b>");
	/* Bytes over 7Fh separate nothing. */
	CHECK_STR(words("gr\xc3\xbc\xc3\x9f=\xc2\xa0x"), "<gr\xc3\xbc\xc3\x9f|\xc2\xa0x>");
}

TEST(quotes_keep_white_space)
{
	CHECK_STR(words("exec=\"log; mem\" x"), "<exec|log; mem><x>");
	CHECK_STR(words("\"exec=log; mem\" x"), "<exec|log; mem><x>");
	CHECK_STR(words("\"a b\" c"), "<a b><c>");
	CHECK_STR(words("a=\"\" b"), "<a|><b>");
	CHECK_STR(words("\"\" b"), "<><b>");
	/* As in Linux: in the middle of a value they stay, and what stands behind the closing one belongs to the
	 * word. */
	CHECK_STR(words("a=x\"y z\"w b"), "<a|x\"y z\"w><b>");
	CHECK_STR(words("a=\"x y\"z b"), "<a|x y\"z><b>");
	CHECK_STR(words("a=x\"y z\" b"), "<a|x\"y z\"><b>");
	CHECK_STR(words("k\"e y=\"v b"), "<k\"e y|v><b>");
}

TEST(unclosed_quotes_reach_to_the_end)
{
	CHECK_STR(words("\""), "<>");
	CHECK_STR(words("a \""), "<a><>");
	CHECK_STR(words("a=\""), "<a|>");
	CHECK_STR(words("a=\"b c"), "<a|b c>");
	CHECK_STR(words("\"a=b c "), "<a|b c >");
	CHECK_STR(words("\"a=\""), "<a|>");
	CHECK_STR(words("\"\"\""), "<\">");
}

TEST(lone_equals_signs)
{
	CHECK_STR(words("="), "<=>");
	CHECK_STR(words("=x"), "<=x>");
	CHECK_STR(words("=="), "<=|>");
	CHECK_STR(words("a=="), "<a|=>");
	CHECK_STR(words("\"=\""), "<=>");
	CHECK_STR(words("\"=a=b\""), "<=a|b>");
}

TEST(keys_are_found_whole)
{
	struct cmdline_word word;

	CHECK(!cmdline_find("consoleblank=0", "console", &word));
	CHECK(!cmdline_find("console=ttyS0", "consoleblank", &word));
	CHECK(!cmdline_find("xconsole=1 my.console", "console", &word));
	CHECK(!cmdline_find("x=console \"y=a console=b\"", "console", &word));
	CHECK(!cmdline_find("", "console", &word));
	CHECK(!cmdline_find("Console", "console", &word));
	CHECK(cmdline_find("consoleblank=0 console=ttyS0", "console", &word) && word.value_size == 5);
}

TEST(dash_and_underscore_are_the_same_in_keys_only)
{
	char text[16];

	CHECK_EQ(cmdline_text("init-debug_level=a-b_c", "init_debug-level", text, sizeof(text)), 5);
	CHECK_STR(text, "a-b_c");
	CHECK(!cmdline_flag("initXdebug", "init_debug"));
}

TEST(the_last_one_counts)
{
	char text[16];

	CHECK_EQ(cmdline_text("a=1 a=22 b=3", "a", text, sizeof(text)), 2);
	CHECK_STR(text, "22");
	CHECK_EQ(cmdline_text("a=1 a", "a", text, sizeof(text)), 0);
	CHECK(!cmdline_flag("a a=0", "a"));
	CHECK(cmdline_flag("a=0 a", "a"));
}

TEST(what_follows_two_dashes_is_inits)
{
	struct cmdline_word word;

	CHECK(cmdline_find("a=1 -- a=2 b", "a", &word) && *word.value == '1');
	CHECK(!cmdline_find("a=1 -- a=2 b", "b", &word));
	CHECK(cmdline_find("--=x --- -_ b", "b", &word));	/* none of these is the word */
	CHECK(cmdline_find("-", "_", &word));
	CHECK_STR(words("a -- b"), "<a><--><b>");
}

TEST(text_needs_room)
{
	char text[8];

	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		CHECK_EQ(cmdline_text("key=four", "key", text, size), size < 5 ? -E2BIG : 4);
		CHECK(size < 5 ? text[0] == '#' : !strcmp(text, "four"));
		CHECK_EQ(text[size], '#');
	}
	CHECK_EQ(cmdline_text("key", "key", text, 1), 0);
	CHECK_EQ(cmdline_text("key=", "key", text, 0), -E2BIG);
	CHECK_EQ(cmdline_text("key", "yek", text, sizeof(text)), -ENOENT);
}

TEST(flags)
{
	static const char *const on[] = { "x", "x=1", "x=y", "x=yes", "x=on", "x=true", "\"x\"", "x=\"on\"" };
	static const char *const off[] = { "", "x=0", "x=n", "x=no", "x=off", "x=false", "x=", "x=11", "x=yess",
					   "x=o", "y=x", "xx" };

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (!cmdline_flag(on[i], "x"))
			TEST_FAIL("\"%s\" is not on", on[i]);
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		if (cmdline_flag(off[i], "x"))
			TEST_FAIL("\"%s\" is on", off[i]);
	}
}

static void number_is(const char *line, int result, uint64_t value)
{
	uint64_t n = 4711;
	const int got = cmdline_number(line, "n", &n);

	if (got != result || n != (result ? 4711 : value))
		TEST_FAIL("\"%s\" gives %d and %" PRIu64, line, got, n);
}

TEST(numbers)
{
	number_is("n=0", 0, 0);
	number_is("n=007", 0, 7);
	number_is("n=18446744073709551615", 0, UINT64_MAX);
	number_is("n=0xffffffffffffffff", 0, UINT64_MAX);
	number_is("n=0XaBc", 0, 0xabc);
	number_is("n=64K", 0, 64 << 10);
	number_is("n=3m", 0, 3 << 20);
	number_is("n=0x10G", 0, 16ull << 30);
	number_is("n=16777215T", 0, 16777215ull << 40);
	number_is("n=\"5\"", 0, 5);
	number_is("n=1 n=2", 0, 2);
	number_is("m=1", -ENOENT, 0);
	number_is("n=18446744073709551616", -ERANGE, 0);
	number_is("n=184467440737095516150", -ERANGE, 0);
	number_is("n=0x10000000000000000", -ERANGE, 0);
	number_is("n=16777216T", -ERANGE, 0);
	number_is("n=18014398509481984k", -ERANGE, 0);
}

TEST(what_is_no_number)
{
	static const char *const lines[] = { "n", "n=", "n=x", "n=0x", "n=0xg", "n=K", "n=-1", "n=+1", "n=1.5", "n=1KB",
					     "n=1kk", "n=1P", "n=\"1 2\"", "n=\" 1\"", "n=12a",
					     "n=0x0x1", "n=1_000", "n=5 n=", "n=1\xc2\xa0" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		number_is(lines[i], -EINVAL, 0);
}

static void size_is(const char *line, int result, uint32_t width, uint32_t height)
{
	uint32_t w = 7, h = 8;
	const int got = cmdline_size(line, "video", &w, &h);

	if (got != result || w != (result ? 7 : width) || h != (result ? 8 : height))
		TEST_FAIL("\"%s\" gives %d and %ux%u", line, got, w, h);
}

TEST(sizes)
{
	size_is("video=1920x1080", 0, 1920, 1080);
	size_is("video=1920x1080-32@60", 0, 1920, 1080);
	size_is("video=800x600@75", 0, 800, 600);
	size_is("video=800x600,rotate=1", 0, 800, 600);
	size_is("video=4294967295x1", 0, UINT32_MAX, 1);
	size_is("quiet", -ENOENT, 0, 0);
}

TEST(what_is_no_size)
{
	static const char *const lines[] = { "video", "video=", "video=x", "video=1920", "video=1920x", "video=x1080",
					     "video=1920x1080p", "video=0x600", "video=800x0", "video=4294967296x1",
					     "video=1x4294967296",
					     "video=1920*1080", "video=99999999999999999999999x1", "video=-1x5",
					     "video=1920xx1080", "video=\"1920 x1080\"" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		size_is(lines[i], -EINVAL, 0, 0);
}

TEST(check_refuses_what_is_no_text)
{
	CHECK_EQ(cmdline_check("", 0), 0);
	CHECK_EQ(cmdline_check("a\tb\r\nc", 6), 0);
	CHECK_EQ(cmdline_check("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0", 11), 0);
	CHECK_EQ(cmdline_check("a\0b", 3), -EILSEQ);
	CHECK_EQ(cmdline_check("\x1b[2J", 4), -EILSEQ);
	CHECK_EQ(cmdline_check("a\v", 2), -EILSEQ);
	CHECK_EQ(cmdline_check("\x7f", 1), -EILSEQ);
	CHECK_EQ(cmdline_check("\xc2\x9b" "2J", 4), -EILSEQ);	/* CSI as one character */
	CHECK_EQ(cmdline_check("\xff\xfe" "a", 3), -EILSEQ);
	CHECK_EQ(cmdline_check("ab\xc3", 3), -EILSEQ);
}

TEST(lines_of_full_length)
{
	static char line[CMDLINE_MAX + 1];
	struct cmdline_word word;
	char text[CMDLINE_MAX];

	memset(line, 'a', CMDLINE_MAX);
	CHECK_EQ(cmdline_check(line, CMDLINE_MAX - 1), 0);
	CHECK_EQ(cmdline_check(line, CMDLINE_MAX), -E2BIG);
	CHECK_EQ(cmdline_check("", SIZE_MAX), -E2BIG);		/* not read */

	memcpy(line, "k=\"", 3);
	line[CMDLINE_MAX - 1] = '\0';
	CHECK(cmdline_find(line, "k", &word) && word.value_size == CMDLINE_MAX - 4);
	CHECK_EQ(cmdline_text(line, "k", text, CMDLINE_MAX - 4), -E2BIG);
	CHECK_EQ(cmdline_text(line, "k", text, CMDLINE_MAX - 3), CMDLINE_MAX - 4);

	for (size_t i = 0; i < CMDLINE_MAX - 1; i++)
		line[i] = i % 2 ? ' ' : 'b';
	memcpy(line + CMDLINE_MAX - 4, "n=7", 3);
	number_is(line, 0, 7);
}

TEST_MAIN
