/* Are the CPUs' tick counters in step?
 *
 * Rules: the boot CPU calls clock_sync_with(id) while CPU id runs clock_sync_self, one CPU after another; interrupts
 * off on that one. Both return within a second, whatever the other one does.
 *
 *	struct smp_call call = { .function = clock_sync_self };
 *	smp_call_start(id, &call);
 *	clock_sync_with(id);
 *	smp_call_wait(&call, id);
 *
 * A difference is taken out of the times that the CPU tells. Where the counters run apart the clock falls back to
 * another counter, with a message. */
#ifndef KERNEL_TIME_CLOCK_SYNC_H
#define KERNEL_TIME_CLOCK_SYNC_H

#include "lib/types.h"

/* What is known of how far another counter is ahead: at least `least`, at most `most`. Pure, for the tests. */
struct clock_lead {
	int64_t least, most;
};

/* clock_sync_with says what was found: how far the boot CPU was ahead, before that was taken out. */
struct clock_lead clock_sync_with(cpu_id_t id);
void clock_sync_self(void *unused);

/* One question and answer: asked at `before`, answered by the other at `there`, received at `after`. */
static inline void clock_lead_narrow(struct clock_lead *l, uint64_t before, uint64_t there, uint64_t after)
{
	l->least = MAX(l->least, (int64_t)(there - after));
	l->most = MIN(l->most, (int64_t)(there - before));
}

#endif
