#include "clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t
read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
ab_clock_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
ab_clock_unix_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
ab_clock_scaled(int64_t ms)
{
	static double scale;

	if (scale <= 0) {
		const char *text = getenv("AB_TIME_SCALE");
		char *end = NULL;
		const double value = text != NULL ? strtod(text, &end) : 1;
		scale = end != NULL && *end == '\0' && value > 0 && value <= 1 ? value : 1;
	}
	return (int64_t)((double)ms * scale + 0.5);
}
