#include "begin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "finds.h"
#include "reply.h"
#include "tag_list.h"

enum ab_ask
luzmo_begin_request(const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	luzmo_request_start(luzmo, out, "securable", "get");
	luzmo_find_tagged(&out->head, x->step == LUZMO_LOOK ? stream->tag : stream->old_tag);
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

void
luzmo_begin_merge(struct luzmo_stream *stream, const cJSON *columns, bool replaced)
{
	const size_t most = (size_t)cJSON_GetArraySize(columns);
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
	stream->untyped = stream->columns.there < stream->columns.count;
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
	const cJSON *columns = cJSON_GetObjectItemCaseSensitive(dataset, "columns");
	if (dataset == NULL) {
		x->step = old || stream->old_tag == NULL ? LUZMO_TAG_FIND : LUZMO_LOOK_OLD;
		verdict = AB_NEXT;
	} else if (dataset->next != NULL) {
		verdict = fail_several(x, old ? stream->old_tag : stream->tag, err);
	} else if (!cJSON_IsArray(columns) ||
		   !luzmo_id_copy(
		       stream->dataset, cJSON_GetObjectItemCaseSensitive(dataset, "id"))) {
		verdict = ab_service_unreadable(&luzmo->service, x, what, err);
	} else {
		stream->linked = !old;
		luzmo_tally_start(&stream->tally, luzmo_row_count(dataset));
		luzmo_begin_merge(stream, columns, x->stream->overwrite);
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
	luzmo_begin_merge(stream, NULL, true);
	ab_note(x->stream, LUZMO_NOTE_SHARED,
	    "the dataset with the tag %.200s has the tag of another stream by now: this stream "
	    "gets "
	    "a dataset of its own",
	    stream->old_tag);
	x->step = LUZMO_TAG_FIND;
	return AB_NEXT;
}

/* The tag by which a dataset was found is not on it: how Luzmo compares texts is not known. */
static enum ab_verdict
fail_untagged(const struct ab_exchange *x, const char *tag, struct ab_error *err)
{
	const struct luzmo_stream *stream = x->stream->self;
	char label[256];

	ab_fail(err, AB_CONFIG_ERROR,
	    "dataset %s was found for stream %s, but has not the tag %.300s; if it has it in "
	    "another spelling, give the stream another namespace or a prefix",
	    stream->dataset, ab_stream_label(x->stream, label, sizeof(label)), tag);
	return AB_FAILED;
}

/* Another stream of the catalog that has the same dataset; NULL: none. */
static const struct luzmo_stream *
find_sharer(const struct luzmo *luzmo, const struct luzmo_stream *stream)
{
	const struct luzmo_stream *other = NULL;

	DL_FOREACH(luzmo->streams, other)
	{
		if (other != stream && other->linked &&
		    strcmp(other->dataset, stream->dataset) == 0)
			return other;
	}
	return NULL;
}

static enum ab_verdict
fail_shared(const struct ab_exchange *x, const struct luzmo_stream *sharer, struct ab_error *err)
{
	const struct luzmo_stream *stream = x->stream->self;
	char label[256];

	ab_fail(err, AB_CONFIG_ERROR,
	    "stream %s has the same dataset (%s) as another stream of the catalog, since both tags "
	    "are on it: %.200s and %.200s; take one off",
	    ab_stream_label(x->stream, label, sizeof(label)), stream->dataset, stream->tag,
	    sharer->tag);
	return AB_FAILED;
}

/* The dataset is the stream's: its tags say how it is to be filled. */
static enum ab_verdict
settle_tags(struct luzmo *luzmo, struct ab_exchange *x, bool other, const char *off_id)
{
	struct luzmo_stream *stream = x->stream->self;

	if (off_id[0] != '\0') {
		memcpy(stream->off_id, off_id, sizeof(stream->off_id));
		memcpy(luzmo->off_id, off_id, sizeof(luzmo->off_id));
	}
	if (!stream->linked)
		ab_note(x->stream, LUZMO_NOTE_ADOPTED,
		    "it takes over the dataset with the tag %.200s, which has no namespace; if "
		    "another "
		    "connection writes into that, take the tag %.200s off",
		    stream->old_tag, stream->tag);
	if (other) {
		luzmo_tally_share(&stream->tally);
		ab_note(x->stream, LUZMO_NOTE_SHARED,
		    "its dataset has the tag of another stream too: what one of them replaces, the "
		    "other loses");
	}
	stream->replacing = x->stream->overwrite || stream->off_id[0] != '\0';
	x->stream->hold = x->stream->overwrite && !luzmo->first_batch;
	x->step = LUZMO_TAG_FIND;
	return stream->linked ? AB_DONE : AB_NEXT;
}

/* Whether the rows are of the generation that this run goes on with. Where REPLACE DATA is on it
 * the next rows replace them, whatever they are of. */
static bool
holds_generation(const struct ab_exchange *x, const cJSON *tags, bool off)
{
	const struct luzmo_stream *stream = x->stream->self;

	return x->stream->overwrite && stream->generation_tag != NULL && stream->linked && !off &&
	       luzmo_tag_list_find(tags, stream->generation_tag) != NULL;
}

/* Columns that the catalog lost stay, unlike those of rows that are replaced. */
static enum ab_verdict
begin_as_append(struct ab_exchange *x)
{
	x->stream->overwrite = false;
	x->step = LUZMO_LOOK;
	return AB_NEXT;
}

static enum ab_verdict
response_tags(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the look-up of the dataset's tags";
	struct luzmo_stream *stream = x->stream->self;
	const char *found_by = stream->linked ? stream->tag : stream->old_tag;
	char id[LUZMO_ID_MAX + 1];
	char off_id[LUZMO_ID_MAX + 1] = "";
	cJSON *document = NULL;
	const cJSON *tags = NULL;

	const enum ab_verdict verdict =
	    luzmo_judge_list(luzmo, x, in, what, "tags", &document, &tags, err);
	if (verdict != AB_DONE)
		return verdict;
	const bool tagged = luzmo_tag_list_have(tags, found_by, id);
	const bool other = luzmo_tag_list_have_other(tags, stream->tag, stream->old_tag);
	const bool off = luzmo_tag_list_have(tags, LUZMO_TAG_REPLACE, off_id);
	const bool held = holds_generation(x, tags, off);
	if (stream->generation_tag != NULL)
		luzmo_tag_list_have_generation(tags, stream->generation_tag, stream->older_id);
	cJSON_Delete(document);
	if (off && off_id[0] == '\0')
		return ab_service_unreadable(&luzmo->service, x, what, err);
	if (!tagged)
		return fail_untagged(x, found_by, err);
	if (!stream->linked && other)
		return let_go(x);
	const struct luzmo_stream *sharer = find_sharer(luzmo, stream);
	if (sharer != NULL)
		return fail_shared(x, sharer, err);
	return held ? begin_as_append(x) : settle_tags(luzmo, x, other, off_id);
}

enum ab_verdict
luzmo_begin_response(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	return x->step == LUZMO_TAGS ? response_tags(luzmo, x, in, err)
				     : response_look(luzmo, x, in, err);
}
