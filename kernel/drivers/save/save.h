/* Reports that outlive the run: `save`, and every panic. */
#ifndef KERNEL_DRIVERS_SAVE_SAVE_H
#define KERNEL_DRIVERS_SAVE_SAVE_H

/* From here on a panic is saved, unless `nosave` is on the command line. After memory_init. */
void save_init(void);

#endif
