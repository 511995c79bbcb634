/* Editing one line on a terminal: bytes in, echo out. Pure, so that it is tested on the host.
 *
 * Rules
 * - Keys as readline's: Left Right Home End Delete Backspace, Ctrl-A B D E F H K L N P U W, Up and Down through the
 *   last lines, Alt-B D F and Ctrl-Left, Ctrl-Right by words, Ctrl-C gives the line up. Tab completes a word, or lists
 *   what it may become.
 * - Ctrl-R searches the last lines for what is typed, at first for what the line holds: the row is "(search) WANTED: ",
 *   or "(no match) WANTED: ", and the newest line that contains it. Ctrl-R again takes an older one, Backspace begins
 *   anew with less, Ctrl-C and Ctrl-G bring back the line there was. Any other key ends the search, and does to the line
 *   found what it does.
 * - Text is UTF-8; the cursor moves by characters of one cell. A line that is full takes no more.
 * - The line stays within the terminal's row: of a longer one a part is shown, with < and > where there is more. */
#ifndef KERNEL_CORE_LINEEDIT_H
#define KERNEL_CORE_LINEEDIT_H

#include "lib/types.h"
#include "lib/utf.h"

#define LINEEDIT_MAX 255
#define LINEEDIT_ROW (2 * LINEEDIT_MAX + 16)	/* of a search: two texts and what is between them */
#define LINEEDIT_HISTORY 50
#define LINEEDIT_COLUMNS 80	/* where nobody knows */

/* The index-th word that may stand in a line from byte `word` on; false behind the last. Equal ones in a row count
 * once. */
#define LINEEDIT_WORD 32
typedef bool lineedit_words(const char *line, size_t word, unsigned index, char ret[LINEEDIT_WORD]);

struct lineedit {
	const char *prompt;
	unsigned prompt_cells;
	unsigned columns;		/* of the narrowest terminal; may be changed before lineedit_start */
	void (*emit)(const char *text, size_t size);
	lineedit_words *words;		/* NULL: Tab does nothing */
	char text[LINEEDIT_MAX + 1];	/* ends with a NUL */
	size_t size, cursor;		/* bytes; the cursor is never inside a character */

	/* What the terminal shows behind the prompt. */
	char shown[LINEEDIT_ROW];
	size_t shown_size;
	size_t shown_cursor;		/* in cells, as is what follows */
	size_t first;			/* of the line, that is shown */

	uint8_t escape;			/* how much of an escape sequence has come */
	uint8_t numbers[2], number;	/* the sequence's, and which one comes now */
	char history[LINEEDIT_HISTORY][LINEEDIT_MAX + 1];	/* the newest last, no line twice */
	unsigned history_count;
	unsigned history_back;		/* how far back the line shown is; 0: the new line */
	char draft[LINEEDIT_MAX + 1];	/* the new line, while an old one is shown */
	char wanted[LINEEDIT_MAX + 1];	/* what is searched for */
	size_t wanted_size;
	bool searching, search_failed;
	struct utf8_decoder utf8;
	bool carriage_return;		/* the last byte was CR: an LF behind it is the same key */
};

/* The prompt may hold sequences that take no cells. */
void lineedit_init(struct lineedit *e, const char *prompt, unsigned prompt_cells, void (*emit)(const char *text, size_t size));

/* Print the prompt and begin an empty line. */
void lineedit_start(struct lineedit *e);

/* Print prompt and line anew, where something else took their place. */
void lineedit_draw(struct lineedit *e);

/* Take one byte; true when the line is complete: it is in text. */
bool lineedit_byte(struct lineedit *e, uint8_t byte);

#endif
