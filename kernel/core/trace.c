/* Each CPU writes to a ring of its own, with interrupts off, so events need no lock, no atomic instruction and no shared
 * cache line. */
#include "kernel/core/trace.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"

struct trace_ring {
	struct trace_record *records;
	uint64_t count;		/* written so far */
	uint32_t mask;
	bool on;
};

static PERCPU(struct trace_ring, trace_ring);

bool trace_is_on;

void trace_record(enum trace_kind kind, uint32_t a, uint32_t b)
{
	struct trace_ring *r = &this_cpu(trace_ring);

	if (r->on)
		r->records[r->count++ & r->mask] = (struct trace_record){ cpu_ticks(), kind, a, b };
}

void trace_start_cpu(struct trace_record *memory, uint32_t records)
{
	this_cpu(trace_ring) = (struct trace_ring){ .records = memory, .mask = records - 1, .on = true };
}

void trace_stop_cpu(void)
{
	this_cpu(trace_ring).on = false;
}

uint64_t trace_count(cpu_id_t cpu, uint32_t *ret_kept)
{
	const struct trace_ring *r = &cpu_of(cpu, trace_ring);

	*ret_kept = r->records ? (uint32_t)MIN(r->count, r->mask + 1ull) : 0;
	return r->count;
}

const struct trace_record *trace_read(cpu_id_t cpu, uint32_t nth)
{
	const struct trace_ring *r = &cpu_of(cpu, trace_ring);

	return &r->records[(r->count - MIN(r->count, r->mask + 1ull) + nth) & r->mask];
}
