#include "retry.h"

#include <assert.h>

int64_t
ab_retry_wait(const struct ab_retry_policy *policy, unsigned failed, int64_t waited_ms,
    int64_t retry_after_ms, uint32_t random)
{
	assert(failed > 0 && policy->delays <= AB_RETRY_DELAYS_MAX);
	if (failed > policy->delays)
		return -1;
	const int64_t delay = policy->delays_ms[failed - 1];
	const int64_t wait = retry_after_ms > delay ? retry_after_ms : delay;
	const int64_t left = policy->total_ms - waited_ms;
	if (wait > left)
		return -1;
	const int64_t spread = (int64_t)(((uint64_t)wait / 4 * random) >> 32);
	return spread < left - wait ? wait + spread : left;
}

int
ab_retry_status(int status)
{
	switch (status) {
	case 0:
	case 408:
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return 1;
	default:
		return status >= 200 && status <= 299 ? 0 : -1;
	}
}
