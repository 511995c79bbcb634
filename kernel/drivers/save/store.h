/* The firmware's store of variables, as far as it holds a saved report (<boot/saved.h>).
 *
 * Rules: one caller at a time; a panic takes over whatever another CPU was doing. No locks, no memory: any context. */
#ifndef KERNEL_DRIVERS_SAVE_STORE_H
#define KERNEL_DRIVERS_SAVE_STORE_H

#include <boot/saved.h>
#include "lib/types.h"

/* Writes the text to be saved, SAVED_TEXT_MOST bytes at most, with so many of the log's newest messages and no more
 * than so many bytes of all the rest; returns its size, 0 where it would be larger. */
typedef size_t store_compose_fn(char *ret, unsigned messages, size_t rest);

/* What was saved: bytes as text and as variable, and the text's CRC-32. */
struct store_saved {
	size_t text, packed;
	uint32_t crc;
};

/* Save what compose gives, cut to what the store may take: its oldest messages first. 0, or a negative errno, and the
 * store is as it was. */
int store_save(enum boot_end end, const char *reason, store_compose_fn *compose, struct store_saved *ret);

/* What an error of store_save means, as the end of a sentence. */
const char *store_error(int error);

#endif
