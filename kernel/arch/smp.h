/* Starting the other CPUs, and interrupting them: what kernel/smp asks of the architecture.
 *
 * The start, in this order: smp_arch_prepare; smp_arch_init for each CPU; 10 ms for all; smp_arch_startup for each; 200
 * µs for all; smp_arch_startup again for those that have not arrived; smp_arch_finish (Intel SDM volume 3, section
 * 9.4.4.1). */
#ifndef KERNEL_ARCH_SMP_H
#define KERNEL_ARCH_SMP_H

#include "lib/types.h"

/* Set up the boot CPU's interrupt controller: its registers' address, 0 where nobody says; the largest APIC id of the
 * machine's CPUs. */
void smp_arch_init_boot(paddr_t base, uint32_t largest_id);

uint32_t smp_arch_boot_id(void);		/* this CPU's APIC id */
uint32_t smp_arch_hardware_id(cpu_id_t id);	/* any CPU's */
bool smp_arch_can_address(uint32_t apic_id);	/* with the interrupt controller's mode as it is */

/* Bytes of page-aligned memory for a CPU's stacks. Tell a CPU's area who it is and where they are: -ENOMEM where they
 * cannot be mapped. */
size_t smp_arch_stack_bytes(void);
int smp_arch_describe(cpu_id_t id, uint32_t apic_id, void *stacks);

/* Lay out the page the CPUs start in; apic_ids[id] is for CPU id, and stays; root is a free frame under 4 GiB for their
 * topmost page table, since they load it in 32-bit mode. -ENOSPC where there is no page under 1 MiB, -ENOMEM where there
 * is none for further tables; the frame is the caller's again then. */
int smp_arch_prepare(const uint32_t *apic_ids, paddr_t root);
void smp_arch_init(cpu_id_t id);
void smp_arch_startup(cpu_id_t id);
void smp_arch_finish(void);

/* Has a CPU arrived? And give one up: false where it has arrived in the meantime. Otherwise it stops for good should it
 * come. */
bool smp_arch_arrived(cpu_id_t id);
bool smp_arch_abandon(cpu_id_t id);

/* On a CPU that was started, when it is ready. */
void smp_arch_arrive(void);

/* Interrupt another CPU: its call vector, or a non-maskable interrupt. */
void smp_arch_send_call(cpu_id_t id);
void smp_arch_send_nmi(cpu_id_t id);

/* What every CPU runs when its call vector comes. */
void smp_arch_set_call(void (*handler)(void));

/* The same for the scheduler's interrupt, which a CPU may also send to itself. An idle one may be woken without an
 * interrupt; it has the preemption that the handler would request then. */
void smp_arch_send_reschedule(cpu_id_t id);
void smp_arch_set_reschedule(void (*handler)(void));

/* With interrupts off and preemption disabled: wait for an interrupt or smp_arch_send_reschedule. May return without
 * one. Interrupts are on afterwards. */
void smp_arch_idle(void);

/* The instruction it waits by, as manuals write it. */
const char *smp_arch_idle_name(void);

#endif
