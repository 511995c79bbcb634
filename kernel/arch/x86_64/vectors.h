/* Interrupt vectors: who handles what arrives on a CPU.
 *
 *	0-31	exceptions (traps.c)
 *	32-47	the two 8259s, masked for good: only their spurious interrupts can come
 *	48-223	devices, allocated for each CPU (irq/irq.c)
 *	224-255	the kernel's own, the same on every CPU
 *
 * Rules: a handler runs with interrupts off and is given the vector; end of interrupt is signalled before it runs for
 * the kernel's own vectors and behind it for devices (vectors.c). Handlers are set before the vector can come. */
#ifndef KERNEL_ARCH_X86_64_VECTORS_H
#define KERNEL_ARCH_X86_64_VECTORS_H

#include "kernel/arch/percpu.h"
#include "kernel/arch/x86_64/traps.h"

enum {
	VECTOR_PIC = 32, VECTOR_PIC_SPURIOUS_MASTER = 39, VECTOR_PIC_SPURIOUS_SLAVE = 47,
	VECTOR_DEVICE_FIRST = 48, VECTOR_DEVICE_LAST = 223,
	VECTOR_TIMER = 224, VECTOR_CALL = 225, VECTOR_RESCHEDULE = 226,
	VECTOR_FIRMWARE_TIMER = 240,	/* alone in its class: firmware_enter.c */
	VECTOR_ERROR = 254, VECTOR_SPURIOUS = 255,	/* the spurious one has its low four bits set, as old LAPICs want it */
};

/* The kernel's own vectors: a handler and a name for `irq`. */
void vector_set_system(unsigned vector, const char *name, void (*handler)(void));

/* All device vectors: irq/irq.c. Returns true where somebody claimed the interrupt. */
void vector_set_devices(bool (*handler)(unsigned vector));

/* From traps.c, for vectors of 32 and more. */
void vector_dispatch(struct trap_frame *frame);

/* From a handler: the interrupt returns to here, with this stack, RAX, and interrupts off. */
void trap_return_to(vaddr_t instruction, vaddr_t stack, uint64_t rax);

/* Take and forget what was pending at the hand-over: on the boot CPU with interrupts off, when nothing but that can be. */
void vectors_drain(void);

/* How often each vector came on a CPU; and the name of a system vector, NULL where there is none. */
extern uint64_t vector_counts[VECTOR_COUNT];	/* per-CPU */
const char *vector_name(unsigned vector);

#endif
