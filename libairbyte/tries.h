/*
 * tries.h: pure: the tries of what belongs together that failed: whether there is another, and
 * after which wait.
 *
 * They are counted per step of an exchange, also when it is revisited, and their waits are added up
 * over all steps, until each step that was tried again went well.
 */
#ifndef AB_TRIES_H
#define AB_TRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "destination.h"
#include "error.h"
#include "retry.h"
#include "trouble.h"

/* All zeroes at first. */
struct ab_tries {
	unsigned of_step[AB_STEPS_MAX];
	struct ab_trouble *trouble; /* NULL: no try is counted */
};

/* A try of a step failed for this cause. Returns the wait before the next one in ms, or -1: there
 * is none, and *given_up says the first cause and all tries. random: as ab_retry_wait takes it. */
int64_t ab_tries_failed(struct ab_tries *tries, unsigned step, const struct ab_retry_policy *policy,
    const struct ab_reply *reply, const struct ab_error *cause, uint32_t random,
    struct ab_error *given_up);

/* What a step asked for went well in the end. What other steps tried and may try again stays known,
 * and so does how long was waited for it, unless that is settled too. */
void ab_tries_succeeded(struct ab_tries *tries, unsigned step, bool settled);

/* Forgets all. */
void ab_tries_clear(struct ab_tries *tries);

#endif
