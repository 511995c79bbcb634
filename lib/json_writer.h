/* JSON as it is made, piece by piece, without memory (RFC 8259).
 *
 * Rules
 * - Begin, members, end; each member of an object has a key, an element of a list has NULL for one. Keys are the
 *   program's own: letters, digits and '_', written as they are.
 * - What begins and what ends is the caller's to match, up to JSON_DEPTH levels; deeper ones are left out.
 * - Every member stands on a line of its own, but for what is inside of something compact. */
#ifndef LIB_JSON_WRITER_H
#define LIB_JSON_WRITER_H

#include "lib/types.h"

#define JSON_DEPTH 16

struct json_writer {
	void (*write)(void *context, const char *text, size_t size);
	void *context;
	unsigned depth;
	uint32_t lists, compact, filled;	/* a bit for each level */
};

/* All else zero is the start state. */
void json_object(struct json_writer *w, const char *key, bool compact);
void json_list(struct json_writer *w, const char *key, bool compact);
void json_end(struct json_writer *w);

/* Text of any origin: quotes and control characters are escaped, what is not UTF-8 becomes U+FFFD. */
void json_string(struct json_writer *w, const char *key, const char *text);

/* A number, true, false or null, as it is. */
void json_literal(struct json_writer *w, const char *key, const char *literal);

#endif
