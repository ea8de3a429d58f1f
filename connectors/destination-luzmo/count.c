#include "count.h"

#include <inttypes.h>

#include <cjson/cJSON.h>

#include "finds.h"
#include "push.h"
#include "reply.h"
#include "tags.h"

/* Those who wrote Luzmo's own connector wait so long before they read what they wrote. */
#define LAG_MS 5000

enum ab_ask
luzmo_count_request(const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	luzmo_request_start(luzmo, out, "securable", "get");
	luzmo_find_count(&out->head, stream->dataset);
	return AB_SEND;
}

enum ab_verdict
luzmo_look_later(
    struct ab_exchange *x, enum luzmo_looks most, const char *what, struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;

	if (++stream->looks >= (unsigned)most)
		return AB_DONE;
	x->wait_ms = LAG_MS;
	ab_fail(err, AB_TRANSIENT_ERROR, "%s are not to be seen yet", what);
	return AB_WAIT;
}

static enum ab_verdict
send_again(struct ab_exchange *x, enum luzmo_arrival arrival)
{
	struct luzmo_stream *stream = x->stream->self;

	luzmo_tally_resend(&stream->tally, arrival, stream->pending);
	if (stream->tally.doubled)
		ab_note(x->stream, LUZMO_NOTE_UNSETTLED,
		    "the reply to a push of %zu rows was lost, and the dataset's row count does "
		    "not tell whether it arrived: it is sent again, so these rows may be there "
		    "twice",
		    x->batch->count);
	x->step = LUZMO_PUSH;
	return AB_NEXT;
}

static enum ab_verdict
settle_push(const struct luzmo *luzmo, struct ab_exchange *x, int64_t count, struct ab_error *err)
{
	const struct luzmo_stream *stream = x->stream->self;
	const enum luzmo_arrival arrival =
	    luzmo_tally_judge(&stream->tally, x->batch->count, count);

	if (arrival == LUZMO_ARRIVED)
		return luzmo_push_arrived(luzmo, x, count);
	const enum luzmo_looks most = arrival == LUZMO_STALE ? LUZMO_LOOKS_LONG : LUZMO_LOOKS;
	if (luzmo_look_later(x, most, "the rows of a push", err) == AB_WAIT)
		return AB_WAIT;
	return arrival == LUZMO_STALE ? luzmo_push_arrived(luzmo, x, count)
				      : send_again(x, arrival);
}

static enum ab_verdict
fail_end(const struct ab_exchange *x, int64_t count, int64_t rows, struct ab_error *err)
{
	char label[256];

	ab_fail(err, AB_TRANSIENT_ERROR,
	    "the dataset of stream %s has %" PRId64 " rows where %" PRId64
	    " were pushed, after a reply to a push was lost: %s; the next run replaces it",
	    ab_stream_label(x->stream, label, sizeof(label)), count, rows,
	    count < rows    ? "Luzmo carried out a replace late, or its counts lag"
	    : count == rows ? "some may be there twice and others be missing"
			    : "some are there twice, or somebody else writes into it");
	return AB_FAILED;
}

static enum ab_verdict
settle_end(struct ab_exchange *x, int64_t count, struct ab_error *err)
{
	const struct luzmo_tally *tally = &((const struct luzmo_stream *)x->stream->self)->tally;
	const bool right = count == tally->rows;

	if (tally->rows < 0 || count < 0)
		return luzmo_tags_settle(x);
	if (luzmo_look_later(x,
		right && !luzmo_tally_may_be_old(tally) ? LUZMO_LOOKS : LUZMO_LOOKS_LONG,
		"the rows of a push", err) == AB_WAIT)
		return AB_WAIT;
	if (x->stream->overwrite && (!right || tally->doubled))
		return fail_end(x, count, tally->rows, err);
	if (!right)
		ab_note(x->stream, LUZMO_NOTE_COUNT,
		    "replies to pushes were lost, and the dataset has %" PRId64
		    " rows where %" PRId64 " are expected: if nobody else writes into it, rows are "
		    "missing or there twice",
		    count, tally->rows);
	return luzmo_tags_settle(x);
}

/* An append that is acknowledged already does not fail because it cannot be counted. */
static bool
is_idle(const struct ab_exchange *x)
{
	return x->phase == AB_END && !x->stream->overwrite;
}

enum ab_verdict
luzmo_count_response(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	cJSON *document = NULL;
	const cJSON *dataset = NULL;

	const enum ab_verdict verdict = luzmo_judge_dataset(
	    luzmo, x, in, "the row count of the dataset", &document, &dataset, err);
	if (verdict != AB_DONE && verdict != AB_WAIT && is_idle(x)) {
		ab_note(x->stream, LUZMO_NOTE_COUNT,
		    "replies to pushes were lost, and the rows cannot be counted: %.300s",
		    err->message);
		return AB_DONE;
	}
	if (verdict != AB_DONE)
		return verdict;
	const int64_t count = luzmo_row_count(dataset);
	cJSON_Delete(document);
	return x->phase == AB_END ? settle_end(x, count, err) : settle_push(luzmo, x, count, err);
}
