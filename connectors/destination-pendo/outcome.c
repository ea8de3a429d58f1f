#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "service.h"

/* An error that names no row. */
struct stray {
	const cJSON *error;
};

/* A reply on its way to an outcome. */
struct reading {
	const struct ab_batch *batch;
	struct pendo_row *rows;
	size_t known; /* rows whose fate is */
	struct stray *strays;
	size_t stray_count;
	size_t strangers; /* missing ids that are of no row */
};

/* Gives the row of an id its fate; false if there is no such row, or it has one. */
static bool
decide(struct reading *reading, const cJSON *id, enum pendo_fate fate, const cJSON *error)
{
	size_t i;

	if (!cJSON_IsString(id) ||
	    !ab_batch_find(reading->batch, id->valuestring, strlen(id->valuestring), &i) ||
	    reading->rows[i].fate != PENDO_UPDATED)
		return false;
	reading->rows[i] = (struct pendo_row){.fate = fate, .error = error};
	reading->known++;
	return true;
}

static bool
decide_error(struct reading *reading, const cJSON *error)
{
	static const char *const names[] = {"id", "visitorId", "accountId"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (decide(reading, cJSON_GetObjectItemCaseSensitive(error, names[i]),
			PENDO_REFUSED, error))
			return true;
	}
	return false;
}

static void
read_lists(struct reading *reading, const cJSON *missing, const cJSON *errors)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, missing)
	{
		if (!decide(reading, one, PENDO_MISSING, NULL))
			reading->strangers++;
	}
	cJSON_ArrayForEach(one, errors)
	{
		if (!decide_error(reading, one))
			reading->strays[reading->stray_count++].error = one;
	}
}

/* Rows that no id names were refused, as many as there are left: so these are. Errors are in the
 * order of the rows; what they do not account for may be missing under another spelling of its id.
 */
static void
refuse_rest(struct reading *reading)
{
	size_t next = 0;

	for (size_t i = 0; i < reading->batch->count; i++) {
		struct pendo_row *row = &reading->rows[i];
		if (row->fate != PENDO_UPDATED)
			continue;
		const bool told = next < reading->stray_count;
		const bool is_missing = !told && reading->strangers > 0;
		reading->strangers -= is_missing;
		row->fate = is_missing ? PENDO_MISSING : PENDO_REFUSED;
		row->error = told ? reading->strays[next++].error : NULL;
	}
}

/* How many rows were refused, or are not accounted for, beyond those whose fate is known. */
static size_t
unknown(const struct reading *reading, const cJSON *total, const cJSON *failed)
{
	const size_t told = reading->stray_count + reading->strangers;
	const size_t left = reading->batch->count - reading->known;
	const double absent = (double)reading->batch->count - total->valuedouble;
	const double counted = (absent > 0 ? absent : 0) +
			       (cJSON_IsNumber(failed) ? failed->valuedouble : 0) -
			       (double)reading->known;

	if (counted >= (double)left)
		return left;
	return counted > (double)told ? (size_t)counted : told;
}

static bool
is_list(const cJSON *value)
{
	return value == NULL || cJSON_IsNull(value) || cJSON_IsArray(value);
}

enum pendo_clarity
pendo_outcome_read(struct pendo_outcome *outcome, const struct ab_batch *batch, const cJSON *reply)
{
	const cJSON *missing = cJSON_GetObjectItemCaseSensitive(reply, "missing");
	const cJSON *errors = cJSON_GetObjectItemCaseSensitive(reply, "errors");
	const cJSON *failed = cJSON_GetObjectItemCaseSensitive(reply, "failed");
	const cJSON *total = cJSON_GetObjectItemCaseSensitive(reply, "total");
	struct reading reading = {.batch = batch};
	bool clear = true;

	if (!cJSON_IsNumber(total) || !is_list(missing) || !is_list(errors))
		return PENDO_UNREADABLE;
	reading.rows = ab_calloc(batch->count, sizeof(*reading.rows));
	reading.strays = ab_calloc((size_t)cJSON_GetArraySize(errors) + 1, sizeof(*reading.strays));
	read_lists(&reading, missing, errors);
	const size_t more = unknown(&reading, total, failed);
	if (more > 0 && more < batch->count - reading.known)
		clear = false;
	else if (more > 0)
		refuse_rest(&reading);
	free(reading.strays);
	if (!clear) {
		free(reading.rows);
		return PENDO_UNCLEAR;
	}
	*outcome = (struct pendo_outcome){.rows = reading.rows};
	for (size_t i = 0; i < batch->count; i++)
		outcome->missing += reading.rows[i].fate == PENDO_MISSING;
	return PENDO_CLEAR;
}

void
pendo_outcome_release(struct pendo_outcome *outcome)
{
	free(outcome->rows);
}

void
pendo_outcome_words(char *words, size_t size, const cJSON *error)
{
	static const char *const names[] = {"message", "error", "reason"};

	ab_reply_copy_text(words, size, error);
	for (size_t i = 0; words[0] == '\0' && i < sizeof(names) / sizeof(names[0]); i++)
		ab_reply_copy_text(words, size, cJSON_GetObjectItemCaseSensitive(error, names[i]));
	if (words[0] == '\0')
		snprintf(words, size, "Pendo gives no reason");
}
