/* What commands had to say, the newest of it: the results that a report is saved for. */
#ifndef KERNEL_DRIVERS_SAVE_TRANSCRIPT_H
#define KERNEL_DRIVERS_SAVE_TRANSCRIPT_H

#include "lib/types.h"

/* From here on it is kept. */
void transcript_init(void);

/* Give it in pieces, whole lines only. Any context; what is being written meanwhile may be missing. */
void transcript_read(void (*give)(void *context, const char *text, size_t size), void *context);

#endif
