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

#include <string.h>

#include <cjson/cJSON.h>

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

void
dust_table_make_request(
    const struct dust *dust, const struct ab_exchange *x, struct ab_request *out)
{
	const struct dust_table *table = x->stream->self;
	static const char description[] = "Airbyte stream: ";
	struct ab_buf *head = &out->head;

	dust_request_start(dust, out, AB_POST, "tables");
	ab_buf_add_text(head, "{\"name\":");
	ab_json_put_text(head, table->id);
	ab_buf_add_text(head, ",\"table_id\":");
	ab_json_put_text(head, table->id);
	ab_buf_printf(head, ",\"title\":\"%s", description);
	ab_json_put_escaped(head, x->stream->name, strlen(x->stream->name));
	ab_buf_printf(head, "\",\"description\":\"%s", description);
	ab_json_put_escaped(head, x->stream->name, strlen(x->stream->name));
	ab_buf_add_text(head, "\",\"tags\":[");
	dust_tags_put(head, x->stream);
	ab_buf_add_text(head, "]}");
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

	for (size_t i = 0; i < dust->stream_count; i++) {
		const struct dust_table *other = dust->streams[i];
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

	table->replacing = x->stream->overwrite;
	x->stream->hold = x->stream->overwrite && !dust->first_batch;
	/* What will be replaced does not count. */
	if (table->replacing)
		table->foreign = 0;
	return dust_table_check_columns(x->stream, err) == 0 ? AB_DONE : AB_FAILED;
}

static enum ab_verdict
make_table(struct dust_table *table)
{
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
	if (there == NULL && table->name.first)
		return make_table(table);
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
		return make_table(table);
	table->foreign = count_foreign(table, there);
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

	if (!missing)
		verdict = dust_judge(dust, x, in, what, err);
	if (verdict != AB_DONE)
		return verdict;
	cJSON *reply = missing ? NULL : ab_reply_json(in);
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
