/* The loader's handoff, checked. */
#ifndef KERNEL_CORE_BOOT_INFO_H
#define KERNEL_CORE_BOOT_INFO_H

#include <boot/handoff.h>

/* Check magic, version, size and what the kernel relies on; keep a copy. Panics on a handoff that is not ours. Once,
 * first of all. */
void boot_info_accept(const struct handoff *handoff);

/* The copy; all zero before boot_info_accept. */
const struct handoff *boot_info(void);

/* The command line, "" where there is none. */
const char *boot_cmdline(void);

#endif
