/* CRC-32 as in IEEE 802.3, zlib and UEFI's tables.
 *
 * Rules: pure. The first call starts with 0; a later part goes on with what the earlier one returned. "123456789" gives
 * 0xcbf43926. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include "lib/types.h"

uint32_t crc32(uint32_t before, const void *data, size_t size);

#endif
