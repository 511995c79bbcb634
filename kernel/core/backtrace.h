/* Who called whom, by the chain of frame pointers. */
#ifndef KERNEL_CORE_BACKTRACE_H
#define KERNEL_CORE_BACKTRACE_H

#include "lib/types.h"

#define BACKTRACE_MAX 24

/* Follow the chain from a frame pointer; return addresses go to ret. Returns their number. Every address is checked
 * before it is read, so a broken chain ends the walk and nothing worse. */
unsigned backtrace_walk(vaddr_t frame_pointer, vaddr_t *ret, unsigned room);

/* Log where an interrupted CPU was, `first` being its instruction: a message for each call, of this subsystem. */
void backtrace_log(const char *subsystem, vaddr_t first, vaddr_t frame_pointer);

#endif
