/* Finding a section of a PE32+ image that is loaded (sections at their virtual addresses), as the loader finds its own
 * payload.
 *
 * Source: Microsoft PE/COFF specification, sections 2 to 4. Rules: every field is bounded by `size`; the image may be
 * hostile. */
#ifndef LIB_PE_H
#define LIB_PE_H

#include "lib/types.h"

struct pe_section {
	const void *data;
	size_t size;		/* VirtualSize: without the padding */
};

/* Find section `name` (at most 8 bytes). 0; -ENOENT where the image has none; -ENOEXEC for what is not PE32+ for x86-64
 * or reaches behind size. */
int pe_find_section(const void *image, size_t size, const char *name, struct pe_section *ret);

#endif
