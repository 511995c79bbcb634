/* The C library's memory and string functions that the compiler and we use, for loader and kernel (host programs have
 * libc).
 *
 * Rules: as ISO C defines them; memcpy and memset move eight bytes at a time (large blocks by rep movsq and rep stosq),
 * because under instruction-counted emulation, and on CPUs without fast strings, rep movsb costs one step a byte. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t most);
char *strchr(const char *s, int c);

#endif
