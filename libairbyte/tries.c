#include "tries.h"

#include <stdlib.h>
#include <string.h>

int64_t
ab_tries_failed(struct ab_tries *tries, unsigned step, const struct ab_retry_policy *policy,
    const struct ab_reply *reply, const struct ab_error *cause, uint32_t random,
    struct ab_error *given_up)
{
	ab_trouble_note(&tries->trouble, reply->status, cause);
	const int64_t wait_ms = ab_retry_wait(policy, ++tries->of_step[step],
	    tries->trouble->waited_ms, reply->retry_after_ms, random);
	if (wait_ms < 0)
		ab_trouble_tell(tries->trouble, given_up);
	else
		tries->trouble->waited_ms += wait_ms;
	return wait_ms;
}

void
ab_tries_succeeded(struct ab_tries *tries, unsigned step, bool settled)
{
	tries->of_step[step] = 0;
	if (settled)
		memset(tries->of_step, 0, sizeof(tries->of_step));
	for (unsigned other = 0; other < AB_STEPS_MAX; other++) {
		if (tries->of_step[other] > 0)
			return;
	}
	ab_tries_clear(tries);
}

void
ab_tries_clear(struct ab_tries *tries)
{
	free(tries->trouble);
	*tries = (struct ab_tries){.trouble = NULL};
}
