/* The end: say everything that helps, on every console, and stop.
 *
 * Rules: may be called in any context, also before anything is set up and while another panic is under way. */
#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

#include "kernel/arch/trap.h"

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with the registers and the backtrace of an exception. */
_Noreturn void panic_trap(const struct trap_frame *frame, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With other CPUs: `stop` stops them before anything is shown, `describe` then says with panic_add where they were. */
void panic_set_others(void (*stop)(void), void (*describe)(void));
void panic_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Called with the whole text when it is complete, to draw it; the first line is the heading. */
void panic_set_screen(void (*show)(const char *text));

/* Called where there is no console yet, to add one. */
void panic_set_first_console(void (*add)(void));

/* Called once the text was shown, with all of it, to keep it for the next boot; and again where that failed with a
 * panic of its own. Returns a line for the page. */
void panic_set_save(const char *(*save)(const char *text, size_t size));

/* Where it happened and the heading, "in SYMBOL+0x27: page fault: …"; "" before a panic. */
const char *panic_reason(void);

/* Called at the very end: leave the emulator, restart, or return for a machine that stays as it is. */
void panic_set_end(void (*end)(void));

/* The build id's first eight bytes as hexadecimal text. */
const char *panic_build_id(void);

#endif
