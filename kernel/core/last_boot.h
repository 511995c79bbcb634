/* How the last run ended, and what the next one will be told of this (<boot/saved.h>).
 *
 * Rules: any context, a panic included; nothing is allocated, and without a mark all of it does nothing. */
#ifndef KERNEL_CORE_LAST_BOOT_H
#define KERNEL_CORE_LAST_BOOT_H

#include <boot/saved.h>

#define LAST_BOOT_READY "ready"	/* the last stage's name (kernel/main.c): the boot is over */

/* Say in the log how the last run ended. Once. */
void last_boot_init(void);

/* What the loader found; its magic is 0 where nobody knows. */
const struct boot_mark *last_boot(void);

/* The boot reached a stage: a number of enum handoff_stage, or one that goes on behind it. */
void last_boot_note_stage(unsigned stage, const char *name);

/* This run ends in this way; reason is "" where there is none, and cut to BOOT_REASON bytes. */
void last_boot_note_end(enum boot_end end, const char *reason);

#endif
