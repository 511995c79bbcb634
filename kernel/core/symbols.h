/* Function names for addresses. The table is made at build time by tools/mksymbols. */
#ifndef KERNEL_CORE_SYMBOLS_H
#define KERNEL_CORE_SYMBOLS_H

#include "lib/types.h"

#define SYMBOL_TEXT 80

/* "kmain+0x1c", or the bare address where no function is; into ret, which is returned. */
const char *symbol_text(vaddr_t address, char ret[SYMBOL_TEXT]);

#endif
