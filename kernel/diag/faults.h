/* Faults of memory: counted, the first ones kept, and their frames marked to be retired.
 *
 * Rules: faults_add may be called on all CPUs at once, for addresses whose frames are allocated. Reading is exact once
 * nobody adds. */
#ifndef KERNEL_DIAG_FAULTS_H
#define KERNEL_DIAG_FAULTS_H

#include "kernel/diag/modules.h"
#include "kernel/sync/spinlock.h"

#define FAULTS_KEPT 32u

struct fault {
	paddr_t address;
	uint64_t expected, actual;
	uint64_t modules;	/* kernel/diag/modules.h */
	cpu_id_t cpu;		/* that found it */
	unsigned test;		/* index of memtests */
	bool moved;		/* it may have gone wrong elsewhere: the address says nothing of a frame or module */
};

struct faults {
	struct spinlock lock;		/* for all below */
	uint64_t count;			/* of words that read wrong; one word may do so often */
	uint64_t frames;		/* different ones */
	uint64_t bits;			/* that were wrong anywhere */
	paddr_t lowest, highest;	/* without moved ones */
	unsigned kept;
	struct fault first[FAULTS_KEPT];
	uint32_t module_frames[MODULES_MOST];
};

void faults_clear(struct faults *f);
/* Its modules are filled in here. */
void faults_add(struct faults *f, struct fault fault);

/* The index-th of the kept ones; false where there is none yet. */
bool faults_get(struct faults *f, unsigned index, struct fault *ret);

#endif
