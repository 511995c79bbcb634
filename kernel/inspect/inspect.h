/* What the commands that touch the machine directly have in common. */
#ifndef KERNEL_INSPECT_INSPECT_H
#define KERNEL_INSPECT_INSPECT_H

#include "lib/types.h"

/* A number as the command line takes it, at most `most`; false for anything else. */
bool inspect_number(const char *text, uint64_t most, uint64_t *ret);

/* Take -b, -w, -l or -q off the front of the arguments: 1, 2, 4 or 8 bytes, 1 where there is none. */
unsigned inspect_width(int *argc, char ***argv);

#endif
