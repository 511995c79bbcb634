/* The pager, with a person who has decided beforehand which keys to press. */
#include "kernel/core/pager.h"

#include "tests/unit/test.h"

static char shown[4096];
static size_t shown_size;
static const char *keys;
static unsigned stops;
static struct pager pager;

static void emit(const char *text, size_t size)
{
	if (size > 10 && memcmp(text, "\033[7m-- more", 11) == 0) {
		text = "?";		/* one character for the whole prompt */
		size = 1;
		stops++;
	} else if (size == 4 && memcmp(text, "\r\033[K", 4) == 0) {
		return;
	}
	memcpy(shown + shown_size, text, size);
	shown_size += size;
	shown[shown_size] = '\0';
}

static uint8_t key(void)
{
	return *keys ? (uint8_t)*keys++ : 'q';
}

static void start(unsigned rows, unsigned columns, const char *pressed)
{
	keys = pressed;
	shown_size = stops = 0;
	shown[0] = '\0';
	pager.emit = emit;
	pager.key = key;
	pager_start(&pager, rows, columns);
}

static void write(const char *text)
{
	pager_write(&pager, text, strlen(text));
}

TEST(what_fits_leaves_no_question)
{
	start(4, 10, "");
	write("1\n2\n3\n");
	CHECK_STR(shown, "1\n2\n3\n");
	write("4\n");
	CHECK_STR(shown, "1\n2\n3\n?");
}

TEST(pages_and_lines)
{
	start(4, 10, "  \r");
	write("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
	CHECK_STR(shown, "1\n2\n3\n?4\n5\n6\n?7\n8\n9\n?10\n?");
	start(4, 10, "\033[6~\033[B\033[Ax");
	write("1\n2\n3\n4\n5\n6\n7\n8\n9\n");
	CHECK_STR(shown, "1\n2\n3\n?4\n5\n6\n?7\n?");
}

/* Escape, which some try first, must not cost the next key; F1 to F5 send a letter behind their sequence. */
TEST(sequences_that_are_no_keys)
{
	start(3, 10, "\033q");
	write("1\n2\n3\n4\n");
	CHECK_STR(shown, "1\n2\n?");
	start(3, 10, "\033[1;\003");
	write("1\n2\n3\n4\n");
	CHECK_STR(shown, "1\n2\n?");
	start(3, 10, "/\033[[A3\rq");
	write("1\n2\n3\n4\n");
	CHECK_STR(shown, "1\n2\n?/3…\n3\n?");
}

/* What is logged meanwhile wipes the question. */
TEST(the_question_is_drawn_anew)
{
	start(3, 10, "");
	write("1\n2\n3\n");
	shown_size = 0;
	pager_draw(&pager);
	CHECK_STR(shown, "?");
	memcpy(pager.pattern, "abc", 4);
	pager.types = true;
	shown_size = 0;
	pager_draw(&pager);
	CHECK_STR(shown, "/abc");
	pager.types = false;
}

TEST(the_rest_or_nothing)
{
	start(3, 10, "e");
	write("1\n2\n3\n4\n5\n6\n7\n");
	CHECK_STR(shown, "1\n2\n?3\n4\n5\n6\n7\n");
	start(3, 10, "\003");
	write("1\n2\n3\n4\n");
	write("5\n");
	CHECK_STR(shown, "1\n2\n?");
	pager_end(&pager);
	write("next\n");
	CHECK_STR(shown, "1\n2\n?next\n");
}

/* Long lines take more rows; sequences and the later bytes of a character take no cells. */
TEST(rows_are_counted_as_the_screen_fills_them)
{
	start(4, 4, "");
	write("abcdefgh\nx\ny");
	CHECK_STR(shown, "abcdefgh\nx\n?");
	start(4, 4, "");
	write("abcd\nabcd\nabcd\nx");
	CHECK_STR(shown, "abcd\nabcd\nabcd\n?");
	start(4, 4, "");
	write("abcdefghijklm");
	CHECK_STR(shown, "abcdefghijkl?");
	start(4, 4, "");
	write("\033[1;31mäöüß\033[0m\nb\nc\nd");
	CHECK_STR(shown, "\033[1;31mäöüß\033[0m\nb\nc\n?");
	start(4, 4, "");
	write("abc\rabcd\rabcd\n2\n3\n");
	CHECK_EQ(stops, 0);
}

TEST(search)
{
	start(4, 20, "/nee\010eds\r");
	write("1\n2\n3\n4\nno\nneeds it\nbehind\n");
	CHECK_STR(shown, "1\n2\n3\n?/nee\b \beds…\nneeds it\nbehind\n");
	CHECK(strcmp(keys, "") == 0);

	start(4, 20, "/x\r");
	write("1\n2\n3\n4");
	write("\nab");
	write("xc\nd\n");		/* a line that comes in pieces */
	CHECK_STR(shown, "1\n2\n3\n?/x…\nabxc\nd\n");

	start(4, 20, "/nothing\r");
	write("1\n2\n3\n4\n5\n6\n");
	pager_end(&pager);
	CHECK_STR(shown, "1\n2\n3\n?/nothing…\nnot found\n");
}

TEST(search_that_is_given_up)
{
	start(4, 20, "/\r/abc\003 ");
	write("1\n2\n3\n4\n");
	CHECK_STR(shown, "1\n2\n3\n?/?/abc?4\n");
}

TEST(a_long_pattern_and_a_long_line)
{
	static char pattern[80] = "/", line[700];

	memset(pattern + 1, 'p', 70);
	pattern[71] = '\r';
	start(4, 300, pattern);
	memset(line, 'p', sizeof(line) - 1);
	write("1\n2\n3\n4\n");
	write(line);
	CHECK(shown_size > 500);
}

TEST(switched_off)
{
	start(0, 0, "");
	for (unsigned i = 0; i < 500; i++)
		write("line\n");
	CHECK_EQ(stops, 0);
	CHECK_EQ(shown_size, 2500);
}

TEST_MAIN
