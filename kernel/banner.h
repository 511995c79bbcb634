/* What a person sees first. */
#ifndef KERNEL_BANNER_H
#define KERNEL_BANNER_H

/* Name and version, and the machine in a few lines. */
void banner_print(void);

/* "samara: ready in 12.345 ms, 4 CPUs, 249 MiB free of 256 MiB"; with bench.stamp the time stamps for scripts too. */
void banner_print_ready(void);

#endif
