/* printf into memory.
 *
 * Rules
 * - Conversions d i u x X o c s p %, flags - + space 0 #, width and precision (also *), lengths hh h l ll z t j. No
 *   floating point.
 * - Always ends the text with a NUL where size > 0, and returns the length the whole text would have had (as C99
 *   snprintf).
 * - %s with a null pointer prints "(null)"; an unknown conversion prints itself. %p prints 0x and 16 digits. */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

int kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
int ksnprintf(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
