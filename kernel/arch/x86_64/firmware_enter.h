/* Into the firmware's code, and out of it again, even where it does not return.
 *
 * Rules: one call at a time in the whole machine; any context, as soon as the CPU takes exceptions. */
#ifndef KERNEL_ARCH_X86_64_FIRMWARE_ENTER_H
#define KERNEL_ARCH_X86_64_FIRMWARE_ENTER_H

#include "lib/types.h"

#define FIRMWARE_ARGUMENTS	5
#define FIRMWARE_LEFT		~0ull		/* no status of any firmware's */

/* When the rate of cpu_ticks() is known: without it patience lasts longer. */
void firmware_enter_init(uint64_t ticks_a_second);

/* Call a service, by its physical address, with the page tables whose topmost one is at root. Its status, or
 * FIRMWARE_LEFT where it was left because it took too long: 8 s. What it works on may be in any state then,
 * so nothing of the firmware's is to be called any more. */
uint64_t firmware_enter(uint64_t service, const uint64_t arguments[FIRMWARE_ARGUMENTS], paddr_t root);

/* firmware_enter.S: the call itself. It leaves in *ret_stack what firmware_call_left, to which only an interrupt leads,
 * needs as its stack pointer; with RAX as the status, that returns to the caller. */
uint64_t firmware_call_with_return(uint64_t service, const uint64_t *arguments, uint64_t *ret_stack);
extern const char firmware_call_left[];

#endif
