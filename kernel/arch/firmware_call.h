/* Calls back into the firmware: the few runtime services a kernel may use.
 *
 * Rules: SetVirtualAddressMap is never called (it crashes on some machines), so the firmware runs at its physical
 * addresses, in an address space made for it alone. */
#ifndef KERNEL_ARCH_FIRMWARE_CALL_H
#define KERNEL_ARCH_FIRMWARE_CALL_H

#include "lib/types.h"

/* EFI_RESET_TYPE (UEFI 2.10, section 8.5.1). */
enum firmware_reset { FIRMWARE_RESET_COLD, FIRMWARE_RESET_WARM, FIRMWARE_POWER_OFF };

/* UEFI's ResetSystem. Returns only where the firmware has none, or its call came back: then try something else. */
void firmware_reset_system(enum firmware_reset kind);

#endif
