/* The terminal: a table of inputs and the screens they must leave, then what a table cannot say. Each case also runs
 * byte by byte, and on cells that end exactly where the screen does, so that the sanitizer sees every step aside. */
#include "kernel/drivers/console/vt.h"
#include "tests/unit/test.h"

enum { HISTORY = 3 };	/* rows in the ring beyond the screen */

struct screen {
	struct vt vt;
	cell_t *cells;
};

static void screen_open(struct screen *s, uint32_t columns, uint32_t rows, uint32_t history)
{
	s->cells = malloc((size_t)columns * history * sizeof(cell_t));
	vt_init(&s->vt, &font_small, s->cells, columns, rows, history);
}

static void screen_close(struct screen *s)
{
	free(s->cells);
}

static void screen_write(struct screen *s, const char *text)
{
	vt_write(&s->vt, text, strlen(text));
}

/* What must hold whatever was written. */
static bool screen_is_sane(const struct screen *s)
{
	const struct vt *vt = &s->vt;

	if (vt->x > vt->columns || vt->y >= vt->rows || (vt->x == vt->columns && !vt->wrap) || vt->top >= vt->history)
		return false;
	if (vt->region_top >= vt->region_bottom || vt->region_bottom > vt->rows || vt->answer_size > sizeof(vt->answer))
		return false;
	for (size_t i = 0; i < (size_t)vt->columns * vt->history; i++)
		if (cell_glyph(vt->cells[i]) >= font_small.glyph_count)
			return false;
	return true;
}

/* Compare a row with UTF-8 text; what the text does not reach must be blank. */
static bool row_is(const struct vt *vt, uint32_t y, const char *text, size_t size)
{
	const cell_t *cell = vt_row(vt, y);
	struct utf8_decoder decoder = { 0 };
	uint32_t x = 0, code_points[2];

	for (size_t i = 0; i < size; i++)
		if (utf8_decode(&decoder, (uint8_t)text[i], code_points) == 1)
			if (x == vt->columns || cell_glyph(cell[x++]) != font_glyph(&font_small, code_points[0]))
				return false;
	for (; x < vt->columns; x++)
		if (cell_glyph(cell[x]) != font_glyph(&font_small, ' '))
			return false;
	return true;
}

/* The screen as text, for messages: ? stands for what is no ASCII. */
static const char *row_text(const struct vt *vt, uint32_t y)
{
	static char text[VT_COLUMNS_MAX + 1];

	for (uint32_t x = 0; x < vt->columns; x++) {
		uint16_t glyph = cell_glyph(vt_row(vt, y)[x]);
		text[x] = glyph >= 1 && glyph <= 95 ? (char)(glyph + 0x1f) : '?';
	}
	text[vt->columns] = 0;
	return text;
}

/* `wanted` has the rows divided by |; rows left out are blank. */
static void check_screen(const struct screen *s, const char *input, const char *wanted, uint32_t x, uint32_t y)
{
	const struct vt *vt = &s->vt;

	for (uint32_t row = 0; row < vt->rows; row++) {
		size_t size = strcspn(wanted, "|");
		if (!row_is(vt, row, wanted, size))
			TEST_FAIL("after %s: row %" PRIu32 " is \"%s\", not \"%.*s\"", input, row, row_text(vt, row), (int)size, wanted);
		wanted += size + (wanted[size] == '|');
	}
	if (vt->x != x || vt->y != y)
		TEST_FAIL("after %s: cursor at %" PRIu32 ",%" PRIu32 ", not %" PRIu32 ",%" PRIu32, input, vt->x, vt->y, x, y);
	if (!screen_is_sane(s))
		TEST_FAIL("after %s: state out of bounds", input);
}

struct screen_case {
	const char *name;
	uint32_t columns, rows;
	const char *input, *wanted;
	uint32_t x, y;
};

static void run_cases(const struct screen_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct screen_case *c = &cases[i];
		/* Whole with some history, then byte by byte without any. */
		for (unsigned by_byte = 0; by_byte < 2; by_byte++) {
			struct screen s;
			screen_open(&s, c->columns, c->rows, c->rows + (by_byte ? 0 : HISTORY));
			if (by_byte)
				for (const char *p = c->input; *p; p++)
					vt_write(&s.vt, p, 1);
			else
				screen_write(&s, c->input);
			check_screen(&s, c->name, c->wanted, c->x, c->y);
			screen_close(&s);
		}
	}
}

#define E "\033"
#define FILL "aaaa\r\nbbbb\r\ncccc\r\ndddd"	/* a 4x4 screen, the cursor behind the last d */

TEST(text_and_controls)
{
	static const struct screen_case cases[] = {
		{ "nothing", 4, 2, "", "", 0, 0 },
		{ "text", 8, 2, "Hi ~!", "Hi ~!", 5, 0 },
		{ "new line", 8, 2, "ab\r\ncd", "ab|cd", 2, 1 },
		{ "LF stays in the column", 8, 2, "ab\ncd", "ab|  cd", 4, 1 },
		{ "VT and FF are LF", 8, 3, "a\vb\fc", "a| b|  c", 3, 2 },
		{ "CR overwrites", 8, 1, "abc\rX", "Xbc", 1, 0 },
		{ "BS", 8, 1, "abc\b\bX", "aXc", 2, 0 },
		{ "BS at the left", 8, 1, "\b\bX", "X", 1, 0 },
		{ "BEL, DEL, NUL-like and shifts do nothing", 8, 1, "a\a\177\016\017\001b", "ab", 2, 0 },
		{ "tabs", 20, 1, "\ta\tb", "        a       b", 17, 0 },
		{ "tab at the end", 10, 1, "\t\t\tX", "         X", 10, 0 },
		{ "tab beyond the end", 4, 1, "abcd\tX", "abcX", 4, 0 },
		{ "deferred wrap", 4, 2, "abcd", "abcd", 4, 0 },
		{ "wrap", 4, 2, "abcde", "abcd|e", 1, 1 },
		{ "full line, new line", 4, 3, "abcd\r\nef", "abcd|ef", 2, 1 },
		{ "full line, LF", 4, 3, "abcd\nX", "abcd|   X", 4, 1 },
		{ "BS while the wrap waits", 4, 2, "abcd\bX", "abXd", 3, 0 },
		{ "SGR keeps the wrap waiting", 4, 2, "abcd" E "[1mX", "abcd|X", 1, 1 },
		{ "a move takes the wrap back", 4, 2, "abcd" E "[AX", "abcX", 4, 0 },
		{ "long run", 3, 4, "abcdefghijk", "abc|def|ghi|jk", 2, 3 },
		{ "scroll", 3, 2, "1\r\n2\r\n3\r\n4", "3|4", 1, 1 },
		{ "run that scrolls", 3, 2, "abcdefghi", "def|ghi", 3, 1 },
		{ "wrap off", 4, 2, E "[?7labcdefg", "abcg", 3, 0 },
		{ "wrap off while it waits", 4, 2, "abcd" E "[?7lX", "abcX", 3, 0 },
		{ "wrap on again", 4, 2, E "[?7labcde" E "[?7hfg", "abcf|g", 1, 1 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(utf8)
{
	static const struct screen_case cases[] = {
		{ "Latin, box, Greek, Cyrillic", 8, 1, "\xc3\xa4\xe2\x94\x80\xce\xa9\xd0\xaf", "\xc3\xa4\xe2\x94\x80\xce\xa9\xd0\xaf", 4, 0 },
		{ "not in the font", 8, 1, "a\xf0\x9f\x98\x80" "b", "a\xef\xbf\xbd" "b", 3, 0 },
		{ "wide takes one cell", 8, 1, "\xe4\xb8\x80x", "\xef\xbf\xbdx", 2, 0 },
		{ "combining marks are dropped", 8, 1, "e\xcc\x81\xe2\x80\x8bx\xef\xb8\x8f\xef\xbb\xbf", "ex", 2, 0 },
		{ "mark while the wrap waits", 2, 2, "ab\xcc\x81", "ab", 2, 0 },
		{ "wraps too", 2, 2, "\xc3\xa4\xc3\xb6\xc3\xbc", "\xc3\xa4\xc3\xb6|\xc3\xbc", 1, 1 },
		{ "stray continuation", 8, 1, "a\x80" "b", "a\xef\xbf\xbd" "b", 3, 0 },
		{ "broken off by text", 8, 1, "a\xe2\x94" "b", "a\xef\xbf\xbd" "b", 3, 0 },
		{ "broken off by ESC", 8, 1, "a\xe2\x94" E "[Db", "ab", 2, 0 },
		{ "broken off by LF", 8, 2, "\xc3\nb", "\xef\xbf\xbd| b", 2, 1 },
		{ "surrogate", 8, 1, "\xed\xa0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx", 4, 0 },
		{ "overlong", 8, 1, "\xc0\xafx", "\xef\xbf\xbd\xef\xbf\xbdx", 3, 0 },
		{ "U+009B is CSI", 8, 2, "ab\xc2\x9b" "2DX", "Xb", 1, 0 },
		{ "other C1 are no controls", 8, 2, "a\xc2\x85" "b\xc2\x9d" "c", "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c", 5, 0 },
		{ "raw C1 byte is broken UTF-8", 8, 2, "a\x9b" "2D", "a\xef\xbf\xbd" "2D", 4, 0 },
		{ "ends a sequence", 8, 1, "ab" E "[2\xc3\xa4" "Dc", "abDc", 4, 0 },
		{ "broken in a sequence", 8, 1, "ab" E "[2\x80" "Dc", "abDc", 4, 0 },
		{ "begun in a sequence, broken by its final", 8, 1, "ab" E "[2\xc3" "Dc", "abDc", 4, 0 },
		{ "after ESC", 8, 1, "ab" E "\xc3\xa4" "c", "abc", 3, 0 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(cursor_movement)
{
	static const struct screen_case cases[] = {
		{ "position", 8, 4, E "[2;3HX", "|  X", 3, 1 },
		{ "position f", 8, 4, E "[3;1fX", "||X", 1, 2 },
		{ "home", 8, 4, "ab" E "[HX", "Xb", 1, 0 },
		{ "zeros are ones", 8, 4, "ab" E "[0;0HX", "Xb", 1, 0 },
		{ "first parameter left out", 8, 4, E "[;5HX", "    X", 5, 0 },
		{ "up down forward back", 8, 4, E "[3;3H" E "[A" E "[C" E "[2B" E "[2DX", "||| X", 2, 3 },
		{ "e and a", 8, 4, E "[2e" E "[3aX", "||   X", 4, 2 },
		{ "next and previous line", 8, 4, "ab" E "[2EX" E "[FY", "ab|Y|X", 1, 1 },
		{ "column G", 8, 2, "abcdef" E "[2GX", "aXcdef", 2, 0 },
		{ "column `", 8, 2, "abcdef" E "[4`X", "abcXef", 4, 0 },
		{ "row d", 8, 3, "ab" E "[3dX", "ab||  X", 3, 2 },
		{ "clamped", 4, 3, E "[99;99HX", "||   X", 4, 2 },
		{ "huge", 4, 3, E "[99999999999;4294967297HX", "||   X", 4, 2 },
		{ "clamped moves", 4, 3, E "[9B" E "[9C" E "[9999A" E "[99999DX", "X", 1, 0 },
		{ "save and restore", 8, 3, "ab" E "7" E "[3;3Hx" E "8y", "aby||  x", 3, 0 },
		{ "save and restore by CSI", 8, 3, "ab" E "[s" E "[3;3Hx" E "[uy", "aby||  x", 3, 0 },
		{ "restore without save", 8, 3, "ab" E "8X", "Xb", 1, 0 },
		{ "the waiting wrap is saved too", 4, 2, "abcd" E "7" E "[H" E "8X", "abcd|X", 1, 1 },
		{ "but not restored without wrapping", 4, 2, "abcd" E "7" E "[?7l" E "8X", "abcX", 3, 0 },
		{ "index", 4, 3, "a" E "Db", "a| b", 2, 1 },
		{ "next line", 4, 3, "a" E "Eb", "a|b", 1, 1 },
		{ "reverse index", 4, 3, "a\nb" E "Mc", "a c| b", 3, 0 },
		{ "index scrolls", 4, 2, "a\r\nb" E "D", "b|", 1, 1 },
		{ "reverse index scrolls", 4, 2, "a\r\nb" E "[H" E "M", "|a", 0, 0 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(erasing_and_shifting)
{
	static const struct screen_case cases[] = {
		{ "J", 4, 4, FILL E "[2;3H" E "[J", "aaaa|bb", 2, 1 },
		{ "1J", 4, 4, FILL E "[2;3H" E "[1J", "|   b|cccc|dddd", 2, 1 },
		{ "2J", 4, 4, FILL E "[2;3H" E "[2J", "", 2, 1 },
		{ "3J", 4, 4, FILL E "[2;3H" E "[3J", "", 2, 1 },
		{ "4J does nothing", 4, 4, FILL E "[2;3H" E "[4J", "aaaa|bbbb|cccc|dddd", 2, 1 },
		{ "K", 4, 4, FILL E "[2;3H" E "[K", "aaaa|bb|cccc|dddd", 2, 1 },
		{ "1K", 4, 4, FILL E "[2;3H" E "[1K", "aaaa|   b|cccc|dddd", 2, 1 },
		{ "2K", 4, 4, FILL E "[2;3H" E "[2K", "aaaa||cccc|dddd", 2, 1 },
		{ "3K does nothing", 4, 4, FILL E "[2;3H" E "[3K", "aaaa|bbbb|cccc|dddd", 2, 1 },
		{ "K while the wrap waits", 4, 1, "abcd" E "[K", "abc", 3, 0 },
		{ "1K while the wrap waits", 4, 1, "abcd" E "[1K", "", 3, 0 },
		{ "X", 8, 1, "abcdef" E "[2G" E "[3X", "a   ef", 1, 0 },
		{ "X to the edge", 4, 2, "abcd\r\nefgh" E "[1;3H" E "[9999X", "ab|efgh", 2, 0 },
		{ "@", 6, 1, "abcdef" E "[2G" E "[2@", "a  bcd", 1, 0 },
		{ "@ all", 4, 2, "abcd\r\nefgh" E "[1;2H" E "[9999@", "a|efgh", 1, 0 },
		{ "P", 6, 1, "abcdef" E "[2G" E "[2P", "adef", 1, 0 },
		{ "P all", 4, 2, "abcd\r\nefgh" E "[1;2H" E "[9999P", "a|efgh", 1, 0 },
		{ "P in the last column", 4, 1, "abcd" E "[P", "abc", 3, 0 },
		{ "insert mode", 6, 1, "abcd" E "[2G" E "[4hXY" E "[4lZ", "aXYZcd", 4, 0 },
		{ "insert mode pushes out", 4, 2, "abcd" E "[1G" E "[4hXY", "XYab", 2, 0 },
		{ "insert mode wraps", 2, 2, E "[4habc", "ab|c", 1, 1 },
		{ "L", 4, 4, FILL E "[2;3H" E "[L", "aaaa||bbbb|cccc", 2, 1 },
		{ "L all", 4, 4, FILL E "[2;3H" E "[9999L", "aaaa", 2, 1 },
		{ "M", 4, 4, FILL E "[2;3H" E "[M", "aaaa|cccc|dddd", 2, 1 },
		{ "M all", 4, 4, FILL E "[2;3H" E "[9999M", "aaaa", 2, 1 },
		{ "M in the first row", 4, 4, FILL E "[1;1H" E "[2M", "cccc|dddd", 0, 0 },
		{ "RIS", 4, 4, FILL E "[2;3r" E "[4h" E "[?7l" E "cxyzuv", "xyzu|v", 1, 1 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(scroll_regions)
{
	static const struct screen_case cases[] = {
		{ "setting goes home", 4, 4, FILL E "[2;3r", "aaaa|bbbb|cccc|dddd", 0, 0 },
		{ "LF at the bottom margin", 4, 4, FILL E "[2;3r" E "[3;1H\n", "aaaa|cccc||dddd", 0, 2 },
		{ "LF below the region stops", 4, 4, FILL E "[2;3r" E "[4;1H\n\n", "aaaa|bbbb|cccc|dddd", 0, 3 },
		{ "LF above the region enters it", 4, 4, FILL E "[2;3r" E "[1;1H\nX", "aaaa|Xbbb|cccc|dddd", 1, 1 },
		{ "reverse index at the top margin", 4, 4, FILL E "[2;3r" E "[2;1H" E "M", "aaaa||bbbb|dddd", 0, 1 },
		{ "reverse index above the region stops", 4, 4, FILL E "[2;3r" E "[1;1H" E "M", "aaaa|bbbb|cccc|dddd", 0, 0 },
		{ "wrap at the bottom margin", 4, 4, FILL E "[2;3r" E "[3;4HXY", "aaaa|cccX|Y|dddd", 1, 2 },
		{ "wrap in the last row below the region", 4, 4, FILL E "[2;3r" E "[4;4HXY", "aaaa|bbbb|cccc|YddX", 1, 3 },
		{ "region at the top", 4, 4, FILL E "[1;2r" E "[2;1H\n", "bbbb||cccc|dddd", 0, 1 },
		{ "region at the bottom", 4, 4, FILL E "[3;4r" E "[4;1H\n", "aaaa|bbbb|dddd", 0, 3 },
		{ "whole again", 4, 4, FILL E "[2;3r" E "[r" E "[4;1H\n", "bbbb|cccc|dddd", 0, 3 },
		{ "one row is refused", 4, 4, FILL E "[2;2r", "aaaa|bbbb|cccc|dddd", 4, 3 },
		{ "upside down is refused", 4, 4, FILL E "[3;2r", "aaaa|bbbb|cccc|dddd", 4, 3 },
		{ "too low is refused", 4, 4, FILL E "[1;5r", "aaaa|bbbb|cccc|dddd", 4, 3 },
		{ "L stays in the region", 4, 4, FILL E "[2;3r" E "[2;1H" E "[L", "aaaa||bbbb|dddd", 0, 1 },
		{ "M stays in the region", 4, 4, FILL E "[2;3r" E "[2;1H" E "[M", "aaaa|cccc||dddd", 0, 1 },
		{ "L and M outside do nothing", 4, 4, FILL E "[2;3r" E "[L" E "[4;1H" E "[M", "aaaa|bbbb|cccc|dddd", 0, 3 },
		{ "L and M far below do nothing", 4, 4, FILL E "[1;2r" E "[4;1H" E "[L" E "[M", "aaaa|bbbb|cccc|dddd", 0, 3 },
		{ "origin mode", 4, 4, FILL E "[2;3r" E "[?6hX" E "[2;2HY" E "[9;9HZ", "aaaa|Xbbb|cYcZ|dddd", 4, 2 },
		{ "origin mode clamps upwards", 4, 4, FILL E "[2;3r" E "[?6h" E "[9AX", "aaaa|Xbbb|cccc|dddd", 1, 1 },
		{ "origin mode row d", 4, 4, FILL E "[2;3r" E "[?6h" E "[2dX", "aaaa|bbbb|Xccc|dddd", 1, 2 },
		{ "origin mode off goes home", 4, 4, FILL E "[2;3r" E "[?6h" E "[?6lX", "Xaaa|bbbb|cccc|dddd", 1, 0 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(tab_stops)
{
	static const struct screen_case cases[] = {
		{ "set", 20, 1, E "[4G" E "H\r\tX\tY", "   X    Y", 9, 0 },
		{ "clear one", 20, 1, E "[9G" E "[g\r\tX", "                X", 17, 0 },
		{ "clear all", 20, 1, E "[3g\tX", "                   X", 20, 0 },
		{ "RIS sets them again", 20, 1, E "[3g" E "c\tX", "        X", 9, 0 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(parser)
{
	static const struct screen_case cases[] = {
		{ "unknown final", 8, 1, "a" E "[5zb", "ab", 2, 0 },
		{ "unknown escape", 8, 1, "a" E "zb" E "=c" E ">d", "abcd", 4, 0 },
		{ "character sets", 8, 1, "a" E "(Bb" E "%Gc" E "#8d" E "$(Ce", "abcde", 5, 0 },
		{ "private markers", 8, 1, "a" E "[>cb" E "[<1mc" E "[=2hd", "abcd", 4, 0 },
		{ "? with an unknown final", 8, 1, "ab" E "[?2Dc", "abc", 3, 0 },
		{ "? in the middle", 8, 1, "ab" E "[2?Dc", "abc", 3, 0 },
		{ "intermediates", 8, 1, "ab" E "[2 qc" E "[!pd", "abcd", 4, 0 },
		{ "colon", 8, 1, "a" E "[38:2:1:2:3mb", "ab", 2, 0 },
		{ "OSC ended by BEL", 8, 1, "a" E "]0;title [2J\ab", "ab", 2, 0 },
		{ "OSC ended by ST", 8, 1, "a" E "]0;t\xc3\xa4t\n" E "\\b", "ab", 2, 0 },
		{ "DCS, SOS, PM, APC", 12, 1, "a" E "Pq#0\rx" E "\\b" E "Xx" E "\\c" E "^x" E "\\d" E "_x" E "\\e", "abcde", 5, 0 },
		{ "string ended by another sequence", 8, 1, "abc" E "]0;t" E "[2DX", "aXc", 2, 0 },
		{ "string broken off", 8, 1, "a" E "]0;t\x18" "b", "ab", 2, 0 },
		{ "control inside a sequence", 8, 2, "ab" E "[\n1DX", "ab| X", 2, 1 },
		{ "CAN and SUB", 8, 1, "a" E "[2\x18" "b" E "[2\x1a" "c", "abc", 3, 0 },
		{ "ESC restarts", 8, 1, "abc" E "[5" E "[2DX", "aXc", 2, 0 },
		{ "ESC ESC", 8, 1, "abc" E E "[2DX", "aXc", 2, 0 },
		{ "DEL inside", 8, 1, "abc" E "[\1772\177DX", "aXc", 2, 0 },
		{ "sixteen parameters and more", 8, 1, "a" E "[;;;;;;;;;;;;;;;;;;;;;;;;9;9;9;9;9mb", "ab", 2, 0 },
		{ "a later parameter is not the first", 8, 1, "abcdef" E "[;;;;;;;;;;;;;;;;;5DX", "abcdeX", 6, 0 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

TEST(screen_of_one_cell)
{
	static const struct screen_case cases[] = {
		{ "text", 1, 1, "abc", "c", 1, 0 },
		{ "wrap off", 1, 1, E "[?7labc", "c", 0, 0 },
		{ "tab, BS, LF", 1, 1, "a\t\b\n", "", 0, 0 },
		{ "insert", 1, 1, "a" E "[4hb" E "[9@", "", 0, 0 },
		{ "lines", 1, 1, "a" E "[L", "", 0, 0 },
		{ "region", 1, 1, "a" E "[1;1r" E "[9;9Hb", "b", 1, 0 },
		{ "reverse index", 1, 1, "a" E "M", "", 0, 0 },
		{ "one column", 1, 3, "abcd", "b|c|d", 1, 2 },
		{ "one row", 3, 1, "abcd", "d", 1, 0 },
	};
	run_cases(cases, ARRAY_SIZE(cases));
}

/* The colours of an X written behind `input`, and of a cell erased after it. */
static void check_colours(const char *input, uint32_t foreground, uint32_t background, uint32_t erased)
{
	struct screen s;

	screen_open(&s, 4, 1, 1);
	screen_write(&s, input);
	screen_write(&s, "X" E "[K");
	cell_t *row = vt_row(&s.vt, 0);
	if (cell_glyph(row[0]) != font_glyph_ascii('X') || cell_foreground(row[0]) != foreground || cell_background(row[0]) != background)
		TEST_FAIL("%s: %06" PRIx32 " on %06" PRIx32 ", not %06" PRIx32 " on %06" PRIx32, input + 1, cell_foreground(row[0]),
			  cell_background(row[0]), foreground, background);
	if (cell_background(row[1]) != erased)
		TEST_FAIL("%s: erased to %06" PRIx32 ", not %06" PRIx32, input + 1, cell_background(row[1]), erased);
	screen_close(&s);
}

TEST(colours)
{
	enum { F = VT_FOREGROUND, B = VT_BACKGROUND, WHITE = 0xffffff, RED = 0xe5645f, BRIGHT_RED = 0xff8a80, BLUE = 0x5c9fe8 };
	static const struct { const char *input; uint32_t foreground, background, erased; } cases[] = {
		{ E "[m", F, B, B },
		{ E "[31m", RED, B, B },
		{ E "[31;44m", RED, BLUE, BLUE },
		{ E "[91m", BRIGHT_RED, B, B },
		{ E "[101m", F, BRIGHT_RED, BRIGHT_RED },
		{ E "[1;31m", BRIGHT_RED, B, B },
		{ E "[31;1m", BRIGHT_RED, B, B },
		{ E "[1;41m", WHITE, RED, RED },
		{ E "[1;31;22m", RED, B, B },
		{ E "[1m", WHITE, B, B },
		{ E "[31m" E "[39m", F, B, B },
		{ E "[41m" E "[49m", F, B, B },
		{ E "[31;41;1;7;0m", F, B, B },
		{ E "[31;41m" E "[;m", F, B, B },
		{ E "[7m", B, F, B },
		{ E "[31;44;7m", BLUE, RED, BLUE },
		{ E "[31;44;7;27m", RED, BLUE, BLUE },
		{ E "[2m", 0x707478, B, B },
		{ E "[1;2m", 0x707478, B, B },
		{ E "[4m", 0xe7e9eb, B, B },
		{ E "[4;24m", F, B, B },
		{ E "[38;5;1m", RED, B, B },
		{ E "[38;5;16m", 0x000000, B, B },
		{ E "[38;5;21m", 0x0000ff, B, B },
		{ E "[38;5;67m", 0x5f87af, B, B },
		{ E "[38;5;231m", WHITE, B, B },
		{ E "[48;5;232m", F, 0x080808, 0x080808 },
		{ E "[38;5;255m", 0xeeeeee, B, B },
		{ E "[31;38;5;256m", RED, B, B },
		{ E "[31;38;5;9999m", RED, B, B },
		{ E "[38;2;1;2;3m", 0x010203, B, B },
		{ E "[38;2;1;2;3;48;2;4;5;6m", 0x010203, 0x040506, 0x040506 },
		{ E "[38;2;999;0;256m", 0xff00ff, B, B },
		{ E "[38;2;1;2;3;1m", 0x010203, B, B },
		{ E "[31;38m", RED, B, B },
		{ E "[31;38;5m", RED, B, B },
		{ E "[31;38;2;1;2m", RED, B, B },
		{ E "[38;5;1;44m", RED, BLUE, BLUE },
		{ E "[38;5;9;;31m", RED, B, B },
		{ E "[38;2;1;2;3m" E "[31;48;2;7;8;9m" E "[39m", F, 0x070809, 0x070809 },
		{ E "[3;5;6;8;21;98;99;108;109;110;1000m", F, B, B },
		{ E "[31m" E "7" E "[0m" E "8", RED, B, B },
		{ E "[31m" E "c", F, B, B },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_colours(cases[i].input, cases[i].foreground, cases[i].background, cases[i].erased);
}

TEST(rows_that_scroll_in_have_the_background)
{
	struct screen s;

	screen_open(&s, 2, 2, 4);
	screen_write(&s, "a\r\nb" E "[44m\n");
	CHECK_EQ(vt_row(&s.vt, 1)[0], s.vt.blank);
	CHECK_EQ(cell_background(s.vt.blank), 0x5c9fe8);
	CHECK_EQ(cell_background(vt_row(&s.vt, 0)[0]), VT_BACKGROUND);
	screen_close(&s);
}

TEST(scrolling_turns_the_ring)
{
	struct screen s;
	char line[16];

	screen_open(&s, 4, 2, 5);
	for (int i = 0; i < 23; i++) {
		snprintf(line, sizeof(line), "%s%d", i ? "\r\n" : "", i);
		screen_write(&s, line);
	}
	check_screen(&s, "23 lines", "21|22", 2, 1);
	CHECK_EQ(s.vt.scrolled, 21);
	CHECK_EQ(s.vt.top, 21 % 5);
	/* The rows before the screen's first are still in the ring. */
	CHECK(row_is(&s.vt, 4, "20", 2) && row_is(&s.vt, 3, "19", 2) && row_is(&s.vt, 2, "18", 2));
	screen_write(&s, E "[3J");
	CHECK(row_is(&s.vt, 4, "", 0));
	screen_close(&s);
}

/* A region's rows are copied: neither ring nor history may see it. */
TEST(region_scroll_leaves_the_ring)
{
	struct screen s;

	screen_open(&s, 4, 4, 8);
	screen_write(&s, FILL E "[1;3r" E "[3;1H\n\n");
	check_screen(&s, "two line feeds", "cccc|||dddd", 0, 2);
	CHECK_EQ(s.vt.scrolled, 0);
	CHECK_EQ(s.vt.top, 0);
	screen_close(&s);
}

/* What lies behind the parameters must not see the seventeenth. */
TEST(parameters_stay_in_their_array)
{
	struct screen s;

	screen_open(&s, 4, 1, 1);
	screen_write(&s, E "[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18m");
	CHECK_EQ(s.vt.parameters[VT_PARAMETERS - 1], 16);
	CHECK_EQ(s.vt.parameter_count, VT_PARAMETERS);
	CHECK_EQ(s.vt.utf8.code_point, 0);
	CHECK_EQ(s.vt.utf8.missing, 0);
	screen_close(&s);
}

static void check_answer(const char *input, const char *answer)
{
	struct screen s;

	screen_open(&s, 40, 20, 20);
	screen_write(&s, input);
	if (s.vt.answer_size != strlen(answer) || memcmp(s.vt.answer, answer, s.vt.answer_size))
		TEST_FAIL("%s answers \"%.*s\"", input + 1, s.vt.answer_size ? s.vt.answer_size - 1 : 0, s.vt.answer + 1);
	screen_close(&s);
}

TEST(answers)
{
	check_answer(E "[5n", E "[0n");
	check_answer(E "[6n", E "[1;1R");
	check_answer(E "[12;34H" E "[6n", E "[12;34R");
	check_answer(E "[1;40HX" E "[6n", E "[1;40R");
	check_answer(E "[5;9r" E "[?6h" E "[2;3H" E "[6n", E "[2;3R");
	check_answer(E "[6n" E "[5n", E "[0n");
	check_answer(E "[n" E "[7n" E "[?6n", "");
}

TEST(largest_answer_fits)
{
	struct screen s;

	screen_open(&s, VT_COLUMNS_MAX, 10500, 10500);
	screen_write(&s, E "[9999;9999H\n" E "[6n");
	CHECK_EQ(s.vt.y, 9999);
	CHECK(s.vt.answer_size == 12 && !memcmp(s.vt.answer, E "[9999;1024R", 12));
	screen_close(&s);
}

TEST(cursor_visibility)
{
	struct screen s;

	screen_open(&s, 4, 2, 2);
	CHECK(s.vt.cursor_visible);
	screen_write(&s, E "[?25l");
	CHECK(!s.vt.cursor_visible);
	screen_write(&s, E "[?7;25h");
	CHECK(s.vt.cursor_visible && s.vt.wrap);
	screen_close(&s);
}

/* Every final character, with every kind of parameter, from every edge of screens of every small size. */
TEST(every_sequence_at_every_edge)
{
	static const char *const parameters[] = { "", "0", "1", "2;2", "3", "9999", "99999999999999999999", "?", "?6", "?7", "4", ";;;;;;;;;;;;;;;;;;7" };
	static const uint32_t sizes[] = { 1, 2, 3, 5 };
	char text[64];

	for (size_t c = 0; c < ARRAY_SIZE(sizes); c++)
		for (size_t r = 0; r < ARRAY_SIZE(sizes); r++)
			for (size_t p = 0; p < ARRAY_SIZE(parameters); p++) {
				struct screen s;
				screen_open(&s, sizes[c], sizes[r], sizes[r] + p % 3);
				for (int final = 0x40; final < 0x7f; final++)
					for (int edge = 0; edge < 6; edge++) {
						snprintf(text, sizeof(text), E "[%s;%sHw" E "[%s%cx\n" E "%cy\r\n", edge & 1 ? "999" : "", edge & 2 ? "999" : "",
							 parameters[p], final, edge & 4 ? final : 'M');
						screen_write(&s, text);
						if (!screen_is_sane(&s))
							TEST_FAIL("%ux%u: %s", sizes[c], sizes[r], text + 1);
					}
				screen_close(&s);
			}
}

static char gone[64];

static void leaving(struct vt *v, const cell_t *row)
{
	if (row)
		strncat(gone, cell_glyph(row[0]) == font_glyph(v->font, 'a') ? "a" : "?", 2);
	else
		strcat(gone, "-");
}

TEST(rows_that_leave_are_told)
{
	static cell_t few[4 * 3];
	struct vt small;

	vt_init(&small, &font_small, few, 4, 3, 3);
	small.leaving = leaving;
	vt_write(&small, "a\r\na\r\nb\r\nb\r\n", 12);
	CHECK_STR(gone, "aa");
	vt_write(&small, "\033[1;2r\n\n\n\033[r", 12);	/* within a scroll region none leaves */
	vt_write(&small, "\033[2J\033M", 6);
	CHECK_STR(gone, "aa");
	vt_write(&small, "\033[3J", 4);
	CHECK_STR(gone, "aa-");
}

TEST_MAIN
