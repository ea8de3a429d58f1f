/*
 * seeded.h: numbers that look random, the same for the same seed. Include it in one file of a test
 * program.
 */
#ifndef AB_SEEDED_H
#define AB_SEEDED_H

#include <stdint.h>

static uint32_t seeded_state;

static inline void
seeded_start(uint32_t seed)
{
	seeded_state = seed * 2654435761U | 1U;
}

/* One below n. */
static inline uint32_t
below(uint32_t n)
{
	seeded_state ^= seeded_state << 13;
	seeded_state ^= seeded_state >> 17;
	seeded_state ^= seeded_state << 5;
	return seeded_state % n;
}

#endif
