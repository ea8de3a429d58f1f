#include "push.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "finds.h"
#include "json_write.h"
#include "reply.h"

/* Those who wrote Luzmo's own connector wait so long before they read what they wrote. */
#define LAG_MS 5000

/* --- requests --- */

static void
put_options(const struct luzmo_stream *stream, struct ab_buf *head)
{
	const bool create = stream->dataset[0] == '\0';

	ab_buf_add_text(head, "\"options\":{\"header\":");
	luzmo_columns_header(&stream->columns, head);
	ab_buf_printf(
	    head, ",\"update_metadata\":%s", create || stream->columns.changed ? "true" : "false");
	if (create) {
		ab_buf_add_text(head, ",\"name\":{\"en\":");
		ab_json_put_text(head, stream->name);
		ab_buf_add_char(head, '}');
	}
	ab_buf_add_char(head, '}');
}

static const char *
type_of(const struct luzmo_stream *stream)
{
	if (stream->dataset[0] == '\0')
		return "create";
	return stream->replacing ? "replace" : "append";
}

static void
request_rows(const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	luzmo_request_start(luzmo, out, "data", "create");
	ab_buf_printf(&out->head, "\"properties\":{\"type\":\"%s\",", type_of(stream));
	if (stream->dataset[0] != '\0') {
		ab_buf_add_text(&out->head, "\"securable_id\":");
		ab_json_put_text(&out->head, stream->dataset);
		ab_buf_add_char(&out->head, ',');
	}
	put_options(stream, &out->head);
	ab_buf_add_text(&out->head, ",\"data\":[");
	out->to = x->batch->body.len - 1; /* without the last comma */
	ab_buf_add_text(&out->tail, "]}}");
	out->single = !stream->replacing || stream->dataset[0] == '\0';
}

enum ab_ask
luzmo_push_request(const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (x->step == LUZMO_COUNT) {
		luzmo_request_start(luzmo, out, "securable", "get");
		luzmo_find_count(&out->head, stream->dataset);
	} else {
		request_rows(luzmo, x, out);
	}
	return AB_SEND;
}

/* --- what follows --- */

enum ab_verdict
luzmo_push_next(const struct luzmo *luzmo, struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (x->phase != AB_BATCH)
		return AB_DONE;
	if (stream->untyped && luzmo->typed_columns)
		x->step = LUZMO_COLUMNS;
	else if (!stream->linked)
		x->step = LUZMO_TAG_LINK;
	else if (stream->written && stream->off_id[0] != '\0')
		x->step = LUZMO_TAG_OFF;
	else
		return AB_DONE;
	return AB_NEXT;
}

static bool
has_new(const struct luzmo_columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->list[i].is_new)
			return true;
	}
	return false;
}

enum ab_verdict
luzmo_push_arrived(const struct luzmo *luzmo, struct ab_exchange *x, int64_t count)
{
	struct luzmo_stream *stream = x->stream->self;

	if (stream->replacing) {
		luzmo_tally_replaced(&stream->tally, x->batch->count, count);
		x->stream->emptied = x->stream->overwrite && !x->stream->hold && !stream->ours;
		stream->written = true;
	} else if (luzmo_tally_appended(&stream->tally, x->batch->count, count)) {
		ab_note(x->stream, LUZMO_NOTE_TWICE,
		    "rows of a push whose reply was lost arrived after they were sent again: they "
		    "are in the dataset twice");
	}
	stream->untyped = stream->columns.changed && has_new(&stream->columns);
	stream->columns.changed = false;
	stream->replacing = false;
	stream->doubtful = false;
	return luzmo_push_next(luzmo, x);
}

enum ab_verdict
luzmo_push_look_again(struct ab_exchange *x, struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;

	if (stream->looked)
		return AB_DONE;
	stream->looked = true;
	x->wait_ms = LAG_MS;
	ab_fail(err, AB_TRANSIENT_ERROR,
	    "the reply to a push was lost, and its rows are not there yet");
	return AB_WAIT;
}

/* --- replies --- */

/* The dataset of a reply: it is the first of a list, or the reply itself. */
static const cJSON *
dataset_of(const cJSON *document)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(document, "rows");

	return cJSON_IsArray(rows) ? rows->child : document;
}

static int64_t
count_of(const cJSON *dataset)
{
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(dataset, "rows");

	return cJSON_IsNumber(count) && count->valuedouble >= 0 && count->valuedouble < 1e15
		   ? (int64_t)count->valuedouble
		   : -1;
}

static enum ab_verdict
too_large(struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	if (x->batch->count > 1)
		return AB_SPLIT;
	ab_batch_reject(x->batch, 0, "Luzmo takes no request as large as it (HTTP %d)", in->status);
	(void)err;
	return AB_DONE;
}

/* The reply is lost, or says that the push may have been carried out all the same. */
static enum ab_verdict
doubt(struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	stream->looked = false;
	/* A replace is the same however often it is sent. */
	if (stream->dataset[0] != '\0' && stream->replacing)
		return AB_RETRY;
	stream->doubtful = true;
	x->step = stream->dataset[0] == '\0' ? LUZMO_NAMESAKES : LUZMO_COUNT;
	return AB_RETRY;
}

static enum ab_verdict
response_rows(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;
	char what[64];
	cJSON *document = NULL;

	snprintf(what, sizeof(what), "a push of %zu rows", x->batch->count);
	enum ab_verdict verdict = luzmo_judge_object(luzmo, x, in, what, &document, err);
	if (in->status == 413)
		return too_large(x, in, err);
	if (verdict == AB_RETRY && luzmo_is_ambiguous(in))
		return doubt(x);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *dataset = dataset_of(document);
	const int64_t count = count_of(dataset);
	const bool create = stream->dataset[0] == '\0';
	const bool made = !create || luzmo_id_copy(stream->dataset,
					 cJSON_GetObjectItemCaseSensitive(dataset, "id"));
	cJSON_Delete(document);
	if (!made)
		return ab_service_unreadable(&luzmo->service, x, what, err);
	if (create)
		stream->replacing = stream->ours = true;
	return luzmo_push_arrived(luzmo, x, count);
}

static enum ab_verdict
send_again(struct ab_exchange *x, enum luzmo_arrival arrival, int64_t count)
{
	struct luzmo_stream *stream = x->stream->self;

	luzmo_tally_resend(&stream->tally, x->batch->count, count);
	if (arrival == LUZMO_UNCLEAR)
		ab_note(x->stream, LUZMO_NOTE_UNSETTLED,
		    "the reply to a push of %zu rows was lost, and the dataset's row count does "
		    "not "
		    "tell whether it arrived: it is sent again, so these rows may be there twice",
		    x->batch->count);
	x->step = LUZMO_PUSH;
	return AB_NEXT;
}

static enum ab_verdict
response_count(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	const enum ab_verdict verdict =
	    luzmo_judge_rows(luzmo, x, in, "the row count of the dataset", &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	const bool gone = rows->child == NULL;
	const int64_t count = count_of(rows->child);
	cJSON_Delete(document);
	if (gone) {
		ab_fail(err, AB_CONFIG_ERROR, "dataset %s is not there any more", stream->dataset);
		return AB_FAILED;
	}
	const enum luzmo_arrival arrival =
	    luzmo_tally_judge(&stream->tally, x->batch->count, count);
	if (arrival == LUZMO_ARRIVED)
		return luzmo_push_arrived(luzmo, x, count);
	if (luzmo_push_look_again(x, err) == AB_WAIT)
		return AB_WAIT;
	return send_again(x, arrival, count);
}

enum ab_verdict
luzmo_push_response(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	return x->step == LUZMO_COUNT ? response_count(luzmo, x, in, err)
				      : response_rows(luzmo, x, in, err);
}
