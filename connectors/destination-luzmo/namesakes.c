#include "namesakes.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "begin.h"
#include "count.h"
#include "finds.h"
#include "push.h"
#include "reply.h"
#include "tag_list.h"

#define PAGES_MAX 100

enum ab_ask
luzmo_namesakes_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	luzmo_request_start(luzmo, out, "securable", "get");
	if (x->step == LUZMO_NAMESAKE)
		luzmo_find_columns(&out->head, stream->namesake);
	else
		luzmo_find_datasets(&out->head, stream->offset);
	return AB_SEND;
}

static bool
has_our_name(const struct luzmo_stream *stream, const cJSON *dataset)
{
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(dataset, "name");
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(names, "en");

	return cJSON_IsString(name) && strcmp(name->valuestring, stream->name) == 0;
}

/* Whether a dataset is so young that a push may have made it which came after the tag; in a batch a
 * push of this run. */
static bool
is_young(const struct ab_exchange *x, const cJSON *dataset)
{
	const struct luzmo_stream *stream = x->stream->self;
	const cJSON *created = cJSON_GetObjectItemCaseSensitive(dataset, "created_at");

	/* Where there was none before, any is. If that is not known, none is. */
	if (stream->since[0] == '\0')
		return x->phase == AB_BEGIN || stream->alone;
	if (!cJSON_IsString(created))
		return x->phase == AB_BEGIN;
	const int order = strcmp(created->valuestring, stream->since);
	return stream->after ? order > 0 : order >= 0;
}

/* Returns false if the dataset does not say what it must to be used. */
static bool
take_namesake(struct luzmo_stream *stream, const cJSON *dataset)
{
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(dataset, "tags");
	char id[LUZMO_ID_MAX + 1];

	if (!luzmo_id_copy(id, cJSON_GetObjectItemCaseSensitive(dataset, "id")))
		return false;
	/* The last of a page is the first of the next if others made a dataset meanwhile. */
	if (strcmp(id, stream->namesake) == 0 || stream->namesakes++ > 0)
		return true;
	memcpy(stream->namesake, id, sizeof(stream->namesake));
	stream->namesake_rows = luzmo_row_count(dataset);
	if (luzmo_tag_list_have(tags, LUZMO_TAG_REPLACE, stream->off_id) &&
	    stream->off_id[0] == '\0')
		return false;
	ab_reply_copy_text(stream->newest, sizeof(stream->newest),
	    cJSON_GetObjectItemCaseSensitive(dataset, "created_at"));
	return true;
}

static void
start_over(struct luzmo_stream *stream)
{
	stream->pages = 0;
	stream->namesakes = 0;
	stream->namesake[0] = stream->newest[0] = stream->off_id[0] = '\0';
}

static void
adopt(struct luzmo_stream *stream)
{
	memcpy(stream->dataset, stream->namesake, sizeof(stream->dataset));
	stream->replacing = true;
	stream->ours = true;
	stream->untyped = true;
}

/* All pages are read, in a begin: did an earlier run leave one? */
static enum ab_verdict
settle_orphan(struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	if (stream->namesakes == 1 && stream->namesake_rows >= 0 &&
	    stream->namesake_rows <= LUZMO_ROWS_PER_PUSH) {
		x->step = LUZMO_NAMESAKE;
		return AB_NEXT;
	}
	stream->alone = stream->namesakes == 0;
	if (!stream->alone) {
		memcpy(stream->since, stream->newest, sizeof(stream->since));
		stream->after = true;
		stream->off_id[0] = '\0';
		ab_note(x->stream, LUZMO_NOTE_NAMESAKES,
		    "%zu dataset%s called \"%.200s\" without a tag: it is not known to be this "
		    "stream's, so a new one is made",
		    stream->namesakes, stream->namesakes == 1 ? " is" : "s are", stream->name);
	}
	return AB_DONE;
}

static enum ab_verdict
response_namesake(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *columns = NULL;

	const enum ab_verdict verdict = luzmo_judge_list(
	    luzmo, x, in, "the look-up of the columns", "columns", &document, &columns, err);
	if (verdict != AB_DONE)
		return verdict;
	luzmo_begin_merge(stream, columns, true);
	cJSON_Delete(document);
	adopt(stream);
	luzmo_tally_start(&stream->tally, stream->namesake_rows);
	return AB_DONE;
}

/* All pages are read, after a create whose reply was lost. */
static enum ab_verdict
settle_create(const struct luzmo *luzmo, struct ab_exchange *x, struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;

	if (stream->namesakes == 0 &&
	    luzmo_look_later(x, LUZMO_LOOKS, "the rows of a push", err) == AB_WAIT)
		return AB_WAIT;
	if (stream->namesakes > 1)
		ab_note(x->stream, LUZMO_NOTE_LEFT,
		    "pushes whose replies were lost made %zu datasets called \"%.200s\": the "
		    "newest is used, the others can be deleted",
		    stream->namesakes, stream->name);
	if (stream->namesakes > 0) {
		adopt(stream);
		if (stream->namesake_rows == (int64_t)x->batch->count)
			return luzmo_push_arrived(luzmo, x, stream->namesake_rows);
	}
	x->step = LUZMO_PUSH;
	return AB_NEXT;
}

/* Takes the namesakes among the datasets of a page; returns how many datasets it holds, or -1 if
 * one of our name does not say which it is, or which tags it has. */
static int
read_page(const struct ab_exchange *x, const cJSON *rows)
{
	struct luzmo_stream *stream = x->stream->self;
	const cJSON *dataset;
	int count = 0;

	cJSON_ArrayForEach(dataset, rows)
	{
		const cJSON *tags = cJSON_GetObjectItemCaseSensitive(dataset, "tags");
		count++;
		if (!has_our_name(stream, dataset))
			continue;
		if (!cJSON_IsArray(tags))
			return -1;
		if (!luzmo_tag_list_have_other(tags, "", NULL) && is_young(x, dataset) &&
		    !take_namesake(stream, dataset))
			return -1;
	}
	return count;
}

static enum ab_verdict
response_page(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	static const char what[] = "the list of datasets";
	struct luzmo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	const enum ab_verdict verdict = luzmo_judge_rows(luzmo, x, in, what, &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	if (stream->offset == 0)
		start_over(stream);
	const int count = read_page(x, rows);
	cJSON_Delete(document);
	if (count < 0)
		return ab_service_unreadable(&luzmo->service, x, what, err);
	/* A page may hold less than was asked for. */
	if (count > 0 && ++stream->pages < PAGES_MAX) {
		stream->offset += (size_t)count;
		return AB_NEXT;
	}
	stream->offset = 0;
	return x->phase == AB_BEGIN ? settle_orphan(x) : settle_create(luzmo, x, err);
}

enum ab_verdict
luzmo_namesakes_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err)
{
	return x->step == LUZMO_NAMESAKE ? response_namesake(luzmo, x, in, err)
					 : response_page(luzmo, x, in, err);
}
