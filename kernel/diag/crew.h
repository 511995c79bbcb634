/* A thread bound to each CPU, for work that is about CPUs.
 *
 * Rules
 * - One thread owns the crew and calls all of this. Members are numbered from 0; each is one CPU that is online.
 * - A member that was given work does it once; before it gets other work, crew_wait has returned true. The work is
 *   preemptible, and looks by itself whether it should stop. */
#ifndef KERNEL_DIAG_CREW_H
#define KERNEL_DIAG_CREW_H

#include "kernel/time/clock.h"

struct crew;
typedef void crew_work(void *context, unsigned member);

/* NULL: no memory. */
struct crew *crew_create(void);
void crew_destroy(struct crew *c);

unsigned crew_size(const struct crew *c);
cpu_id_t crew_cpu(const struct crew *c, unsigned member);

void crew_start(struct crew *c, unsigned member, crew_work *work, void *context);
void crew_start_all(struct crew *c, crew_work *work, void *context);

/* Wait until all that was started is done; false where that time came first. */
bool crew_wait(struct crew *c, nsec_t until);

#endif
