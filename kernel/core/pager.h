/* A page at a time: text that would run off the screen stops, until a key is pressed. Pure, so that it is tested on the
 * host.
 *
 * Rules
 * - Between pager_start and pager_end text goes through pager_write. Without rows, and outside of the two, it goes
 *   straight to emit.
 * - At "more": space or Page Down shows another page, enter or Down another line, / goes on to the next line that
 *   contains what is typed then, e shows all the rest, q or Ctrl-C none of it. */
#ifndef KERNEL_CORE_PAGER_H
#define KERNEL_CORE_PAGER_H

#include "lib/types.h"

#define PAGER_LINE 256		/* a longer one is searched in pieces */
#define PAGER_PATTERN 40

enum pager_state { PAGER_OFF, PAGER_SHOWS, PAGER_SEARCHES, PAGER_DROPS };

struct pager {
	void (*emit)(const char *text, size_t size);
	uint8_t (*key)(void);		/* waits for a byte from the keyboard */
	enum pager_state state;
	unsigned rows, columns;
	unsigned row, column;		/* of this page */
	bool escape;			/* within a sequence that takes no cells */
	bool types;			/* a pattern, at the question */
	char pattern[PAGER_PATTERN];
	char line[PAGER_LINE];		/* while searching: what has come of it */
	size_t line_size;
};

/* On a screen of that size; rows 0: nothing stops. */
void pager_start(struct pager *p, unsigned rows, unsigned columns);
void pager_write(struct pager *p, const char *text, size_t size);
void pager_end(struct pager *p);

/* While key waits: print the question anew, where something else took its place. */
void pager_draw(const struct pager *p);

#endif
