/* The ring of old lines, against an array that keeps them all. */
#include "kernel/drivers/console/scrollback.h"

#include "tests/unit/random.h"
#include "tests/unit/test.h"

#define COLUMNS 80
#define BLANK cell_make(1, VT_FOREGROUND, VT_BACKGROUND)

static struct scrollback back;

static void start(uint32_t size)
{
	free(back.memory);
	scrollback_init(&back, malloc(size), size);
}

static void line_make(cell_t *cells, const char *text)
{
	for (unsigned x = 0; x < COLUMNS; x++)
		cells[x] = *text ? cell_make((uint16_t)*text++, VT_FOREGROUND, VT_BACKGROUND) : BLANK;
}

static void add(const char *text)
{
	cell_t cells[COLUMNS];

	line_make(cells, text);
	scrollback_add(&back, cells, COLUMNS, BLANK);
}

static bool is(uint32_t number, const char *text)
{
	cell_t want[COLUMNS], cells[COLUMNS];

	line_make(want, text);
	scrollback_get(&back, number, cells, COLUMNS, BLANK);
	return memcmp(want, cells, sizeof(cells)) == 0;
}

TEST(lines_come_back)
{
	start(1000);
	CHECK(is(1, ""));
	add("first");
	add("");
	add("third");
	CHECK_EQ(back.lines, 3);
	CHECK(is(1, "third") && is(2, "") && is(3, "first") && is(4, "") && is(0, ""));
	scrollback_clear(&back);
	CHECK_EQ(back.lines, 0);
	CHECK(is(1, ""));
	add("again");
	CHECK(is(1, "again"));
}

TEST(blank_ends_take_no_room)
{
	start(1000);
	add("");
	CHECK_EQ(back.used, 4);
	add("ab   ");
	CHECK(back.used < 40);
}

TEST(old_lines_go)
{
	char text[16];

	start(200);
	for (unsigned i = 0; i < 1000; i++) {
		sprintf(text, "line %u", i);
		add(text);
		CHECK(is(1, text));
		CHECK(back.used <= back.size);
	}
	CHECK(back.lines >= 8 && back.lines < 20);
	CHECK(is(8, "line 992"));
}

TEST(at_most_so_many)
{
	start(1 << 20);
	for (unsigned i = 0; i < SCROLLBACK_LINES + 10; i++)
		add("x");
	CHECK_EQ(back.lines, SCROLLBACK_LINES);
	CHECK(is(SCROLLBACK_LINES, "x") && is(SCROLLBACK_LINES + 1, ""));
}

TEST(without_memory)
{
	free(back.memory);
	scrollback_init(&back, NULL, 0);
	add("x");
	CHECK_EQ(back.lines, 0);
	start(10);
	add("too long for it");
	CHECK_EQ(back.lines, 0);
	CHECK(is(1, ""));
}

/* Any cells, widths and sizes: what comes back is what went in. */
TEST(any_lines)
{
	enum { KEPT = 64 };
	static cell_t kept[KEPT][VT_COLUMNS_MAX], got[VT_COLUMNS_MAX];

	for (unsigned round = 0; round < 200; round++) {
		uint32_t columns = (uint32_t)random_under(round % 10 ? 100 : VT_COLUMNS_MAX) + 1;
		start((uint32_t)random_under(round % 3 ? 3000 : 60000) + 1);
		for (unsigned i = 0; i < KEPT; i++) {
			cell_t cell = BLANK;
			for (uint32_t x = 0; x < columns; x++) {
				if (random_under(8) == 0)
					cell = cell_make((uint16_t)random_under(0x7fff), (uint32_t)random_under(1 << 24), (uint32_t)random_under(3));
				kept[i][x] = random_under(20) ? cell : BLANK;
			}
			scrollback_add(&back, kept[i], columns, BLANK);
			CHECK(back.used <= back.size && back.start < back.size && back.lines <= i + 1);
		}
		/* A line that was too long for all of it left no trace; else the newest come first. */
		for (uint32_t b = 1, i = KEPT; b <= back.lines && i--; ) {
			scrollback_get(&back, b, got, columns, BLANK);
			if (memcmp(got, kept[i], columns * sizeof(cell_t)) == 0)
				b++;
			else if (i == 0)
				TEST_FAIL("line %u of %u is none that went in", b, back.lines);
		}
		/* A narrower screen gets what fits. */
		if (back.lines)
			scrollback_get(&back, back.lines, got, 1, BLANK);
	}
}

TEST_MAIN
