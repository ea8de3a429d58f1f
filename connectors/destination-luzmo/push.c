#include "push.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json_write.h"
#include "reply.h"

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

enum ab_ask
luzmo_push_request(const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
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
	/* A replace could be sent twice, but that it was must be known: see count.h. */
	out->single = true;
	return AB_SEND;
}

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

enum ab_verdict
luzmo_push_arrived(const struct luzmo *luzmo, struct ab_exchange *x, int64_t count)
{
	struct luzmo_stream *stream = x->stream->self;

	x->settled = true;
	if (stream->replacing) {
		luzmo_tally_replaced(&stream->tally, x->batch->count);
		x->stream->emptied = x->stream->overwrite && !x->stream->hold && !stream->ours;
		stream->written = true;
	} else if (luzmo_tally_appended(&stream->tally, x->batch->count, count)) {
		ab_note(x->stream, LUZMO_NOTE_TWICE,
		    "the dataset has more rows than were pushed, after some were sent again: if "
		    "nobody else writes into it, they are there twice");
	}
	luzmo_columns_pushed(&stream->columns);
	stream->looks = 0;
	stream->replacing = false;
	return luzmo_push_next(luzmo, x);
}

/* The dataset of a reply: it is the first of a list, or the reply itself. */
static const cJSON *
dataset_of(const cJSON *document)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(document, "rows");

	return cJSON_IsArray(rows) ? rows->child : document;
}

/* Whether a reply is about the dataset that was pushed to: an empty list is about none, another id
 * about another. What an append is answered is not documented, so no id is as good as ours. */
static bool
is_ours(const struct luzmo_stream *stream, const cJSON *dataset)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(dataset, "id");
	char made[LUZMO_ID_MAX + 1];

	if (stream->dataset[0] == '\0')
		return luzmo_id_copy(made, id);
	return cJSON_IsObject(dataset) &&
	       (!cJSON_IsString(id) || strcmp(id->valuestring, stream->dataset) == 0);
}

static enum ab_verdict
too_large(const struct ab_exchange *x)
{
	if (x->batch->count > 1)
		return AB_SPLIT;
	ab_batch_reject(x->batch, 0, "Luzmo takes no request as large as it (HTTP 413)");
	return AB_DONE;
}

/* The reply is lost, or says that the push may have been carried out all the same. */
static enum ab_verdict
doubt(struct ab_exchange *x, const struct ab_reply *in)
{
	struct luzmo_stream *stream = x->stream->self;

	stream->doubtful = true;
	stream->pending = luzmo_is_pending(in);
	stream->looks = 0;
	/* A replace is the same however often it is sent. */
	if (stream->dataset[0] == '\0')
		x->step = LUZMO_NAMESAKES;
	else if (!stream->replacing)
		x->step = LUZMO_COUNT;
	else if (stream->pending)
		luzmo_tally_replace_again(&stream->tally);
	return AB_RETRY;
}

enum ab_verdict
luzmo_push_response(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;
	char what[64];
	cJSON *document = NULL;

	snprintf(what, sizeof(what), "a push of %zu rows", x->batch->count);
	const enum ab_verdict verdict = luzmo_judge_object(luzmo, x, in, what, &document, err);
	if (in->status == 413)
		return too_large(x);
	if (verdict == AB_RETRY && luzmo_is_ambiguous(in))
		return doubt(x, in);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *dataset = dataset_of(document);
	const int64_t count = luzmo_row_count(dataset);
	const bool create = stream->dataset[0] == '\0';
	const bool ours = is_ours(stream, dataset);
	if (ours && create)
		luzmo_id_copy(stream->dataset, cJSON_GetObjectItemCaseSensitive(dataset, "id"));
	cJSON_Delete(document);
	if (!ours) {
		ab_service_unreadable(&luzmo->service, x, what, err);
		return create ? AB_FAILED : doubt(x, in);
	}
	if (create)
		stream->replacing = stream->ours = true;
	return luzmo_push_arrived(luzmo, x, count);
}
