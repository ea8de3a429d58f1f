/*
 * Steps of a begin: LOOK whether the table is there and whose it is, for one id or two
 * (table_begin.c), MAKE it. Of a batch: ROWS, and DELETE for each row that a CDC source deleted. An
 * overwrite's end has ROWS, to empty a table that got no rows, and MARK if it is resumable, to say
 * which generation the table holds from now on.
 */
#include "tables.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "alloc.h"
#include "reply.h"
#include "rows.h"
#include "table_begin.h"

enum step { LOOK, MAKE, ROWS, DELETE, MARK };
enum kind { KIND_ROW, KIND_DELETE };

/* Of a table; Dust drops files beyond it after it has answered. */
#define ROWS_MAX 500000

/* After a 429: Dust merges the queued rows of a table only after 10 s without new ones. */
#define QUEUE_WAIT_MS 15000

/* --- streams --- */

/* Whether a stream that came before another has the plain id. */
static bool
is_had(const struct dust *dust, const struct ab_stream *stream, const char *plain)
{
	const struct dust_table *other = NULL;

	DL_FOREACH(dust->tables, other)
	{
		if (other != stream->self && other->name.first &&
		    strcmp(other->name.plain, plain) == 0)
			return true;
	}
	return false;
}

void
dust_tables_open(struct dust *dust, struct ab_stream *streams, size_t count)
{
	struct dust_table_name *names = ab_calloc(count, sizeof(*names));

	dust_table_names(dust->table_id_prefix, streams, count, names);
	for (size_t i = 0; i < count; i++)
		names[i].first = names[i].first && !is_had(dust, &streams[i], names[i].plain);
	for (size_t i = 0; i < count; i++) {
		struct dust_table *table = ab_calloc(1, sizeof(*table));
		table->name = names[i];
		table->id = names[i].plain;
		dust_columns_init(&table->columns, streams[i].schema);
		DL_APPEND(dust->tables, table);
		streams[i].self = table;
	}
	free(names);
}

void
dust_table_close(struct dust *dust, struct dust_table *table)
{
	DL_DELETE(dust->tables, table);
	dust_columns_release(&table->columns);
	dust_table_name_release(&table->name);
	free(table->marked);
	free(table);
}

enum ab_taken
dust_tables_append(
    struct dust *dust, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	struct ab_stream *stream = batch->stream;
	struct dust_table *table = stream->self;
	const size_t columns = dust_columns_count(&table->columns);

	if (dust_id_of_record(dust, stream, true, record, err) != 0)
		return AB_BROKEN;
	const struct ab_view row_id = {dust->id.text.data, dust->id.text.len};
	if (stream->primary_keys > 0)
		ab_batch_key(batch, row_id.data, row_id.len);
	/* Before its fields become columns: they never reach the table. */
	if (dust_is_deletion(stream, record)) {
		ab_batch_mark(batch, KIND_DELETE);
		return AB_TAKEN;
	}
	if (dust_row_put(&batch->body, &table->columns, record, row_id))
		dust_note_replaced(stream);
	if (record->ordinal > ROWS_MAX)
		ab_note(stream, DUST_NOTE_ROWS,
		    "more than %d records came; Dust keeps no more rows than that in a table and "
		    "drops the rest without a word",
		    ROWS_MAX);
	if (dust_columns_count(&table->columns) > columns &&
	    dust_table_check_columns(stream, err) != 0)
		return AB_BROKEN;
	return AB_TAKEN;
}

/* --- rows --- */

static void
start_table(const struct dust *dust, const struct ab_exchange *x, struct ab_request *out,
    enum ab_method method)
{
	const struct dust_table *table = x->stream->self;

	dust_request_start(dust, out, method, "tables/");
	ab_url_encode(&out->url, table->id, strlen(table->id));
}

static enum ab_ask
request_rows(const struct dust *dust, struct ab_exchange *x, struct ab_request *out)
{
	const struct dust_table *table = x->stream->self;
	const struct ab_batch *batch = x->batch;
	const size_t rows_bytes = batch != NULL ? batch->entries[batch->count - 1].end : 0;

	start_table(dust, x, out, AB_POST);
	ab_buf_add_text(&out->url, "/rows");
	ab_buf_add_text(&out->head, "{\"rows\":[");
	/* Deletions have no bytes in the body; the last row's comma is left out. */
	out->to = rows_bytes > 0 ? rows_bytes - 1 : 0;
	ab_buf_printf(&out->tail, "],\"truncate\":%s}", table->replacing ? "true" : "false");
	return AB_SEND;
}

static bool
has_deletions(const struct ab_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->entries[i].kind == KIND_DELETE)
			return true;
	}
	return false;
}

/* A request that something on the way takes for too large: halved, down to the row to blame. */
static enum ab_verdict
too_large(struct ab_exchange *x, const struct ab_reply *in)
{
	if (x->batch->count > 1)
		return AB_SPLIT;
	ab_batch_reject(x->batch, 0, "the row is too large for Dust (HTTP %d)", in->status);
	return AB_DONE;
}

static enum ab_verdict
response_rows(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "rows";
	struct dust_table *table = x->stream->self;

	if (in->status == 429)
		return dust_wait(dust, x, in, what, QUEUE_WAIT_MS, err);
	const enum ab_verdict verdict = dust_judge(dust, x, in, what, err);
	if (in->status == 413 && x->batch != NULL)
		return too_large(x, in);
	if (verdict != AB_DONE)
		return verdict;
	x->stream->emptied = x->stream->emptied || (table->replacing && !x->stream->hold);
	table->replacing = false;
	if (x->batch == NULL && table->marked != NULL)
		x->step = MARK;
	else if (x->batch != NULL && has_deletions(x->batch))
		x->step = DELETE;
	else
		return AB_DONE;
	return AB_NEXT;
}

static enum ab_ask
request_delete(const struct dust *dust, struct ab_exchange *x, struct ab_request *out)
{
	const struct ab_view row_id = ab_batch_entry_key(x->batch, x->item);

	x->items = (unsigned)x->batch->count;
	if (x->batch->entries[x->item].kind != KIND_DELETE)
		return AB_SKIP;
	start_table(dust, x, out, AB_DELETE);
	ab_buf_add_text(&out->url, "/rows/");
	ab_url_encode(&out->url, row_id.data, row_id.len);
	return AB_SEND;
}

static enum ab_verdict
response_delete(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the deletion of a row";

	if (in->status == 429)
		return dust_wait(dust, x, in, what, QUEUE_WAIT_MS, err);
	if (in->status == 404 && dust_refusal_is(in, "table_not_found"))
		return AB_DONE;
	return dust_judge(dust, x, in, what, err);
}

/* --- phases --- */

/* Where an exchange starts; false if there is nothing to do. */
static bool
begin_step(struct ab_exchange *x)
{
	const struct dust_table *table = x->stream->self;

	switch (x->phase) {
	case AB_CHECK:
	case AB_DISCOVER:
	case AB_BEGIN:
		break;
	case AB_BATCH:
		/* A batch of deletions alone has no rows to send, unless it is to replace a table.
		 */
		x->step = x->batch->body.len > 0 || table->replacing ? ROWS : DELETE;
		break;
	case AB_END:
		x->step = table->replacing ? ROWS : MARK;
		return x->complete && (table->replacing || table->marked != NULL);
	}
	return true;
}

enum ab_ask
dust_tables_request(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	const struct dust_table *table = x->stream->self;

	if (x->step == LOOK) {
		if (x->phase == AB_BEGIN && table->id == table->name.plain &&
		    dust_table_check_columns(x->stream, err) != 0)
			return AB_REFUSE;
		if (!begin_step(x))
			return AB_SKIP;
	}
	switch ((enum step)x->step) {
	case LOOK:
		start_table(dust, x, out, AB_GET);
		return AB_SEND;
	case MAKE:
		dust_table_make_request(dust, x, out);
		return AB_SEND;
	case ROWS:
		return request_rows(dust, x, out);
	case MARK:
		dust_table_mark_request(dust, x, out);
		return AB_SEND;
	case DELETE:
		break;
	}
	return request_delete(dust, x, out);
}

enum ab_verdict
dust_tables_response(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	const struct dust_table *table = x->stream->self;
	enum ab_verdict verdict;

	switch ((enum step)x->step) {
	case LOOK:
		verdict = dust_table_look_response(dust, x, in, err);
		if (verdict == AB_NEXT)
			x->step = table->missing ? MAKE : LOOK;
		return verdict;
	case MAKE:
	case MARK:
		return dust_table_make_response(dust, x, in, err);
	case ROWS:
		return response_rows(dust, x, in, err);
	case DELETE:
		break;
	}
	return response_delete(dust, x, in, err);
}
