/* CPUID's crystal is zero or wrong on some CPUs, PM timers and PITs are dead or run at half their rate on some boards:
 * none is right everywhere, but two that agree are. So the first claim that another one confirms is taken. Where nobody
 * confirms anybody, the first that was measured is better than what was stated. Among measurements that agree the most
 * exact one counts. */
#include "kernel/time/rate.h"

#define PLAUSIBLE_LEAST	100000000ull
#define PLAUSIBLE_MOST	10000000000ull

bool rate_agrees(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= MAX(a, b) / 100;
}

bool rate_is_plausible(uint64_t hz)
{
	return hz >= PLAUSIBLE_LEAST && hz <= PLAUSIBLE_MOST;
}

static bool confirmed(const struct rate_claim *claims, size_t count, size_t i)
{
	for (size_t other = 0; other < count; other++)
		if (other != i && rate_is_plausible(claims[other].hz) && rate_agrees(claims[i].hz, claims[other].hz))
			return true;
	return false;
}

static const struct rate_claim *trusted(const struct rate_claim *claims, size_t count)
{
	const struct rate_claim *stated = NULL, *measured = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!rate_is_plausible(claims[i].hz))
			continue;
		if (confirmed(claims, count, i))
			return &claims[i];
		if (!measured && claims[i].measured)
			measured = &claims[i];
		if (!stated)
			stated = &claims[i];
	}
	return measured ? measured : stated;
}

const struct rate_claim *rate_choose(const struct rate_claim *claims, size_t count)
{
	const struct rate_claim *best = trusted(claims, count);

	for (const struct rate_claim *c = claims; best && best->measured && c < claims + count; c++)
		if (c->measured && c->ppm < best->ppm && rate_is_plausible(c->hz) && rate_agrees(c->hz, best->hz))
			best = c;
	return best;
}
