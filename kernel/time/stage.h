/* How far the boot came. Rules: stage_enter is called by kmain alone, in order. */
#ifndef KERNEL_TIME_STAGE_H
#define KERNEL_TIME_STAGE_H

#include "lib/types.h"

/* The boot enters its next stage: stamped, and one more square of the stage strip until there is a console. */
void stage_enter(const char *name);

/* Draws squares; NULL: no strip (any more). */
void stage_set_strip(void (*draw)(unsigned first, unsigned last));

#endif
