/* The TSC's rate by the firmware's Stall: the last resort of a kernel that finds no timer of its own, so it is measured only where the
 * firmware gave no ACPI tables, through which the kernel would find one. One millisecond: boot time matters more than the last digit here. */
#include "loader/loader.h"

#define STALL_MICROSECONDS 1000

void clock_gather(struct loader *l)
{
	if (l->handoff.rsdp)
		return;
	uint64_t start = tsc_read();
	if (EFI_ERROR(l->boot->Stall(STALL_MICROSECONDS)))
		return;
	l->handoff.stall_tsc_hz = (tsc_read() - start) * (1000000 / STALL_MICROSECONDS);
}
