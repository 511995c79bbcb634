/* A key changes the text and the cursor, and nothing else. Then `show` makes the row what it ought to be: it composes
 * it, compares that with what stands there, and writes from the first difference on. So no edit has to know how the
 * terminal gets there, and a line that is longer than the row needs no care but in one place.
 *
 * The row's last column stays free, since terminals differ in where the cursor is after a character there. The cursor
 * is moved with CSI C and D, which every terminal has. */
#include "kernel/core/lineedit.h"

#include "lib/format.h"
#include "lib/string.h"

#define CTRL(letter) ((letter) & 0x1f)
#define ROOM_LEAST 8		/* cells, on whatever terminal */

enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_ENDS_SEARCH, ESCAPE_SEQUENCE, ESCAPE_FUNCTION_KEY };

static bool continues_character(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

static void emit_text(struct lineedit *e, const char *text)
{
	e->emit(text, strlen(text));
}

static size_t cells(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += !continues_character(text[i]);
	return count;
}

/* The byte at which so many cells have gone by. */
static size_t skip_cells(const char *text, size_t size, size_t count)
{
	size_t at = 0;

	while (at < size && (count || continues_character(text[at])))
		count -= !continues_character(text[at++]);
	return at;
}

static void terminal_cursor(struct lineedit *e, size_t cell)
{
	char sequence[16];

	if (cell == e->shown_cursor)
		return;
	if (cell < e->shown_cursor)
		ksnprintf(sequence, sizeof(sequence), "\033[%zuD", e->shown_cursor - cell);
	else
		ksnprintf(sequence, sizeof(sequence), "\033[%zuC", cell - e->shown_cursor);
	emit_text(e, sequence);
	e->shown_cursor = cell;
}

static size_t room(const struct lineedit *e)
{
	return MAX(e->columns, e->prompt_cells + ROOM_LEAST + 1) - e->prompt_cells - 1;
}

/* Choose the part of the line that is shown. The cursor may not stand on a mark, so that what it stands on is seen;
 * where it would, it goes to the middle. */
static void scroll(struct lineedit *e, size_t cursor, size_t total)
{
	const size_t width = room(e);
	const bool more = e->first + width < total;
	const bool before = e->first && cursor <= e->first;
	const bool behind = more ? cursor + 1 >= e->first + width : cursor > e->first + width;

	if (total <= width)
		e->first = 0;
	else if (before || behind || e->first > total - width)
		e->first = MIN(cursor - MIN(cursor, width / 2), total - width);
}

/* The row as it ought to be for `text`; its size. */
static size_t compose(const struct lineedit *e, const char *text, size_t text_size, size_t total, char row[LINEEDIT_ROW])
{
	const size_t width = room(e);
	size_t from = skip_cells(text, text_size, e->first), to = from + skip_cells(text + from, text_size - from, width), size = 0;
	const bool more = e->first + width < total;

	if (e->first) {
		row[size++] = '<';
		from += skip_cells(text + from, to - from, 1);
	}
	if (more)
		while (continues_character(text[--to]))
			;
	memcpy(row + size, text + from, to - from);
	size += to - from;
	if (more)
		row[size++] = '>';
	return size;
}

static size_t common_start(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t same = 0;

	while (same < a_size && same < b_size && a[same] == b[same])
		same++;
	while (same && ((same < a_size && continues_character(a[same])) || (same < b_size && continues_character(b[same]))))
		same--;
	return same;
}

/* What a search shows, with the cursor where more can be typed; its size. */
static size_t compose_search(const struct lineedit *e, char text[LINEEDIT_ROW], size_t *ret_cursor)
{
	const char *state = e->search_failed ? "(no match)" : "(search)";
	const size_t size = (size_t)ksnprintf(text, LINEEDIT_ROW, "%s %s", state, e->wanted);

	*ret_cursor = size;
	return size + (size_t)ksnprintf(text + size, LINEEDIT_ROW - size, ": %s", e->text);
}

static void show(struct lineedit *e)
{
	char search[LINEEDIT_ROW], row[LINEEDIT_ROW];
	const char *text = e->searching ? search : e->text;
	size_t cursor_byte = e->cursor;
	const size_t text_size = e->searching ? compose_search(e, search, &cursor_byte) : e->size;
	const size_t total = cells(text, text_size), cursor = cells(text, cursor_byte);

	scroll(e, cursor, total);
	const size_t size = compose(e, text, text_size, total, row), same = common_start(row, size, e->shown, e->shown_size);
	if (same < size || same < e->shown_size) {
		const size_t before = cells(e->shown, e->shown_size);
		terminal_cursor(e, cells(e->shown, same));
		memcpy(e->shown + same, row + same, size - same);
		e->shown_size = size;
		e->shown_cursor = cells(e->shown, size);
		e->emit(e->shown + same, size - same);
		if (before > e->shown_cursor)
			emit_text(e, "\033[K");
	}
	terminal_cursor(e, cursor - e->first);
}

/* The cursor goes behind the line, and what comes next below it. */
static void leave(struct lineedit *e, const char *text)
{
	terminal_cursor(e, cells(e->shown, e->shown_size));
	emit_text(e, text);
}

static size_t character_before(const char *text, size_t at)
{
	while (at && continues_character(text[--at]))
		;
	return at;
}

static size_t character_after(const struct lineedit *e, size_t at)
{
	if (at < e->size)
		at++;
	while (at < e->size && continues_character(e->text[at]))
		at++;
	return at;
}

static size_t word_before(const struct lineedit *e)
{
	size_t at = e->cursor;

	while (at && e->text[at - 1] == ' ')
		at--;
	while (at && e->text[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_after(const struct lineedit *e)
{
	size_t at = e->cursor;

	while (at < e->size && e->text[at] == ' ')
		at++;
	while (at < e->size && e->text[at] != ' ')
		at++;
	return at;
}

/* Remove from `from` to `to`; the cursor ends at from. */
static void erase(struct lineedit *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->size - to + 1);
	e->size -= to - from;
	e->cursor = from;
}

/* False where there is no room. */
static bool insert(struct lineedit *e, const char *bytes, size_t size)
{
	if (e->size + size > LINEEDIT_MAX)
		return false;
	memmove(e->text + e->cursor + size, e->text + e->cursor, e->size - e->cursor + 1);
	memcpy(e->text + e->cursor, bytes, size);
	e->cursor += size;
	e->size += size;
	return true;
}

static void replace(struct lineedit *e, const char *text)
{
	e->size = e->cursor = strlen(text);
	memcpy(e->text, text, e->size + 1);
}

/* The newest line is kept last: one that was there before moves, else the oldest goes where there is no room. */
static void history_keep(struct lineedit *e)
{
	unsigned at = 0;

	if (!e->size)
		return;
	while (at < e->history_count && strcmp(e->history[at], e->text) != 0)
		at++;
	if (at == e->history_count) {
		at = 0;
		if (e->history_count < LINEEDIT_HISTORY)
			at = e->history_count++;
	}
	memmove(e->history[at], e->history[at + 1], (e->history_count - 1 - at) * sizeof(e->history[0]));
	memcpy(e->history[e->history_count - 1], e->text, e->size + 1);
}

static const char *history_line(const struct lineedit *e, unsigned back)
{
	return back ? e->history[e->history_count - back] : e->draft;
}

static void history_show(struct lineedit *e, unsigned back)
{
	if (back > e->history_count)
		return;
	if (!e->history_back)
		memcpy(e->draft, e->text, e->size + 1);
	e->history_back = back;
	replace(e, history_line(e, back));
}

static bool contains(const char *text, const char *part)
{
	const size_t size = strlen(part);

	while (*text && strncmp(text, part, size) != 0)
		text++;
	return strncmp(text, part, size) == 0;
}

/* ---- Search ---- */

/* Show the newest line from `back` on that contains what is wanted; the one shown stays where there is none. Nothing is
 * in the draft already. */
static void search_from(struct lineedit *e, unsigned back)
{
	while (back <= e->history_count && !contains(history_line(e, back), e->wanted))
		back++;
	e->search_failed = back > e->history_count;
	history_show(e, back);
}

static void search_begin(struct lineedit *e)
{
	memcpy(e->wanted, e->text, e->size + 1);
	e->wanted_size = e->size;
	e->history_back = 0;	/* the line becomes the draft: giving up brings it back */
	e->searching = true;
	search_from(e, e->wanted_size ? 1 : 0);
}

static void search_give_up(struct lineedit *e)
{
	history_show(e, 0);
	e->searching = false;
}

static void search_add(struct lineedit *e, const char *bytes, size_t size)
{
	if (e->wanted_size + size > LINEEDIT_MAX)
		return;
	memcpy(e->wanted + e->wanted_size, bytes, size);
	e->wanted_size += size;
	e->wanted[e->wanted_size] = '\0';
	search_from(e, MAX(e->history_back, 1u));
}

static void search_shorten(struct lineedit *e)
{
	e->wanted_size = character_before(e->wanted, e->wanted_size);
	e->wanted[e->wanted_size] = '\0';
	search_from(e, e->wanted_size ? 1 : 0);
}

/* ---- Completion ---- */

/* The next candidate that starts with the word before the cursor, in place of the last one ("" at first). */
static bool candidate_next(const struct lineedit *e, size_t word, unsigned *index, char candidate[LINEEDIT_WORD])
{
	char next[LINEEDIT_WORD];

	while (e->words && e->words(e->text, word, (*index)++, next)) {
		if (strncmp(next, e->text + word, e->cursor - word) != 0 || strcmp(next, candidate) == 0)
			continue;
		memcpy(candidate, next, sizeof(next));
		return true;
	}
	return false;
}

/* Below the line, in columns. */
static void candidates_list(struct lineedit *e, size_t word)
{
	char candidate[LINEEDIT_WORD] = "";
	size_t width = 0, column = 0;
	unsigned index = 0;

	while (candidate_next(e, word, &index, candidate))
		width = MAX(width, strlen(candidate) + 2);
	leave(e, "\n");
	candidate[0] = '\0';
	for (index = 0; candidate_next(e, word, &index, candidate); column += width) {
		if (column + width > e->columns) {
			emit_text(e, "\n");
			column = 0;
		}
		emit_text(e, candidate);
		for (size_t size = strlen(candidate); size < width; size++)
			e->emit(" ", 1);
	}
	emit_text(e, "\n");
	lineedit_draw(e);
}

/* Add what all candidates have in common; list them where that is nothing. */
static void complete(struct lineedit *e)
{
	char first[LINEEDIT_WORD] = "", candidate[LINEEDIT_WORD] = "";
	size_t word = e->cursor, common = 0;
	unsigned count = 0;

	while (word && e->text[word - 1] != ' ' && e->text[word - 1] != ';')
		word--;
	for (unsigned index = 0; candidate_next(e, word, &index, candidate); count++) {
		if (!count)
			memcpy(first, candidate, sizeof(first));
		common = common_start(first, count ? common : strlen(first), candidate, strlen(candidate));
	}
	const size_t typed = e->cursor - word;
	if (count > 1 && common == typed)
		candidates_list(e, word);
	else if (count && insert(e, first + typed, common - typed) && count == 1)
		insert(e, " ", 1);
}

/* ---- Keys ---- */

static void home_end_key(struct lineedit *e, unsigned number)
{
	if (number == 1 || number == 7)
		e->cursor = 0;
	else if (number == 4 || number == 8)
		e->cursor = e->size;
	else if (number == 3)
		erase(e, e->cursor, character_after(e, e->cursor));
}

/* The final byte of ESC [ … or ESC O …; with a modifier (xterm's: 3 Alt, 5 Ctrl) the arrows go by words. */
static void sequence_key(struct lineedit *e, uint8_t byte)
{
	switch (byte) {
	case 'A': history_show(e, e->history_back + 1); break;
	case 'B': if (e->history_back) history_show(e, e->history_back - 1); break;
	case 'C': e->cursor = e->numbers[1] > 1 ? word_after(e) : character_after(e, e->cursor); break;
	case 'D': e->cursor = e->numbers[1] > 1 ? word_before(e) : character_before(e->text, e->cursor); break;
	case 'H': e->cursor = 0; break;
	case 'F': e->cursor = e->size; break;
	case '~': home_end_key(e, e->numbers[0]); break;
	}
}

static void alt_key(struct lineedit *e, uint8_t byte)
{
	switch (byte) {
	case 'b': e->cursor = word_before(e); break;
	case 'd': erase(e, e->cursor, word_after(e)); break;
	case 'f': e->cursor = word_after(e); break;
	case 0x7f: erase(e, word_before(e), e->cursor); break;
	}
}

/* True while the byte belongs to an escape sequence. A control character does not: it may be that Escape was pressed
 * alone, or that the line lost the sequence's end. Where Escape ended a search it was most likely pressed alone, and a
 * letter behind it is not Alt and that letter. */
static bool escape_byte(struct lineedit *e, uint8_t byte)
{
	const bool alone = e->escape == ESCAPE_ENDS_SEARCH;

	if (byte < 0x20) {
		e->escape = byte == 0x1b ? ESCAPE_BEGUN : ESCAPE_NONE;
		e->numbers[0] = e->numbers[1] = e->number = 0;
		return e->escape;
	}
	switch (e->escape) {
	case ESCAPE_NONE:
		return false;
	case ESCAPE_BEGUN:
	case ESCAPE_ENDS_SEARCH:
		e->escape = byte == '[' || byte == 'O' ? ESCAPE_SEQUENCE : ESCAPE_NONE;
		if (!e->escape && !alone)
			alt_key(e, byte);
		return e->escape || !alone;
	case ESCAPE_FUNCTION_KEY:
		e->escape = ESCAPE_NONE;
		return true;
	}
	if (byte >= '0' && byte <= '9')
		e->numbers[e->number] = (uint8_t)(e->numbers[e->number] * 10 + byte - '0');
	else if (byte == ';')
		e->number = 1;
	else if (byte == '[')	/* Linux's console: ESC [ [ and a letter are F1 to F5 */
		e->escape = ESCAPE_FUNCTION_KEY;
	else if (byte >= 0x40) {
		sequence_key(e, byte);
		e->escape = ESCAPE_NONE;
	}
	return true;
}

static bool control_byte(struct lineedit *e, uint8_t byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		leave(e, "\n");
		history_keep(e);
		return true;
	case CTRL('C'):
		leave(e, "^C\n");
		replace(e, "");
		return true;
	case CTRL('A'): e->cursor = 0; break;
	case CTRL('B'): e->cursor = character_before(e->text, e->cursor); break;
	case CTRL('D'): erase(e, e->cursor, character_after(e, e->cursor)); break;
	case CTRL('E'): e->cursor = e->size; break;
	case CTRL('F'): e->cursor = character_after(e, e->cursor); break;
	case CTRL('I'): complete(e); break;
	case CTRL('K'): erase(e, e->cursor, e->size); break;
	case CTRL('L'):
		emit_text(e, "\033[H\033[2J");
		lineedit_draw(e);
		break;
	case CTRL('N'): sequence_key(e, 'B'); break;
	case CTRL('P'): sequence_key(e, 'A'); break;
	case CTRL('R'): search_begin(e); break;
	case CTRL('U'): erase(e, 0, e->cursor); break;
	case CTRL('W'): erase(e, word_before(e), e->cursor); break;
	case CTRL('H'):
	case 0x7f: erase(e, character_before(e->text, e->cursor), e->cursor); break;
	}
	return false;
}

static void text_byte(struct lineedit *e, uint8_t byte)
{
	uint32_t code_points[2];
	char bytes[4];

	for (unsigned i = 0, count = utf8_decode(&e->utf8, byte, code_points); i < count; i++) {
		if (utf_is_control(code_points[i]) || utf_is_zero_width(code_points[i]))
			continue;
		const size_t size = utf8_encode(code_points[i], bytes);
		if (e->searching)
			search_add(e, bytes, size);
		else
			insert(e, bytes, size);
	}
}

/* A key of a search; false for one that ended it and is still to be done. */
static bool search_byte(struct lineedit *e, uint8_t byte)
{
	switch (byte) {
	case CTRL('R'):
		search_from(e, e->history_back + 1);
		return true;
	case CTRL('H'):
	case 0x7f:
		search_shorten(e);
		return true;
	case CTRL('C'):
	case CTRL('G'):
		search_give_up(e);
		return true;
	}
	if (byte >= 0x20) {
		text_byte(e, byte);
		return true;
	}
	e->searching = false;
	show(e);
	return false;
}

void lineedit_init(struct lineedit *e, const char *prompt, unsigned prompt_cells, void (*emit)(const char *, size_t))
{
	memset(e, 0, sizeof(*e));
	e->prompt = prompt;
	e->prompt_cells = prompt_cells;
	e->columns = LINEEDIT_COLUMNS;
	e->emit = emit;
}

void lineedit_start(struct lineedit *e)
{
	replace(e, "");
	e->escape = ESCAPE_NONE;
	e->searching = false;
	e->history_back = 0;
	lineedit_draw(e);
}

void lineedit_draw(struct lineedit *e)
{
	emit_text(e, e->prompt);
	e->shown_size = e->shown_cursor = 0;
	show(e);
}

bool lineedit_byte(struct lineedit *e, uint8_t byte)
{
	bool second_half = byte == '\n' && e->carriage_return;

	e->carriage_return = byte == '\r';
	if (second_half)
		return false;
	const bool searching = e->searching;
	if (searching && search_byte(e, byte))
		;
	else if (escape_byte(e, byte))
		e->escape = searching && e->escape ? ESCAPE_ENDS_SEARCH : e->escape;
	else if (byte >= 0x20 && byte != 0x7f)
		text_byte(e, byte);
	else if (control_byte(e, byte))
		return true;
	show(e);
	return false;
}
