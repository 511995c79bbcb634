/* The TSC's rate by the firmware's Stall: the last resort of a kernel that finds no timer of its own, so it is measured
 * only where the firmware gave no ACPI tables, through which the kernel would find one. One millisecond: boot time
 * matters more than the last digit here. */
#include "loader/loader.h"

#include "lib/string.h"

#define STALL_MICROSECONDS 1000

/* The root pointer with its signature (ACPI 6.5, section 5.2.5.3); what it leads to is for the kernel to see. */
static bool has_acpi(paddr_t rsdp)
{
	return rsdp && firmware_maps(rsdp) && memcmp((const void *)(uintptr_t)rsdp, "RSD PTR ", 8) == 0;
}

void clock_gather(struct loader *l)
{
	if (has_acpi(l->handoff.rsdp))
		return;
	uint64_t start = tsc_read();
	if (EFI_ERROR(l->boot->Stall(STALL_MICROSECONDS)))
		return;
	l->handoff.stall_tsc_hz = (tsc_read() - start) * (1000000 / STALL_MICROSECONDS);
}
