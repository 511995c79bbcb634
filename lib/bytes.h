/* Fields of formats that come from outside: little endian, at any alignment.
 *
 * Rules: the caller has checked that the bytes are there. __builtin_memcpy is one load instruction, also where the
 * compiler is told that there is no C library and a plain memcpy would be a call. */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t bytes_get_u16(const void *at)
{
	uint16_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t bytes_get_u32(const void *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t bytes_get_u64(const void *at)
{
	uint64_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

/* The sum of all bytes modulo 256, which the checksum byte of ACPI, SMBIOS and EDID makes 0. */
static inline uint8_t bytes_sum(const void *from, size_t size)
{
	const uint8_t *bytes = from;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum;
}

#endif
