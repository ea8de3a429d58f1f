#include "types.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "count.h"
#include "finds.h"
#include "json_write.h"
#include "push.h"
#include "reply.h"

static void
request_type(const struct luzmo *luzmo, const struct luzmo_retype *retype, struct ab_request *out)
{
	const char *subtype = luzmo_kind_subtype(retype->kind);

	luzmo_request_start(luzmo, out, "column", "update");
	ab_buf_add_text(&out->head, "\"id\":");
	ab_json_put_text(&out->head, retype->id);
	ab_buf_printf(&out->head,
	    ",\"properties\":{\"type\":\"%s\",\"subtype\":", luzmo_kind_type(retype->kind));
	if (subtype != NULL)
		ab_json_put_text(&out->head, subtype);
	else
		ab_buf_add_text(&out->head, "null");
	ab_buf_add_text(&out->head, "}}");
}

enum ab_ask
luzmo_types_request(const struct luzmo *luzmo, struct ab_exchange *x, struct ab_request *out)
{
	const struct luzmo_stream *stream = x->stream->self;

	if (x->step == LUZMO_COLUMNS) {
		luzmo_request_start(luzmo, out, "securable", "get");
		luzmo_find_columns(&out->head, stream->dataset);
		return AB_SEND;
	}
	x->items = (unsigned)stream->retype_count;
	request_type(luzmo, &stream->retypes[x->item], out);
	return AB_SEND;
}

static bool
is_text(const cJSON *object, const char *name, const char *text)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(value) && strcmp(value->valuestring, text) == 0;
}

/* Whether Luzmo's guess is not what the schema says. Only dates have a subtype of ours; any other
 * (a currency, a duration) Luzmo or a user knows better. */
static bool
differs(const cJSON *column, enum luzmo_kind kind)
{
	if (!is_text(column, "type", luzmo_kind_type(kind)))
		return true;
	if (kind != LUZMO_DATE && kind != LUZMO_DATETIME)
		return false;
	return is_text(column, "subtype", "date") != (kind == LUZMO_DATE);
}

/* Whether this run made the column, or, in a dataset that an earlier one left half made, may have
 * to give it its type. */
static bool
is_new(const struct luzmo_stream *stream, const struct luzmo_column *column)
{
	return column->is_new || (stream->ours && column->declared);
}

/* The new column of this name; NULL if there is none. */
static const struct luzmo_column *
new_column(const struct luzmo_stream *stream, const cJSON *name)
{
	for (size_t i = 0; cJSON_IsString(name) && i < stream->columns.count; i++) {
		const struct luzmo_column *column = &stream->columns.list[i];
		if (is_new(stream, column) && strcmp(column->name, name->valuestring) == 0)
			return column;
	}
	return NULL;
}

/* Notes the columns whose types are to be set. Returns how many of ours there are. */
static size_t
compare(struct luzmo_stream *stream, const cJSON *columns)
{
	const cJSON *column;
	size_t count = 0;

	free(stream->retypes);
	stream->retypes = ab_calloc((size_t)cJSON_GetArraySize(columns), sizeof(*stream->retypes));
	stream->retype_count = 0;
	cJSON_ArrayForEach(column, columns)
	{
		const struct luzmo_column *made =
		    new_column(stream, cJSON_GetObjectItemCaseSensitive(column, "source_name"));
		struct luzmo_retype *retype = &stream->retypes[stream->retype_count];
		count += made != NULL;
		if (made == NULL || !differs(column, made->kind) ||
		    !luzmo_id_copy(retype->id, cJSON_GetObjectItemCaseSensitive(column, "id")))
			continue;
		retype->kind = made->kind;
		stream->retype_count++;
	}
	return count;
}

/* How many columns should be there to be looked at. */
static size_t
count_new(const struct luzmo_stream *stream)
{
	size_t count = 0;

	for (size_t i = 0; i < stream->columns.count; i++)
		count += is_new(stream, &stream->columns.list[i]);
	return count;
}

static enum ab_verdict
response_columns(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct luzmo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *columns = NULL;

	const enum ab_verdict verdict = luzmo_judge_list(
	    luzmo, x, in, "the look-up of the columns", "columns", &document, &columns, err);
	if (verdict != AB_DONE)
		return verdict;
	const bool whole = compare(stream, columns) >= count_new(stream);
	cJSON_Delete(document);
	/* Reads may lag behind writes. */
	if (!whole && luzmo_look_later(x, LUZMO_LOOKS, "the columns of a push", err) == AB_WAIT)
		return AB_WAIT;
	stream->untyped = false;
	if (stream->retype_count == 0)
		return luzmo_push_next(luzmo, x);
	x->step = LUZMO_TYPES;
	return AB_NEXT;
}

static enum ab_verdict
response_type(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	const enum ab_verdict verdict =
	    luzmo_judge_change(luzmo, x, in, "the type of a column", err);

	/* The rows are there: their types are not worth a failure. */
	if (verdict == AB_FAILED && in->status > 0)
		ab_note(x->stream, LUZMO_NOTE_TYPE,
		    "a column keeps the type that Luzmo guessed: %.400s", err->message);
	else if (verdict != AB_DONE)
		return verdict;
	return luzmo_push_next(luzmo, x);
}

enum ab_verdict
luzmo_types_response(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	return x->step == LUZMO_COLUMNS ? response_columns(luzmo, x, in, err)
					: response_type(luzmo, x, in, err);
}
