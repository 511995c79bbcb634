/* Editing one line on a terminal: bytes in, echo out. Pure, so that it is tested on the host.
 *
 * Rules: keys as readline's: Left Right Home End Delete Backspace, Ctrl-A B D E F H K L N P U W, Up and Down through
 * the last lines, Ctrl-C gives the line up. Text is UTF-8; the cursor moves by characters of one cell. A line that is
 * full takes no more. */
#ifndef KERNEL_CORE_LINEEDIT_H
#define KERNEL_CORE_LINEEDIT_H

#include "lib/types.h"
#include "lib/utf.h"

#define LINEEDIT_MAX 255
#define LINEEDIT_HISTORY 16

struct lineedit {
	const char *prompt;
	void (*emit)(const char *text, size_t size);
	char text[LINEEDIT_MAX + 1];	/* ends with a NUL */
	size_t size, cursor;		/* bytes; the cursor is never inside a character */
	uint8_t escape;			/* how much of an escape sequence has come */
	uint8_t parameter;		/* its number */
	char history[LINEEDIT_HISTORY][LINEEDIT_MAX + 1];
	unsigned history_count;		/* lines ever kept */
	unsigned history_back;		/* how far back the line shown is; 0: the new line */
	struct utf8_decoder utf8;
	bool carriage_return;		/* the last byte was CR: an LF behind it is the same key */
};

void lineedit_init(struct lineedit *e, const char *prompt, void (*emit)(const char *text, size_t size));

/* Print the prompt and begin an empty line. */
void lineedit_start(struct lineedit *e);

/* Print prompt and line anew, where something else took their place. */
void lineedit_draw(struct lineedit *e);

/* Take one byte; true when the line is complete: it is in text. */
bool lineedit_byte(struct lineedit *e, uint8_t byte);

#endif
