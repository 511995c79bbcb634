/* The kernel's start. */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include <boot/handoff.h>

/* The boot CPU, on its own stack, with the GS base set. */
_Noreturn void kmain(const struct handoff *handoff);

/* Each other CPU, on its own stack, with the GS base set. */
_Noreturn void kmain_ap(void);

#endif
