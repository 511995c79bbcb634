/* Assertions: in every build, since a wrong state found early costs less than one found late; put them where they are
 * not on a hot path. */
#ifndef KERNEL_CORE_ASSERT_H
#define KERNEL_CORE_ASSERT_H

#include "kernel/core/panic.h"

#define ASSERT(condition)								\
	do {										\
		if (__builtin_expect(!(condition), 0))					\
			panic("assertion failed: %s (%s:%d)", #condition, __FILE_NAME__, __LINE__); \
	} while (0)

#endif
