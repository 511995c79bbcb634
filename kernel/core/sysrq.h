/* Emergency keys: Alt-PrintScreen and a letter, or a break on the serial line and a letter, as Linux has them.
 *
 * Rules
 * - Any context, interrupts included. A key's function waits for nothing, takes no lock that the interrupted code may
 *   hold, and says what it has to say in the log.
 * - A key is registered by the file that owns what it does. */
#ifndef KERNEL_CORE_SYSRQ_H
#define KERNEL_CORE_SYSRQ_H

#include "lib/types.h"

struct sysrq_key {
	char letter;
	const char *help;	/* a few words: "restarts the machine" */
	void (*run)(void);
};

#define SYSRQ(letter_, name_, help_, run_)						\
	static const struct sysrq_key sysrq_##name_					\
	__attribute__((section(".sysrq_keys." #name_), used, aligned(8))) = { letter_, help_, run_ }

/* Do what a letter stands for; the list of all letters for h and for one that has no meaning. */
void sysrq_handle(char letter);

#endif
