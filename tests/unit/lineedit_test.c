/* Line editing, judged by what a terminal shows: the editor's output goes through the real terminal
 * (kernel/drivers/console/vt.h), so echo, cursor and text must agree on the screen as they do in the buffer. */
#include "kernel/core/lineedit.h"

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

static void start(void)
{
	vt_init(&vt, &font_small, cells, COLUMNS, ROWS, ROWS);
	lineedit_init(&edit, "> ", emit);
	lineedit_start(&edit);
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

/* The row with the cursor is the prompt and the text, and the cursor stands where the buffer has it. */
static bool screen_agrees(void)
{
	struct utf8_decoder decoder = { 0 };
	const cell_t *row = vt_row(&vt, vt.y);
	uint32_t x = 2, code_points[2];

	for (size_t i = 0; i < edit.size; i++)
		for (unsigned n = utf8_decode(&decoder, (uint8_t)edit.text[i], code_points), k = 0; k < n; k++, x++)
			if (cell_glyph(row[x]) != font_glyph(&font_small, code_points[k]))
				return false;
	for (; x < COLUMNS; x++)
		if (cell_glyph(row[x]) != font_glyph(&font_small, ' '))
			return false;
	return vt.x == 2 + characters(edit.text, edit.cursor);
}

static void check(const char *keys, const char *text, size_t cursor)
{
	start();
	type(keys);
	CHECK_STR(edit.text, text);
	CHECK_EQ(edit.cursor, cursor);
	CHECK_EQ(edit.size, strlen(text));
	CHECK(screen_agrees());
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
	CHECK_STR(edit.text, "");
	type("\033[B");
	CHECK_STR(edit.text, "");
	CHECK(screen_agrees());
}

TEST(unknown_keys_do_nothing)
{
	check("a\033[5~\033[99;99R\033Ox\033xb\007\033[24~", "ab", 2);
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

TEST(random_keys_keep_screen_and_buffer_together)
{
	static const char *const keys[] = {
		"a", "b", " ", "ü", "日", "\177", "\001", "\005", "\002", "\006", "\004", "\013", "\025", "\027", "\033[A", "\033[B", "\033[D", "\033[C",
		"\033[3~", "\r", "\014", "xyz", "\003",
	};
	start();
	for (unsigned i = 0; i < 20000; i++) {
		if (type(keys[random_under(ARRAY_SIZE(keys))]))
			lineedit_start(&edit);
		CHECK(edit.cursor <= edit.size && edit.size <= LINEEDIT_MAX);
		CHECK(edit.text[edit.size] == '\0');
		if (!screen_agrees()) {
			TEST_FAIL("step %u: \"%s\" with the cursor at %zu is not what the screen shows", i, edit.text, edit.cursor);
			return;
		}
	}
}

TEST_MAIN
