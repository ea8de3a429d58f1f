#include "dust.h"

static void
start(const struct dust *dust, struct ab_request *out, enum ab_method method, const char *url,
    const char *place)
{
	out->method = method;
	ab_buf_add_text(&out->url, url);
	ab_buf_add_text(&out->url, place);
	ab_request_header(out, "Authorization", dust->authorization);
	ab_request_header(out, "Accept", "application/json");
	/* With any other type the server sees an empty body. */
	if (method == AB_POST)
		ab_request_header(out, "Content-Type", "application/json");
}

void
dust_request_start(
    const struct dust *dust, struct ab_request *out, enum ab_method method, const char *place)
{
	start(dust, out, method, dust->url, place);
}

void
dust_request_start_workspace(
    const struct dust *dust, struct ab_request *out, enum ab_method method, const char *place)
{
	start(dust, out, method, dust->workspace_url, place);
}

int
dust_id_of_record(struct dust *dust, struct ab_stream *stream, bool is_row,
    const struct ab_record *record, struct ab_error *err)
{
	struct dust_id *id = &dust->id;

	dust_id_start(id, is_row ? NULL : stream);
	if (stream->primary_keys == 0)
		return dust_id_end_record(id, is_row, record->raw, err);
	for (size_t i = 0; i < stream->primary_keys; i++)
		dust_id_part(id, dust_field_at(&dust->nested, record->json, record->data,
				     &stream->primary_key[i]));
	dust_id_end(id);
	if (id->incomplete)
		ab_note(stream, DUST_NOTE_KEY,
		    "records whose primary key is null or missing: all that lack the same part "
		    "of it are one %s",
		    is_row ? "row" : "document");
	return 0;
}

bool
dust_is_deletion(struct ab_stream *stream, const struct ab_record *record)
{
	if (!record->deleted)
		return false;
	if (stream->primary_keys > 0)
		return true;
	ab_note(stream, DUST_NOTE_DELETE,
	    "deletions are kept as records: without a primary key it is "
	    "unknown what they delete");
	return false;
}

void
dust_note_replaced(struct ab_stream *stream)
{
	ab_note(stream, DUST_NOTE_REPLACED,
	    "texts hold NUL characters or halves of surrogate pairs, which Dust cannot store: "
	    "they are replaced by U+FFFD");
}
