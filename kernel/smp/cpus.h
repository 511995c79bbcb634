/* The machine's CPUs.
 *
 * Rules: CPU 0 is the one that booted, the others follow in the order of their APIC ids. Numbers are dense, APIC ids
 * are not. maxcpus=N and nosmp limit how many are started; a CPU that does not come up in time is left out, with a
 * message. */
#ifndef KERNEL_SMP_CPUS_H
#define KERNEL_SMP_CPUS_H

#include "lib/types.h"

/* Set up the boot CPU's local APIC by the MADT, and find the other CPUs. After clock_init. */
void cpus_find(void);

/* Start them. After irq_init; interrupts may be on. */
void cpus_start(void);

/* How many run. */
unsigned cpus_online(void);

#endif
