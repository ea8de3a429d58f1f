/*
 * clock.h: the time, and the testing aid that makes waits short.
 */
#ifndef AB_CLOCK_H
#define AB_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps. */
int64_t ab_clock_ms(void);

/* Milliseconds of Unix time. */
int64_t ab_clock_unix_ms(void);

/*
 * ms multiplied by AB_TIME_SCALE (a decimal fraction above 0 and at most 1; 1 if absent or anything
 * else). For retry waits, pacing windows, batch ages and the silence of a service; for no other
 * network deadline.
 */
int64_t ab_clock_scaled(int64_t ms);

#endif
