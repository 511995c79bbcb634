/* What a run leaves to the next (<boot/saved.h>), made and checked: the loader and the kernel must agree on it.
 *
 * Rules: pure. */
#ifndef LIB_SAVED_H
#define LIB_SAVED_H

#include <boot/saved.h>
#include "lib/types.h"

/* Complete the header of a variable whose packed text stands behind it; its magic, version and CRC. */
void saved_seal(struct saved_header *header);

/* Check a variable of size bytes, whatever it holds. NULL where it is sound, else a sentence that says what is
 * wrong. */
const char *saved_check(const void *variable, size_t size);

/* The same for a mark. A mark is 8-byte aligned. */
void boot_mark_seal(struct boot_mark *mark);
bool boot_mark_sound(const struct boot_mark *mark);

#endif
