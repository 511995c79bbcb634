/* The kernel's log.
 *
 * Rules
 * - pr_err() and its like may be called in any context: under any lock, in NMI and machine check handlers, before
 *   anything is set up. They take no lock: a message goes to a ring of slots, claimed by one atomic addition, and the
 *   oldest is overwritten.
 * - Messages are shown on the consoles (kernel/core/console.h) by whoever can get the consoles' lock; the others leave
 *   theirs to that one.
 * - A message is "subsystem: text" without a newline. Levels are Linux's; those below `loglevel=` (7 without it, 4 with
 *   `quiet`) reach the consoles, all of them the ring.
 * - A message is stamped with the boot CPU's cpu_ticks(); lines are shown as time since the EFI entry point once the
 *   clock's rate is known, and wait for that. */
#ifndef KERNEL_CORE_LOG_H
#define KERNEL_CORE_LOG_H

#include "lib/types.h"

enum log_level { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

void log_message(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with another time stamp, in ticks. */
void log_at(uint64_t ticks, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define pr_err(...)	log_message(LOG_ERR, __VA_ARGS__)
#define pr_warn(...)	log_message(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...)	log_message(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)	log_message(LOG_INFO, __VA_ARGS__)
#define pr_debug(...)	log_message(LOG_DEBUG, __VA_ARGS__)

#define LOG_LINE_MAX 480	/* a longer message is cut */

struct log_record {
	uint64_t ticks;
	enum log_level level;
	size_t size;
	char text[LOG_LINE_MAX];	/* ends with a NUL that size does not count */
};

/* Read the message that starts in slot *position or the next one that is still there, and move *position behind it.
 * False at the end, and at a message that is being written. */
bool log_read(uint64_t *position, struct log_record *ret);

/* The position of the message that is `count` messages (or slots, where messages are long) from the end. */
uint64_t log_tail(unsigned count);

/* In a panic: a message whose writer was stopped no longer holds up the ones behind it. */
void log_skip_unfinished(void);

/* Set by the clock: the boot CPU's ticks, on any CPU, and nanoseconds since the EFI entry point. Before that there is
 * the boot CPU alone, and times are unknown. */
void log_set_clock(uint64_t (*now)(void), nsec_t (*to_nsec)(uint64_t ticks));

/* "[    0.004217] " into a buffer of LOG_STAMP bytes. */
#define LOG_STAMP 24
void log_stamp(uint64_t ticks, char ret[LOG_STAMP]);

/* Read loglevel=, quiet and debug. */
void log_init(void);

/* Show messages below this level from now on, as loglevel= does. */
void log_set_level(unsigned level);

/* Show what is new on all consoles. Called by log_message itself; and once after a console was added. */
void log_show(void);

#endif
