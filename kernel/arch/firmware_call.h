/* Calls back into the firmware: the few runtime services a kernel may use.
 *
 * Rules
 * - SetVirtualAddressMap is never called (it crashes on some machines), so the firmware runs at its physical addresses,
 *   in an address space made for it alone.
 * - Any context, a panic included, once firmware_call_init was called; before that only firmware_reset_system.
 *   A call may take 8 s (writing flash: tens of milliseconds), in which this CPU does nothing else. Then it is left,
 *   and the answer is -ETIMEDOUT; but a service that keeps interrupts off has all the time it wants.
 * - One call at a time: while one is under way on another CPU, and for ever after one that faulted or was left, the
 *   answer is -EBUSY. */
#ifndef KERNEL_ARCH_FIRMWARE_CALL_H
#define KERNEL_ARCH_FIRMWARE_CALL_H

#include <boot/saved.h>
#include "lib/types.h"

/* Find the services and make the address space. After memory_init; with the rate of cpu_ticks(). */
void firmware_call_init(uint64_t ticks_a_second);

/* EFI_RESET_TYPE (UEFI 2.10, section 8.5.1). */
enum firmware_reset { FIRMWARE_RESET_COLD, FIRMWARE_RESET_WARM, FIRMWARE_POWER_OFF };

/* UEFI's ResetSystem. Returns only where it did nothing: 0 where it was called and came back, -ENOSYS where the
 * firmware has none, -ENOMEM, -EBUSY, -ETIMEDOUT. */
int firmware_reset_system(enum firmware_reset kind);

/* Bytes that the store of variables still has, and the most that one variable may have with its name; for those that
 * outlive power. */
struct firmware_room {
	uint64_t free, largest;
};

/* Where data of variables pass through: SAVED_MOST bytes, at a physical address that the firmware can be given. It
 * is its caller's to see that one uses it at a time. */
void *firmware_mailbox(void);

/* The variable of <boot/saved.h>: set it to the mailbox's first size bytes, read it into the mailbox, and ask what room
 * there is. 0 or the size; -ENOSYS (there is no such service, or not while an operating system runs), -ENOENT, -ENOSPC,
 * -EROFS, -EACCES, -EINVAL, -EIO, -EOVERFLOW (larger than the mailbox), -EBUSY, -ETIMEDOUT. */
int firmware_saved_set(size_t size);
int64_t firmware_saved_get(void);
int firmware_saved_room(struct firmware_room *ret);

#endif
