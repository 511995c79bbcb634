/* Which of several statements about the same rate to believe.
 *
 * Rules: pure. Claims stand in the order of trust. */
#ifndef KERNEL_TIME_RATE_H
#define KERNEL_TIME_RATE_H

#include "lib/types.h"

struct rate_claim {
	const char *by;		/* "HPET", "CPUID leaf 15h"; for people */
	uint64_t hz;		/* 0: claims nothing */
	uint32_t ppm;		/* what it may be off by, in millionths; 0 where it does not say */
	bool measured;		/* by us, not stated by somebody */
};

/* Do two rates differ by 1 % at most? */
bool rate_agrees(uint64_t a, uint64_t b);

/* Can a rate of the TSC be true? From 100 MHz to 10 GHz. */
bool rate_is_plausible(uint64_t hz);

/* The one to believe; NULL where no claim is plausible. */
const struct rate_claim *rate_choose(const struct rate_claim *claims, size_t count);

#endif
