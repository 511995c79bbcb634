/* Line editing, judged by what a terminal shows: the editor's output goes through the real terminal
 * (kernel/drivers/console/vt.h), so echo, cursor and text must agree on the screen as they do in the buffer. */
#include "kernel/core/lineedit.h"

#include <stdio.h>

#include "kernel/drivers/console/vt.h"
#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define COLUMNS 300
#define ROWS 4

static struct vt vt;
static cell_t cells[COLUMNS * ROWS];
static struct lineedit edit;

static void emit(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] == '\n' ? vt_write(&vt, "\r\n", 2) : vt_write(&vt, text + i, 1);
}

static const char *const commands[] = { "bench", "boot", "pci", "pcx", "pcx", "reboot", "report" };

static bool words(const char *line, size_t word, unsigned index, char ret[LINEEDIT_WORD])
{
	if (index >= ARRAY_SIZE(commands))
		return false;
	snprintf(ret, LINEEDIT_WORD, "%s%s", word && line[word - 1] != ';' ? "-" : "", commands[index]);
	return true;
}

static void start_on(unsigned columns)
{
	vt_init(&vt, &font_small, cells, columns, ROWS, ROWS);
	lineedit_init(&edit, "\033[92m>\033[0m ", 2, emit);
	edit.columns = columns;
	edit.words = words;
	lineedit_start(&edit);
}

static void start(void)
{
	start_on(COLUMNS);
}

/* Type bytes; true where the last one ended the line. */
static bool type(const char *keys)
{
	bool done = false;

	for (; *keys; keys++) {
		done = lineedit_byte(&edit, (uint8_t)*keys);
		if (done && keys[1])
			lineedit_start(&edit);
	}
	return done;
}

static size_t characters(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((uint8_t)text[i] & 0xc0) != 0x80;
	return count;
}

/* The row with the cursor is the prompt and a part of the text (or of what the search is, and found) with marks where
 * there is more, and the cursor stands on the character that the buffer has it on. */
static bool screen_agrees(void)
{
	struct utf8_decoder decoder = { 0 };
	const cell_t *row = vt_row(&vt, vt.y) + 2;
	char text[LINEEDIT_ROW];
	size_t cursor_byte = edit.cursor;

	if (edit.searching) {
		snprintf(text, sizeof(text), "(%s) %s", edit.search_failed ? "no match" : "search", edit.wanted);
		cursor_byte = strlen(text);
		snprintf(text + cursor_byte, sizeof(text) - cursor_byte, ": %s", edit.text);
	} else {
		memcpy(text, edit.text, edit.size + 1);
	}
	const size_t size = strlen(text), total = characters(text, size), cursor = characters(text, cursor_byte);
	const size_t first = cursor - (vt.x - 2), room = edit.columns - 3;
	uint32_t code_points[2];
	size_t at = 0;

	if (vt.x < 2 || vt.x - 2 > cursor || vt.x >= vt.columns || first + room < MIN(cursor, total) || (first && first + room > total))
		return false;
	for (size_t i = 0; i < size; i++)
		for (unsigned n = utf8_decode(&decoder, (uint8_t)text[i], code_points), k = 0; k < n; k++, at++) {
			uint32_t shown = first && at == first ? '<' : at == first + room - 1 && at + 1 < total ? '>' : code_points[k];
			if (at >= first && at < first + room && cell_glyph(row[at - first]) != font_glyph(&font_small, shown))
				return false;
			if (at == cursor && shown != code_points[k])
				return false;
		}
	for (at = MIN(total - first, room); at + 2 < vt.columns; at++)
		if (cell_glyph(row[at]) != font_glyph(&font_small, ' '))
			return false;
	return true;
}

static void check_on(const char *keys, const char *text, size_t cursor)
{
	type(keys);
	CHECK_STR(edit.text, text);
	CHECK_EQ(edit.cursor, cursor);
	CHECK_EQ(edit.size, strlen(text));
	CHECK(screen_agrees());
}

static void check(const char *keys, const char *text, size_t cursor)
{
	start();
	check_on(keys, text, cursor);
}

TEST(typing_and_moving)
{
	check("mem", "mem", 3);
	check("mm\033[De", "mem", 2);
	check("mm\002e", "mem", 2);
	check("em\001m", "mem", 1);
	check("em\033[Hm\033[F!", "mem!", 4);
	check("em\033[1~m\033[4~!", "mem!", 4);
	check("em\033OHm\033OF!", "mem!", 4);
	check("\033[D\033[C\002\006x", "x", 1);
}

TEST(erasing)
{
	check("mex\177m", "mem", 3);
	check("mex\bm", "mem", 3);
	check("\177\b", "", 0);
	check("mxem\033[D\033[D\033[D\004", "mem", 1);
	check("mxem\002\002\002\033[3~", "mem", 1);
	check("one two  \027", "one ", 4);
	check("one two\001\013", "", 0);
	check("one two\002\002\013", "one t", 5);
	check("one two\002\002\025", "wo", 0);
}

TEST(characters_of_several_bytes)
{
	check("grün", "grün", 5);
	check("grün\177\177", "gr", 2);
	check("grün\033[D\033[D\004", "grn", 2);
	check("да\033[Dн\033[D\033[D!", "!дна", 1);
}

TEST(end_of_line)
{
	start();
	CHECK(type("mem\r"));
	CHECK_STR(edit.text, "mem");
	start();
	CHECK(type("mem\n"));
	start();
	type("one\r\ntwo");		/* CR LF is one key */
	CHECK_STR(edit.text, "two");
	start();
	CHECK(type("mem\003"));
	CHECK_STR(edit.text, "");
}

TEST(history)
{
	start();
	type("first\rsecond\r\rsecond\rnew");
	type("\033[A");
	CHECK_STR(edit.text, "second");
	type("\033[A");
	CHECK_STR(edit.text, "first");	/* a line repeated, and an empty one, are kept once and not at all */
	type("\033[A");
	CHECK_STR(edit.text, "first");
	type("\033[B\033[B");
	CHECK_STR(edit.text, "new");	/* what was being typed comes back */
	type("\033[B");
	CHECK_STR(edit.text, "new");
	CHECK(screen_agrees());
}

TEST(history_keeps_a_line_once)
{
	char line[8];

	start();
	type("one\rtwo\rone\r");
	CHECK_EQ(edit.history_count, 2);
	type("\033[A\033[A");
	CHECK_STR(edit.text, "two");
	for (unsigned i = 0; i < LINEEDIT_HISTORY + 3; i++) {
		snprintf(line, sizeof(line), "\025n%u\r", i);
		type(line);
		lineedit_start(&edit);
	}
	CHECK_EQ(edit.history_count, LINEEDIT_HISTORY);
	for (unsigned i = 0; i < LINEEDIT_HISTORY + 5; i++)
		type("\033[A");
	CHECK_STR(edit.text, "n3");
	CHECK(screen_agrees());
}

TEST(history_is_searched)
{
	start();
	type("report json\rpci -v\rpci\rboot\rpci\022");
	CHECK_STR(edit.text, "pci");
	type("\022");
	CHECK_STR(edit.text, "pci -v");
	CHECK(!edit.search_failed);
	type("\022");
	CHECK_STR(edit.text, "pci -v");	/* no older one */
	CHECK(edit.search_failed);
	CHECK(screen_agrees());
	type("\033[B\033[B\033[B");
	CHECK_STR(edit.text, "pci");
	type("\025o\022\022");
	CHECK_STR(edit.text, "report json");
	CHECK(screen_agrees());
}

/* Start with lines to be found, and type; what is found, and where the search is. */
static void check_search(const char *keys, const char *text, const char *wanted, bool failed)
{
	start();
	type("report json\rpci -v\rgrün\rboot\rmem\r");
	lineedit_start(&edit);
	type(keys);
	CHECK_STR(edit.text, text);
	CHECK(edit.searching);
	CHECK_STR(edit.wanted, wanted);
	CHECK_EQ(edit.wanted_size, strlen(wanted));
	CHECK_EQ(edit.search_failed, failed);
	CHECK(screen_agrees());
}

TEST(search_goes_with_each_key)
{
	check_search("\022", "", "", false);
	check_search("\022o", "boot", "o", false);
	check_search("\022or", "report json", "or", false);
	check_search("\022o\022", "report json", "o", false);
	check_search("\022ox", "boot", "ox", true);		/* the last one found stays */
	check_search("\022ox\177", "boot", "o", false);
	check_search("\022o\022\177r", "grün", "r", false);	/* less begins anew */
	check_search("\022o\022\b\b", "", "", false);
	check_search("\022ü", "grün", "ü", false);
	check_search("\022rü\177", "grün", "r", false);
	check_search("\022o\022\022o", "report json", "oo", true);	/* never back to a newer one */
	check_search("\022\022\022", "boot", "", false);
	check_search("-v\022", "pci -v", "-v", false);
	check_search("x\022\177", "x", "", false);		/* nothing is wanted: what was typed */
	check_search("x\022", "x", "x", true);
}

static void check_taken(const char *keys, const char *text, size_t cursor)
{
	start();
	type("report json\rpci -v\rboot\r");
	lineedit_start(&edit);
	check_on(keys, text, cursor);
	CHECK(!edit.searching);
}

TEST(search_ends)
{
	check_taken("\022pc\033[D!", "pci -!v", 6);
	check_taken("\022pc\033[H!", "!pci -v", 1);
	check_taken("\022pc\033OH!", "!pci -v", 1);
	check_taken("\022pc\033[A", "report json", 11);
	check_taken("\022pc\033[B", "boot", 4);
	check_taken("\022pc\033[B\033[B", "", 0);
	check_taken("\022pc\033b", "pci -vb", 7);	/* Escape alone, and a letter: not Alt-B */
	check_taken("\022pc\033\033b", "pci -v", 4);
	check_taken("\022pc\001!", "!pci -v", 1);
	check_taken("\022pc\013", "pci -v", 6);
	check_taken("\022xyz\033[D", "", 0);
	check_taken("re\022pc\007", "re", 2);
	check_taken("re\022pc\003!", "re!", 3);
	check_taken("re\022\022\007", "re", 2);
	check_taken("\022p\007\022b\033[C", "boot", 4);
	check_taken("\033[A!\022\007", "boot!", 5);	/* the line shown, not what was typed before it */
}

TEST(search_runs_what_it_found)
{
	start();
	type("report json\rpci -v\rboot\r");
	lineedit_start(&edit);
	CHECK(type("\022pc\r"));
	CHECK_STR(edit.text, "pci -v");
	CHECK_EQ(cell_glyph(vt_row(&vt, vt.y - 1)[2]), font_glyph(&font_small, 'p'));	/* the line alone stays on the screen */
	CHECK_EQ(cell_glyph(vt_row(&vt, vt.y - 1)[8]), font_glyph(&font_small, ' '));
	lineedit_start(&edit);
	CHECK(!edit.searching);
	type("\033[A");
	CHECK_STR(edit.text, "pci -v");
	start();
	CHECK(type("\022nothing\r"));
	CHECK_STR(edit.text, "");
}

TEST(search_takes_no_more_than_a_line)
{
	start();
	type("\022");
	for (unsigned i = 0; i < 2 * LINEEDIT_MAX; i++)
		type("x");
	CHECK_EQ(edit.wanted_size, LINEEDIT_MAX);
	CHECK(screen_agrees());
	start_on(20);
	for (unsigned i = 0; i < LINEEDIT_MAX; i++)
		type("x");
	type("\r");
	lineedit_start(&edit);
	type("\022");
	for (unsigned i = 0; i < LINEEDIT_MAX; i++) {
		type("x");
		CHECK(screen_agrees());
	}
	CHECK_EQ(edit.size, LINEEDIT_MAX);
	CHECK(!edit.search_failed);
	type("\022");
	CHECK(edit.search_failed);
	CHECK(screen_agrees());
}

TEST(words)
{
	check("one two\033b!", "one !two", 5);
	check("one two\033[1;5D\033[1;5D!", "!one two", 1);
	check("one two\001\033f!", "one! two", 4);
	check("one two\001\033[1;5C\033[1;3C!", "one two!", 8);
	check("one two\001\033d", " two", 0);
	check("one two\033\177", "one ", 4);
}

TEST(completion)
{
	check("be\t", "bench ", 6);
	check("b\t", "b", 1);
	check("re\tp\t", "report ", 7);
	check("pcx\t", "pcx ", 4);		/* named twice in a row: one */
	check("x\t", "x", 1);
	check("pci -re\tb\t", "pci -reboot ", 12);
	check("pci;rep\t", "pci;report ", 11);
	check("bex\033[D\t", "bench x", 6);	/* what stands behind the cursor stays there */
}

TEST(completion_lists_what_there_is)
{
	start_on(30);
	type("p\t\t");
	CHECK_STR(edit.text, "pc");
	CHECK(screen_agrees());
	CHECK_EQ(vt.y, 2);
	CHECK_EQ(cell_glyph(vt_row(&vt, 1)[0]), font_glyph(&font_small, 'p'));
	CHECK_EQ(cell_glyph(vt_row(&vt, 1)[2]), font_glyph(&font_small, 'i'));
	CHECK_EQ(cell_glyph(vt_row(&vt, 1)[7]), font_glyph(&font_small, 'x'));
}

/* The line is longer than the row: nothing may be written on another row, or where the text is not. */
TEST(a_long_line_stays_in_its_row)
{
	start_on(20);
	for (unsigned i = 0; i < 100; i++) {
		char key[2] = { (char)('a' + i % 26), 0 };
		type(key);
		CHECK(screen_agrees());
	}
	CHECK_EQ(vt.y, 0);
	for (unsigned i = 0; i < 100; i++) {
		type("\033[D");
		CHECK(screen_agrees());
	}
	CHECK_EQ(vt.x, 2);
	type("\005\177\177\001\004\004");
	CHECK(screen_agrees());
	type("\013");
	CHECK(screen_agrees());
	CHECK_EQ(edit.size, 0);
}

TEST(unknown_keys_do_nothing)
{
	check("a\033[5~\033[99;99R\033Ox\033xb\007\033[24~", "ab", 2);
	check("a\033[[A\033[[Eb", "ab", 2);
}

/* Escape alone, or a line that lost bytes: what does not belong to a sequence is a key of its own. */
TEST(a_sequence_that_does_not_end)
{
	check("abc\033\001x", "xabc", 1);
	check("abc\033[1;\001x", "xabc", 1);
	check("abc\033\033[Dx", "abxc", 3);
	check("abc\033[1\033[Dx", "abxc", 3);
	start();
	CHECK(type("mem\033\r"));
	start();
	CHECK(type("mem\033[12;\r"));
	CHECK_STR(edit.text, "mem");
}

TEST(a_line_is_drawn_anew)
{
	start();
	type("mem ü\033[D\033[D");
	emit("\r\033[Ksomebody else\n", 18);
	lineedit_draw(&edit);
	CHECK(screen_agrees());
	CHECK_EQ(edit.cursor, 3);
}

TEST(a_full_line_takes_no_more)
{
	start();
	for (unsigned i = 0; i < 2 * LINEEDIT_MAX; i++)
		type("x");
	CHECK_EQ(edit.size, LINEEDIT_MAX);
	CHECK(screen_agrees());
	type("\177y\001\004z");
	CHECK_EQ(edit.size, LINEEDIT_MAX);
	CHECK_EQ(edit.text[0], 'z');
}

static void random_keys(unsigned columns)
{
	static const char *const keys[] = {
		"a", "b", " ", "ü", "日", "\177", "\001", "\005", "\002", "\006", "\004", "\013", "\025", "\027", "\033[A", "\033[B", "\033[D", "\033[C",
		"\033[3~", "\r", "\014", "xyz", "\003", "\007", "\033", "\t", "\022", "\033b", "\033f", "\033d", "ein langes Wort", "re",
	};
	start_on(columns);
	for (unsigned i = 0; i < 10000; i++) {
		if (type(keys[random_under(ARRAY_SIZE(keys))]))
			lineedit_start(&edit);
		CHECK(edit.cursor <= edit.size && edit.size <= LINEEDIT_MAX);
		CHECK(edit.text[edit.size] == '\0');
		CHECK(edit.wanted[edit.wanted_size] == '\0');
		if (!screen_agrees()) {
			TEST_FAIL("step %u: \"%s\" with the cursor at %zu is not what the screen shows (columns %u, at %u)", i, edit.text,
				  edit.cursor, columns, vt.x);
			return;
		}
	}
}

TEST(random_keys_keep_screen_and_buffer_together)
{
	random_keys(COLUMNS);
	random_keys(80);
	random_keys(25);
}

TEST_MAIN
