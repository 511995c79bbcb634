/* Kernel trace: what happened on each CPU and when, event by event, in a ring of the CPU's own.
 *
 * Rules
 * - trace_event is called with interrupts off, and not by NMIs. While the trace is off it costs one predicted branch.
 * - Each CPU starts and stops its own part, with interrupts off, so that nobody writes to it meanwhile; trace_is_on is
 *   set before the first starts and cleared after the last has stopped.
 * - The rings' memory is the caller's. A full ring forgets its oldest events, and counts them. The readers are for the
 *   time between trace_stop_cpu and the next trace_start_cpu.
 *
 * kernel/sched/trace_command.c has the command, tools/trace turns what it prints into a file for a viewer. */
#ifndef KERNEL_CORE_TRACE_H
#define KERNEL_CORE_TRACE_H

#include "lib/types.h"

/* a and b of each event. */
enum trace_kind {
	TRACE_SWITCH,		/* the thread that leaves, the one that comes: their ids */
	TRACE_WAKE,		/* the thread that is woken, the CPU it goes to */
	TRACE_INTERRUPT,	/* the vector */
	TRACE_INTERRUPT_END,	/* the vector */
	TRACE_KINDS,
};

struct trace_record {
	uint64_t ticks;		/* cpu_ticks() of its CPU */
	uint32_t kind, a, b;
};

extern bool trace_is_on;

void trace_record(enum trace_kind kind, uint32_t a, uint32_t b);

/* a and b are evaluated only where it is on. */
#define trace_event(kind_, a_, b_)							\
	do {										\
		if (__builtin_expect(__atomic_load_n(&trace_is_on, __ATOMIC_RELAXED), 0)) \
			trace_record((kind_), (a_), (b_));				\
	} while (0)

/* memory: for this CPU, `records` of them, a power of two. */
void trace_start_cpu(struct trace_record *memory, uint32_t records);
void trace_stop_cpu(void);

/* What a CPU wrote: how many there were, and how many of the last are still there; the nth of those, the oldest first. */
uint64_t trace_count(cpu_id_t cpu, uint32_t *ret_kept);
const struct trace_record *trace_read(cpu_id_t cpu, uint32_t nth);

#endif
