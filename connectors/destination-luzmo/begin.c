#include "begin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "finds.h"
#include "reply.h"
#include "tags.h"

enum ab_ask
luzmo_begin_request(const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	luzmo_request_start(luzmo, out, "securable", "get");
	if (x->step == LUZMO_TAGS)
		luzmo_find_tags_of(&out->head, stream->dataset);
	else
		luzmo_find_tagged(
		    &out->head, x->step == LUZMO_LOOK ? stream->tag : stream->old_tag);
	return AB_SEND;
}

struct found_column {
	const char *name;
	double order;
	size_t place; /* in the reply: orders may be equal */
};

static int
by_order(const void *a, const void *b)
{
	const struct found_column *x = a;
	const struct found_column *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->place < y->place ? -1 : 1;
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

void
luzmo_begin_merge(struct luzmo_stream *stream, const cJSON *columns, bool replaced)
{
	const size_t most = columns != NULL ? (size_t)cJSON_GetArraySize(columns) : 0;
	struct found_column *found = ab_calloc(most, sizeof(*found));
	const char **names = ab_calloc(most, sizeof(*names));
	const cJSON *column;
	size_t count = 0;

	cJSON_ArrayForEach(column, columns)
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(column, "source_name");
		const cJSON *order = cJSON_GetObjectItemCaseSensitive(column, "order");
		/* Columns that users derive from others have no source. */
		if (!cJSON_IsString(name))
			continue;
		found[count] = (struct found_column){name->valuestring,
		    cJSON_IsNumber(order) ? order->valuedouble : HUGE_VAL, count};
		count++;
	}
	qsort(found, count, sizeof(*found), by_order);
	for (size_t i = 0; i < count; i++)
		names[i] = found[i].name;
	luzmo_columns_merge(&stream->columns, names, count, replaced);
	stream->untyped = has_new(&stream->columns);
	free(names);
	free(found);
}

static enum ab_verdict
fail_several(const struct ab_exchange *x, const char *tag, struct ab_error *err)
{
	char label[256];

	ab_fail(err, AB_CONFIG_ERROR,
	    "several datasets have the tag %.300s of stream %s; take it off all but one", tag,
	    ab_stream_label(x->stream, label, sizeof(label)));
	return AB_FAILED;
}

static enum ab_verdict
response_look(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	static const char what[] = "the look-up of the dataset";
	struct luzmo_stream *stream = x->stream->self;
	const bool old = x->step == LUZMO_LOOK_OLD;
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	enum ab_verdict verdict = luzmo_judge_rows(luzmo, x, in, what, &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *dataset = rows->child;
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(dataset, "rows");
	if (dataset == NULL) {
		x->step = old || stream->old_tag == NULL ? LUZMO_TAG_FIND : LUZMO_LOOK_OLD;
		verdict = AB_NEXT;
	} else if (dataset->next != NULL) {
		verdict = fail_several(x, old ? stream->old_tag : stream->tag, err);
	} else if (!luzmo_id_copy(
		       stream->dataset, cJSON_GetObjectItemCaseSensitive(dataset, "id"))) {
		verdict = ab_service_unreadable(&luzmo->service, x, what, err);
	} else {
		stream->linked = !old;
		luzmo_tally_start(
		    &stream->tally, cJSON_IsNumber(count) ? (int64_t)count->valuedouble : -1);
		luzmo_begin_merge(stream, cJSON_GetObjectItemCaseSensitive(dataset, "columns"),
		    x->stream->overwrite);
		x->step = LUZMO_TAGS;
		verdict = AB_NEXT;
	}
	cJSON_Delete(document);
	return verdict;
}

/* The dataset that has the Python connector's tag is another stream's by now. */
static enum ab_verdict
let_go(struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	stream->dataset[0] = '\0';
	stream->off_id[0] = '\0';
	luzmo_begin_merge(stream, NULL, true);
	ab_note(x->stream, LUZMO_NOTE_SHARED,
	    "the dataset with the tag %.200s has the tag of another stream by now: this stream "
	    "gets "
	    "a dataset of its own",
	    stream->old_tag);
	x->step = LUZMO_TAG_FIND;
	return AB_NEXT;
}

static enum ab_verdict
response_tags(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the look-up of the dataset's tags";
	struct luzmo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	const enum ab_verdict verdict = luzmo_judge_rows(luzmo, x, in, what, &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(rows->child, "tags");
	const bool known = cJSON_IsArray(tags);
	const bool other = luzmo_tags_have_other(tags, stream->tag, stream->old_tag);
	if (luzmo_tags_have(tags, LUZMO_TAG_REPLACE, stream->off_id))
		memcpy(luzmo->off_id, stream->off_id, sizeof(luzmo->off_id));
	cJSON_Delete(document);
	if (!known)
		return ab_service_unreadable(&luzmo->service, x, what, err);
	if (!stream->linked && other)
		return let_go(x);
	if (other)
		ab_note(x->stream, LUZMO_NOTE_SHARED,
		    "its dataset has the tag of another stream too: what one of them replaces, the "
		    "other loses");
	stream->replacing = x->stream->overwrite || stream->off_id[0] != '\0';
	x->stream->hold = x->stream->overwrite && !luzmo->first_batch;
	x->step = LUZMO_TAG_FIND;
	return stream->linked ? AB_DONE : AB_NEXT;
}

enum ab_verdict
luzmo_begin_response(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	return x->step == LUZMO_TAGS ? response_tags(luzmo, x, in, err)
				     : response_look(luzmo, x, in, err);
}
