/* Interrupts of devices.
 *
 * Rules
 * - A handler runs with interrupts off on one CPU at a time for its line; it returns true where its device had
 *   something to say. A line that nobody claims for long is masked, with a message.
 * - Request and free at any time after irq_init, not from handlers. After irq_free returns, the handler is not running
 *   any more. */
#ifndef KERNEL_IRQ_IRQ_H
#define KERNEL_IRQ_IRQ_H

#include "lib/types.h"

typedef bool irq_handler(void *context);

/* A message-signalled interrupt as the device sends it (Intel SDM volume 3, section 11.11). */
struct irq_message {
	uint64_t address;
	uint32_t data;
};

void irq_init(void);

/* On each CPU, last of all: its NMI lines, and interrupts on. */
void irq_init_cpu(void);

/* An ISA interrupt (0 to 15, with the MADT's overrides), or a global system interrupt. Returns a number for irq_free,
 * or a negative errno: -ENODEV, -EBUSY, -ENOSPC where no vector is left. */
int irq_request_isa(unsigned irq, const char *name, irq_handler *handler, void *context);
int irq_request_gsi(uint32_t gsi, bool level, bool active_low, const char *name, irq_handler *handler, void *context);

/* A vector for a message; ret_message is what to program into the device. */
int irq_request_message(const char *name, irq_handler *handler, void *context, struct irq_message *ret_message);

void irq_free(int number);

/* Interrupts that a CPU has taken so far, of all kinds. Of its own CPU, with interrupts off, exact. */
uint64_t irq_taken(cpu_id_t cpu);

#endif
