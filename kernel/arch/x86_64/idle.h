/* How this machine's CPUs wait when they have nothing to do.
 *
 * Rules: idle_init once, on the boot CPU, when cpu_has and the command line may be asked. idle_end is for any context
 * but NMI, and for any CPU. */
#ifndef KERNEL_ARCH_X86_64_IDLE_H
#define KERNEL_ARCH_X86_64_IDLE_H

#include "lib/types.h"

void idle_init(void);

/* End a CPU's waiting without an interrupt; it looks for a thread then. False where it does not wait, or cannot be
 * woken that way. */
bool idle_end(cpu_id_t id);

#endif
