/* Access to what may not be there: a fault is an answer, not a panic.
 *
 * Rules
 * - Each makes one access of the width that is asked for: 1, 2, 4 or 8 bytes. Returns 0, or the number of the exception
 *   that it took (trap_name names it); *ret is 0 then.
 * - Any context but NMI. What the access does to a device, to this CPU or to the kernel itself is the caller's concern. */
#ifndef KERNEL_ARCH_GUARDED_H
#define KERNEL_ARCH_GUARDED_H

#include "lib/types.h"

unsigned guarded_read(vaddr_t at, unsigned width, uint64_t *ret);
unsigned guarded_write(vaddr_t at, unsigned width, uint64_t value);

/* This CPU's model-specific registers. */
unsigned guarded_msr_read(uint32_t msr, uint64_t *ret);
unsigned guarded_msr_write(uint32_t msr, uint64_t value);

#endif
