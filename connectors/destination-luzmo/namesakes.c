#include "namesakes.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "finds.h"
#include "push.h"
#include "reply.h"
#include "tags.h"

#define PAGES_MAX 100

enum ab_ask
luzmo_namesakes_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	luzmo_request_start(luzmo, out, "securable", "get");
	luzmo_find_datasets(&out->head, stream->offset);
	return AB_SEND;
}

/* Whether a dataset may be a half-made one of this stream. */
static bool
is_namesake(const struct luzmo_stream *stream, const cJSON *dataset)
{
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(dataset, "name");
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(names, "en");
	const cJSON *created = cJSON_GetObjectItemCaseSensitive(dataset, "created_at");

	if (!cJSON_IsString(name) || strcmp(name->valuestring, stream->name) != 0 ||
	    luzmo_tags_have_other(cJSON_GetObjectItemCaseSensitive(dataset, "tags"), "", NULL))
		return false;
	if (!stream->doubtful || !cJSON_IsString(created))
		return true;
	const int order = strcmp(created->valuestring, stream->since);
	return stream->after ? order > 0 : order >= 0;
}

static void
take_namesake(struct luzmo_stream *stream, const cJSON *dataset)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(dataset, "rows");
	char id[LUZMO_ID_MAX + 1];

	if (!luzmo_id_copy(id, cJSON_GetObjectItemCaseSensitive(dataset, "id")))
		return;
	if (stream->namesakes++ > 0)
		return;
	memcpy(stream->namesake, id, sizeof(stream->namesake));
	stream->namesake_rows = cJSON_IsNumber(rows) ? rows->valuedouble : -1;
	ab_reply_copy_text(stream->newest, sizeof(stream->newest),
	    cJSON_GetObjectItemCaseSensitive(dataset, "created_at"));
}

static void
start_over(struct luzmo_stream *stream)
{
	stream->offset = 0;
	stream->pages = 0;
	stream->namesakes = 0;
	stream->namesake[0] = stream->newest[0] = '\0';
}

static enum ab_verdict
push(struct ab_exchange *x)
{
	x->step = LUZMO_PUSH;
	return AB_NEXT;
}

static void
adopt(struct luzmo_stream *stream)
{
	memcpy(stream->dataset, stream->namesake, sizeof(stream->dataset));
	stream->replacing = true;
	stream->ours = true;
}

/* All pages are read, before a create. */
static enum ab_verdict
settle_orphan(const struct luzmo *luzmo, struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	if (stream->namesakes == 1 && stream->namesake_rows >= 0 &&
	    stream->namesake_rows <= (double)luzmo->flush_interval) {
		adopt(stream);
	} else if (stream->namesakes > 0) {
		memcpy(stream->since, stream->newest, sizeof(stream->since));
		stream->after = true;
		ab_note(x->stream, LUZMO_NOTE_NAMESAKES,
		    "%zu dataset%s called \"%.200s\" without a tag: it is not known to be this "
		    "stream's, so a new one is made",
		    stream->namesakes, stream->namesakes == 1 ? " is" : "s are", stream->name);
	}
	return push(x);
}

/* All pages are read, after a create whose reply was lost. */
static enum ab_verdict
settle_doubt(const struct luzmo *luzmo, struct ab_exchange *x, struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;

	if (stream->namesakes == 0)
		return luzmo_push_look_again(x, err) == AB_WAIT ? AB_WAIT : push(x);
	if (stream->namesakes > 1)
		ab_note(x->stream, LUZMO_NOTE_NAMESAKES,
		    "pushes whose replies were lost made %zu datasets called \"%.200s\": the "
		    "newest "
		    "is used, the others can be deleted",
		    stream->namesakes, stream->name);
	adopt(stream);
	if (stream->namesake_rows == (double)x->batch->count)
		return luzmo_push_arrived(luzmo, x, (int64_t)x->batch->count);
	return push(x);
}

enum ab_verdict
luzmo_namesakes_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *rows = NULL;
	const cJSON *dataset;
	size_t count = 0;

	enum ab_verdict verdict =
	    luzmo_judge_rows(luzmo, x, in, "the list of datasets", &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	if (stream->offset == 0)
		start_over(stream);
	cJSON_ArrayForEach(dataset, rows)
	{
		count++;
		if (is_namesake(stream, dataset))
			take_namesake(stream, dataset);
	}
	cJSON_Delete(document);
	/* A page may hold less than was asked for. */
	if (count > 0 && ++stream->pages < PAGES_MAX) {
		stream->offset += count;
		return AB_NEXT;
	}
	stream->offset = 0;
	return stream->doubtful ? settle_doubt(luzmo, x, err) : settle_orphan(luzmo, x);
}
