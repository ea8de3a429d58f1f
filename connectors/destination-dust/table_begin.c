/*
 * Which of its two ids a stream's table has. First a look at the plain one. It is used if its tags
 * name the stream. If it is not there, the stream that the catalog gives it to makes it. Else, and
 * for the other streams, a look at the suffixed one follows.
 *
 * That one is used if its tags name the stream. If they do not, and the plain one is nobody's, the
 * stream that the catalog gives it to uses that. Else the suffixed one is used if it is nobody's,
 * made if it is not there, unless another stream of the catalog could come to it too; and if it is
 * another stream's, there is no third.
 *
 * So two streams of a catalog never use one table: tags name one stream, and an id without them is
 * taken by one stream of the catalog only.
 */
#include "table_begin.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "json_write.h"
#include "reply.h"
#include "tables.h"
#include "tags.h"

/* Where Dust keeps the id of a row; not one of the columns that we may use. */
#define ROW_ID_COLUMN "__dust_id"

int
dust_table_check_columns(const struct ab_stream *stream, struct ab_error *err)
{
	const struct dust_table *table = stream->self;
	const size_t count = dust_columns_count(&table->columns) + table->foreign;
	char label[256];

	if (count <= DUST_COLUMNS_MAX)
		return 0;
	ab_stream_label(stream, label, sizeof(label));
	if (table->foreign > 0)
		return ab_fail(err, AB_CONFIG_ERROR,
		    "stream %s has %zu columns and its table %zu others; Dust keeps %d at most: "
		    "select fewer fields",
		    label, dust_columns_count(&table->columns), table->foreign, DUST_COLUMNS_MAX);
	return ab_fail(err, AB_CONFIG_ERROR,
	    "stream %s has %zu columns; Dust keeps %d at most: select fewer fields", label, count,
	    DUST_COLUMNS_MAX);
}

/* A member of the table as it is, else as it is made. */
static void
put_member(struct ab_buf *body, const char *name, const cJSON *there, const char *made)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(there, name);

	ab_json_put_text(body, name);
	ab_buf_add_char(body, ':');
	ab_json_put_text(body, cJSON_IsString(value) ? value->valuestring : made);
	ab_buf_add_char(body, ',');
}

/* The table as it is sent, up to its tags. there: as Dust describes it; NULL if it is not there. */
static void
put_table(struct ab_buf *body, const struct ab_stream *stream, const cJSON *there)
{
	const struct dust_table *table = stream->self;
	struct ab_buf described;

	ab_buf_init(&described, AB_JSON_TEXT_MAX);
	ab_buf_printf(&described, "Airbyte stream: %s", stream->name);
	ab_buf_add_char(body, '{');
	put_member(body, "name", there, table->id);
	put_member(body, "table_id", NULL, table->id);
	put_member(body, "title", there, described.data);
	put_member(body, "description", there, described.data);
	ab_buf_add_text(body, "\"tags\":[");
	ab_buf_release(&described);
}

void
dust_table_make_request(
    const struct dust *dust, const struct ab_exchange *x, struct ab_request *out)
{
	dust_request_start(dust, out, AB_POST, "tables");
	put_table(&out->head, x->stream, NULL);
	dust_tags_put(&out->head, x->stream);
	ab_buf_add_text(&out->head, "]}");
}

void
dust_table_mark_request(
    const struct dust *dust, const struct ab_exchange *x, struct ab_request *out)
{
	const struct dust_table *table = x->stream->self;

	dust_request_start(dust, out, AB_POST, "tables");
	ab_buf_add_text(&out->head, table->marked);
}

/* table->marked, of a table that is to get the tag. What users changed of it stays, and its other
 * tags. there: as above. */
static void
prepare_mark(const struct ab_stream *stream, const cJSON *there)
{
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(there, "tags");
	struct dust_table *table = stream->self;
	struct ab_buf body;

	free(table->marked);
	table->marked = NULL;
	if (!stream->resumable || dust_tags_have_generation(stream, tags))
		return;
	ab_buf_init(&body, AB_JSON_TEXT_MAX);
	put_table(&body, stream, there);
	if (there != NULL) {
		dust_tags_put_others(&body, tags);
	} else {
		dust_tags_put(&body, stream);
		ab_buf_add_char(&body, ',');
	}
	dust_tags_put_generation(&body, stream);
	ab_buf_add_text(&body, "]}");
	table->marked = ab_memdup(body.data, body.len);
	ab_buf_release(&body);
}

/* Columns of the table that are not among ours: what stays in it counts too. */
static size_t
count_foreign(const struct dust_table *table, const cJSON *there)
{
	const cJSON *schema = cJSON_GetObjectItemCaseSensitive(there, "schema");
	const cJSON *column;
	size_t count = 0;

	cJSON_ArrayForEach(column, schema)
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(column, "name");
		if (cJSON_IsString(name) && strcmp(name->valuestring, ROW_ID_COLUMN) != 0 &&
		    !dust_columns_have(&table->columns, name->valuestring))
			count++;
	}
	return count;
}

/* Whether another stream of the catalog could come to our suffixed id: by a name that looks like
 * one, or by chance. */
static bool
is_disputed(const struct dust *dust, const struct dust_table *table)
{
	const char *id = table->name.suffixed;
	const struct dust_table *other = NULL;

	DL_FOREACH(dust->tables, other)
	{
		const struct dust_table_name *name = &other->name;
		if (other != table &&
		    (strcmp(name->plain, id) == 0 || strcmp(name->suffixed, id) == 0))
			return true;
	}
	return false;
}

static enum ab_verdict
use_table(const struct dust *dust, struct ab_exchange *x, struct ab_error *err)
{
	struct dust_table *table = x->stream->self;

	if (x->stream->resumable && table->marked == NULL)
		x->stream->overwrite = false;
	table->replacing = x->stream->overwrite;
	x->stream->hold = x->stream->overwrite && !dust->first_batch;
	/* What will be replaced does not count. */
	if (table->replacing)
		table->foreign = 0;
	return dust_table_check_columns(x->stream, err) == 0 ? AB_DONE : AB_FAILED;
}

static enum ab_verdict
make_table(const struct ab_stream *stream)
{
	struct dust_table *table = stream->self;

	prepare_mark(stream, NULL);
	table->missing = true;
	return AB_NEXT;
}

/* there: the table as Dust describes it, NULL if it is not there. */
static enum ab_verdict
judge_plain(
    const struct dust *dust, struct ab_exchange *x, const cJSON *there, struct ab_error *err)
{
	struct dust_table *table = x->stream->self;
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(there, "tags");
	const enum dust_owner owner = dust_tags_owner(x->stream, tags);

	table->foreign = count_foreign(table, there);
	prepare_mark(x->stream, there);
	if (there == NULL && table->name.first)
		return make_table(x->stream);
	if (owner == DUST_OURS)
		return use_table(dust, x, err);
	table->adoptable = there != NULL && owner == DUST_NOBODY && table->name.first;
	table->id = table->name.suffixed;
	return AB_NEXT;
}

static enum ab_verdict
judge_suffixed(
    const struct dust *dust, struct ab_exchange *x, const cJSON *there, struct ab_error *err)
{
	struct dust_table *table = x->stream->self;
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(there, "tags");
	const enum dust_owner owner = dust_tags_owner(x->stream, tags);
	char label[256];

	if (table->adoptable && owner != DUST_OURS) {
		table->id = table->name.plain;
		return use_table(dust, x, err);
	}
	if (owner == DUST_OTHER || (owner == DUST_NOBODY && is_disputed(dust, table))) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "table %s belongs to another stream, and stream %s has no other name to take; "
		    "change table_id_prefix",
		    table->id, ab_stream_label(x->stream, label, sizeof(label)));
		return AB_FAILED;
	}
	if (there == NULL)
		return make_table(x->stream);
	table->foreign = count_foreign(table, there);
	prepare_mark(x->stream, there);
	return use_table(dust, x, err);
}

enum ab_verdict
dust_table_look_response(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the look-up of the table";
	const struct dust_table *table = x->stream->self;
	const bool missing = in->status == 404 && dust_refusal_is(in, "table_not_found");
	enum ab_verdict verdict = AB_DONE;
	cJSON *reply = NULL;

	if (!missing)
		verdict = dust_judge_json(dust, x, in, what, &reply, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *there = cJSON_GetObjectItemCaseSensitive(reply, "table");
	if (!missing && !cJSON_IsObject(there))
		verdict = ab_service_unreadable(&dust->service, x, what, err);
	else if (table->id == table->name.plain)
		verdict = judge_plain(dust, x, there, err);
	else
		verdict = judge_suffixed(dust, x, there, err);
	cJSON_Delete(reply);
	return verdict;
}

enum ab_verdict
dust_table_make_response(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	const struct dust_table *table = x->stream->self;
	struct dust_refusal refusal;

	const enum ab_verdict verdict = dust_judge(dust, x, in, "the table", err);
	if (verdict != AB_RETRY)
		return verdict;
	dust_refusal_read(&refusal, in);
	if (strstr(refusal.message, "must be unique") == NULL)
		return verdict;
	ab_fail(err, AB_CONFIG_ERROR,
	    "another table in data_source_id %.60s is called %s already; rename it, or change "
	    "table_id_prefix (%.200s)",
	    dust->data_source_id, table->id, refusal.message);
	return AB_FAILED;
}
