/* Keeping the clock right while the machine runs. */
#ifndef KERNEL_TIME_CLOCK_WATCH_H
#define KERNEL_TIME_CLOCK_WATCH_H

/* Begin. When this CPU takes timer interrupts. */
void clock_watch_init(void);

#endif
