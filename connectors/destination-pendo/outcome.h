/*
 * outcome.h: pure: what a bulk call did to each of its rows.
 *
 * The reply is
 * {"total":3,"updated":1,"failed":2,"kind":"visitor","missing":["id"],"errors":["..."]}. missing
 * and errors may be absent. What an error looks like is not documented: a text, or an object with
 * an id. total is updated + failed, failed is what missing and errors hold.
 */
#ifndef PENDO_OUTCOME_H
#define PENDO_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"

struct cJSON;

enum pendo_fate { PENDO_UPDATED, PENDO_MISSING, PENDO_REFUSED };

struct pendo_row {
	enum pendo_fate fate;
	const struct cJSON *error; /* of a refused one: the reply's; NULL if it gives none */
};

struct pendo_outcome {
	struct pendo_row *rows; /* one per entry of the batch */
	size_t missing;
};

enum pendo_clarity {
	PENDO_CLEAR,   /* each row's fate is known */
	PENDO_UNCLEAR, /* some were refused, and it is not known which */
	PENDO_UNREADABLE,
};

/* Reads a reply to the sealed batch. Only a clear one fills outcome, which is then the caller's. */
enum pendo_clarity pendo_outcome_read(
    struct pendo_outcome *outcome, const struct ab_batch *batch, const struct cJSON *reply);
void pendo_outcome_release(struct pendo_outcome *outcome);

/* The words of an error as one line; "Pendo gives no reason" if it has none. */
void pendo_outcome_words(char *words, size_t size, const struct cJSON *error);

#endif
