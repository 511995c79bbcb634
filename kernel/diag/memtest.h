/* The memory test, and what it found. */
#ifndef KERNEL_DIAG_MEMTEST_H
#define KERNEL_DIAG_MEMTEST_H

#include "kernel/diag/faults.h"
#include "kernel/time/clock.h"

struct memtest_result {
	uint64_t ram, tested;		/* bytes of the machine, and of these what was tested */
	unsigned cpus, passes, tests;	/* passes that were finished, and tests of the one that was not */
	bool stopped;			/* by a key, or as the time was over */
	uint64_t moved;			/* bytes read and written */
	nsec_t took, moving;		/* in all; and without waits */
	uint64_t filled;		/* bytes that were written with one word, and how long that took */
	nsec_t filling;
	struct faults faults;
};

/* Of the last run; all zero where there was none. */
const struct memtest_result *memtest_result(void);

#endif
