/* Scheduling policies and priorities of the Linux x86-64 ABI (Linux UAPI linux/sched.h; sched(7)). */
#ifndef ABI_LINUX_SCHED_H
#define ABI_LINUX_SCHED_H

#define SCHED_OTHER	0	/* SCHED_NORMAL in the kernel's own headers */
#define SCHED_FIFO	1
#define SCHED_RR	2
#define SCHED_BATCH	3
#define SCHED_IDLE	5

#define SCHED_PRIORITY_MIN	1	/* of SCHED_FIFO and SCHED_RR; of the others the priority is 0 */
#define SCHED_PRIORITY_MAX	99	/* the highest */

#define SCHED_NICE_MIN	(-20)	/* getpriority(2): gets the most time */
#define SCHED_NICE_MAX	19

#endif
