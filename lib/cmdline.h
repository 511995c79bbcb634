/* The kernel command line: words as Linux's (Documentation/admin-guide/kernel-parameters.rst).
 *
 * Rules
 * - Words are separated by white space; double quotes keep white space together: key="a b" and "key=a b" are the same
 *   word, and the quotes are not part of the value (quotes in its middle are). An unclosed quote reaches to the end.
 * - In keys '-' and '_' are the same. Where a key comes twice the last one counts.
 * - What follows a word "--" is for init: nothing there is found but by cmdline_next.
 * - Nothing is copied: values point into the line. */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CMDLINE_MAX 4096	/* bytes, the final NUL included */

struct cmdline_word {
	const char *key;
	size_t key_size;
	const char *value;	/* NULL where there is no '=' */
	size_t value_size;
};

/* Read the next word at *pos and move *pos behind it; false at the end of the line. */
bool cmdline_next(const char **pos, struct cmdline_word *ret);

/* The same of the kernel's words: false at a word "--", too. */
bool cmdline_next_kernel(const char **pos, struct cmdline_word *ret);

/* Find the last word with this key; false where there is none. */
bool cmdline_find(const char *line, const char *key, struct cmdline_word *ret);

/* Copy the value of key with a final NUL: its length (0 for a word without '='), -ENOENT where the key is absent,
 * -E2BIG where it does not fit (nothing is copied then). */
int cmdline_text(const char *line, const char *key, char *ret, size_t size);

/* True where key stands alone or as key=1, y, yes, on, true. The last one counts. */
bool cmdline_flag(const char *line, const char *key);

/* Read an unsigned number: decimal, 0x hexadecimal, with suffix K, M, G, T (powers of 1024, as Linux's memparse). 0,
 * -ENOENT, -EINVAL (no number, or more behind it), -ERANGE. */
int cmdline_number(const char *line, const char *key, uint64_t *ret);

/* The same of a text. 0, -EINVAL, -ERANGE. */
int cmdline_parse_number(const char *text, size_t size, uint64_t *ret);

/* Read WIDTHxHEIGHT from a value such as "1920x1080" (what follows '-', '@' or ',' is passed over). 0, -ENOENT,
 * -EINVAL. */
int cmdline_size(const char *line, const char *key, uint32_t *ret_width, uint32_t *ret_height);

/* Is this acceptable as a part of a command line? 0; -EILSEQ for what is not UTF-8 or holds a control character other
 * than tab, CR and LF; -E2BIG for CMDLINE_MAX bytes or more. */
int cmdline_check(const char *text, size_t size);

#endif
