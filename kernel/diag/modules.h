/* Which memory module an address is in, as far as the firmware tells. */
#ifndef KERNEL_DIAG_MODULES_H
#define KERNEL_DIAG_MODULES_H

#include "lib/types.h"

#define MODULES_MOST 64u	/* those behind are not told apart */
#define MODULES_TEXT 64

/* A bit for each module it may be; interleaved ones cannot be told apart. 0: unknown. */
uint64_t modules_at(paddr_t address);

/* What is printed on the board beside them: "DIMM_A1 or DIMM_B1"; "" for none. */
const char *modules_text(uint64_t modules, char text[MODULES_TEXT]);

#endif
