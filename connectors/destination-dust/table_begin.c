#include "table_begin.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "json_write.h"
#include "reply.h"
#include "tables.h"

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
	ab_buf_add_text(head, "\"}");
}

/* Columns of the table that are not among ours: what stays in it counts too. */
static size_t
count_foreign(const struct dust_table *table, const cJSON *reply)
{
	const cJSON *there = cJSON_GetObjectItemCaseSensitive(reply, "table");
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

enum ab_verdict
dust_table_look_response(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	struct dust_table *table = x->stream->self;

	if (in->status == 404 && dust_refusal_is(in, "table_not_found"))
		return AB_NEXT;
	const enum ab_verdict verdict = dust_judge(dust, x, in, "the look-up of the table", err);
	if (verdict != AB_DONE)
		return verdict;
	table->replacing = x->stream->overwrite;
	x->stream->hold = x->stream->overwrite && !dust->first_batch;
	if (!table->replacing) {
		cJSON *reply = dust_reply_json(in);
		table->foreign = count_foreign(table, reply);
		cJSON_Delete(reply);
	}
	return dust_table_check_columns(x->stream, err) == 0 ? AB_DONE : AB_FAILED;
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
