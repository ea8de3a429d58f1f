#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "outcome.h"
#include "reply.h"

/* Pendo may work on a call for five minutes before it says that it took too long. */
#define SILENCE_S 330
#define WORDS_MAX 300

enum ab_ask
pendo_values_request(const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct pendo_stream *stream = x->stream->self;
	char path[256];

	snprintf(path, sizeof(path), "metadata/%s/%s/value%s", pendo_kind_name(stream->kind),
	    pendo->group, pendo->create_missing ? "?create=true" : "");
	pendo_request_start(pendo, out, AB_POST, path);
	ab_buf_add_char(&out->head, '[');
	out->to = x->batch->body.len - 1; /* without the last comma */
	ab_buf_add_char(&out->tail, ']');
	out->silence_s = SILENCE_S;
	return AB_SEND;
}

static void
reject(struct ab_exchange *x, size_t i, const char *reason)
{
	struct pendo_stream *stream = x->stream->self;

	ab_batch_reject(x->batch, i, "%s", reason);
	pendo_report_add(&stream->report, reason, ab_batch_entry_key(x->batch, i), 1);
}

/* --- 200 --- */

/* No other record of the id would find it either. versions: how many there are. */
static void
settle_missing(const struct pendo *pendo, struct ab_exchange *x, size_t i, size_t versions)
{
	struct pendo_stream *stream = x->stream->self;
	char reason[128];

	snprintf(reason, sizeof(reason), "Pendo has no %s of this id%s",
	    pendo_kind_name(stream->kind),
	    pendo->on_missing == PENDO_IGNORE ? ", which on_missing ignores" : "");
	pendo_report_add(&stream->report, reason, ab_batch_entry_key(x->batch, i), versions);
	if (pendo->on_missing != PENDO_IGNORE)
		ab_batch_reject_key(x->batch, i, reason);
}

static void
settle_row(const struct pendo *pendo, struct ab_exchange *x, size_t i, const struct pendo_row *row,
    size_t versions)
{
	char words[WORDS_MAX];
	char reason[WORDS_MAX + 32];

	switch (row->fate) {
	case PENDO_UPDATED:
		break;
	case PENDO_MISSING:
		settle_missing(pendo, x, i, versions);
		break;
	case PENDO_REFUSED:
		pendo_outcome_words(words, sizeof(words), row->error);
		snprintf(reason, sizeof(reason), "Pendo refused it: %s", words);
		reject(x, i, reason);
		break;
	}
}

static enum ab_verdict
settle(const struct pendo *pendo, struct ab_exchange *x, const struct pendo_outcome *outcome,
    struct ab_error *err)
{
	struct pendo_stream *stream = x->stream->self;
	size_t *versions = ab_batch_versions(x->batch);
	char label[256];

	for (size_t i = 0; i < x->batch->count; i++)
		settle_row(pendo, x, i, &outcome->rows[i], versions[i]);
	free(versions);
	/* Whatever became of the records: their fields are as Pendo wants them. */
	stream->refusals.count = 0;
	stream->refusals.worked = true;
	x->stream->in_doubt = false;
	if (outcome->missing == 0 || pendo->on_missing != PENDO_FAIL)
		return AB_DONE;
	ab_fail(err, AB_CONFIG_ERROR,
	    "Pendo does not have %zu of the %ss of stream %s, and on_missing is fail; "
	    "create_missing "
	    "would make them",
	    outcome->missing, pendo_kind_name(stream->kind),
	    ab_stream_label(x->stream, label, sizeof(label)));
	return AB_FAILED;
}

/* err says why. Each reason is told once, so that a slow sync is no riddle. */
static enum ab_verdict
halve(struct ab_exchange *x, int status, const struct ab_error *err)
{
	if (status == 408)
		ab_note(x->stream, PENDO_NOTE_LARGE,
		    "calls are halved: %s; a smaller batch_records makes them shorter",
		    err->message);
	else if (status == 413)
		ab_note(x->stream, PENDO_NOTE_LARGE,
		    "calls are halved: %s; a smaller batch_bytes makes them smaller", err->message);
	else
		ab_note(x->stream, PENDO_NOTE_SEARCH,
		    "calls are halved: %s; so those that it does not take are found, and where "
		    "they are many, a smaller batch_records does so in fewer calls",
		    err->message);
	return AB_SPLIT;
}

static enum ab_verdict
judge_reply(const struct pendo *pendo, struct ab_exchange *x, const cJSON *reply, const char *what,
    struct ab_error *err)
{
	struct pendo_outcome outcome;

	switch (pendo_outcome_read(&outcome, x->batch, reply)) {
	case PENDO_CLEAR:
		break;
	case PENDO_UNCLEAR:
		ab_fail(err, AB_SYSTEM_ERROR, "Pendo refused records without naming them");
		return halve(x, 200, err);
	case PENDO_UNREADABLE:
		return ab_service_unreadable(&pendo->service, x, what, err);
	}
	const enum ab_verdict verdict = settle(pendo, x, &outcome, err);
	pendo_outcome_release(&outcome);
	return verdict;
}

/* --- refusals of the whole --- */

/* Counts the id of a record that was refused alone; versions of one id prove no more than one. */
static unsigned
count_refusal(struct pendo_refusals *refusals, struct ab_view id)
{
	struct ab_buf *last = &refusals->id;

	if (refusals->count > 0 && last->len == id.len && memcmp(last->data, id.data, id.len) == 0)
		return refusals->count;
	ab_buf_reset(last);
	ab_buf_add(last, id.data, id.len);
	return ++refusals->count;
}

/* One record alone was refused as a whole call. err says what Pendo says. */
static enum ab_verdict
settle_alone(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct pendo_stream *stream = x->stream->self;
	struct pendo_refusals *refusals = &stream->refusals;
	char reason[AB_BATCH_REASON_MAX];
	struct ab_buf words;

	if (count_refusal(refusals, ab_batch_entry_key(x->batch, 0)) >= PENDO_REFUSALS_MAX) {
		err->kind = AB_CONFIG_ERROR;
		return AB_FAILED;
	}
	ab_buf_init(&words, sizeof(reason));
	pendo_words(pendo, in, &words);
	if (words.len == 0)
		ab_buf_printf(&words, "HTTP %d", in->status);
	snprintf(reason, sizeof(reason), "Pendo refused it: %s", words.data);
	if (refusals->words == NULL)
		refusals->words = ab_strdup(words.data);
	ab_buf_release(&words);
	reject(x, 0, reason);
	x->stream->in_doubt = true;
	return AB_DONE;
}

enum ab_verdict
pendo_values_response(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	const bool alone = x->batch->count == 1;
	cJSON *document = NULL;
	char what[64];

	snprintf(
	    what, sizeof(what), "an update of %zu record%s", x->batch->count, alone ? "" : "s");
	enum ab_verdict verdict = pendo_judge_object(pendo, x, in, what, &document, err);
	if (in->status == 400 || in->status == 413)
		return alone ? settle_alone(pendo, x, in, err) : halve(x, in->status, err);
	if (in->status == 408 && !alone)
		return halve(x, in->status, err);
	if (verdict != AB_DONE)
		return verdict;
	verdict = judge_reply(pendo, x, document, what, err);
	cJSON_Delete(document);
	return verdict;
}

int
pendo_values_end(const struct ab_stream *stream, struct ab_error *err)
{
	const struct pendo_stream *ours = stream->self;
	const struct pendo_refusals *refusals = &ours->refusals;
	char label[256];

	if (refusals->worked || refusals->count == 0)
		return 0;
	return ab_fail(err, AB_CONFIG_ERROR,
	    "Pendo has taken no record of stream %s, and refused %u of them: %s",
	    ab_stream_label(stream, label, sizeof(label)), refusals->count, refusals->words);
}
