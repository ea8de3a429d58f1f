#include "document.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "digest.h"
#include "json_write.h"
#include "tags.h"
#include "times.h"
#include "urls.h"

static const char zeros[] = "00000000000000000000000000000000";

void
dust_looks_init(struct dust_looks *looks, const struct ab_stream *stream)
{
	struct ab_buf tags;

	ab_buf_init(&tags, AB_JSON_TEXT_MAX);
	dust_tags_put(&tags, stream);
	ab_buf_add_char(&tags, ',');
	if (stream->resumable) {
		dust_tags_put_generation(&tags, stream);
		ab_buf_add_char(&tags, ',');
	}
	ab_buf_add_text(&tags, "\"" DUST_TAG_HASH);
	*looks = (struct dust_looks){
	    .tags = ab_memdup(tags.data, tags.len),
	    .cursor_is_time = dust_time_declared(stream->schema, &stream->cursor),
	    .cursor = stream->cursor,
	};
	ab_buf_release(&tags);
}

void
dust_looks_release(struct dust_looks *looks)
{
	free(looks->tags);
	*looks = (struct dust_looks){0};
}

bool
dust_tag_field_good(const char *field)
{
	return strncmp(field, "__DUST", 6) != 0 && strcmp(field, "airbyte") != 0 &&
	       strncmp(field, "airbyte:", 8) != 0;
}

/* What one document is made from. */
struct source {
	struct dust *dust;
	struct ab_stream *stream;
	const struct ab_record *record;
	struct ab_buf *body;
};

static struct dust_field
find(const struct source *source, const struct dust_path *path)
{
	if (path->text == NULL)
		return (struct dust_field){.json = source->record->json};
	return dust_field_find(
	    &source->dust->nested, source->record->json, source->record->data, path);
}

static void
put_inside(const struct source *source, struct dust_field field)
{
	if (dust_field_put_inside(source->body, field))
		dust_note_replaced(source->stream);
}

/* The text of a scalar, trimmed, in dust->room; empty if there is none. */
static struct ab_view
scalar_text(const struct source *source, struct dust_field field)
{
	struct ab_buf *room = &source->dust->room;

	ab_buf_reset(room);
	if (!dust_field_scalar(field))
		return (struct ab_view){room->data, 0};
	if (dust_field_put_text(room, field))
		dust_note_replaced(source->stream);
	return dust_text_trim(room->data, room->len);
}

/* --- title --- */

static struct ab_view
find_title(const struct source *source, struct ab_view id)
{
	static const char *const usual[] = {"title", "name", "subject", "headline", "label"};
	const struct ab_json *json = source->record->json;
	struct ab_view title = scalar_text(source, find(source, &source->dust->title_field));

	for (size_t i = 0; title.len == 0 && i < sizeof(usual) / sizeof(usual[0]); i++) {
		const uint32_t node = ab_json_get(json, source->record->data, usual[i]);
		title = scalar_text(source, (struct dust_field){.json = json, .node = node});
	}
	return title.len > 0 ? title : id;
}

static void
put_title(const struct source *source, struct ab_view id)
{
	const struct ab_view title = find_title(source, id);
	const size_t len = dust_text_cut(title.data, title.len, DUST_TITLE_UNITS);
	struct ab_buf *line = &source->dust->room2;

	ab_buf_reset(line);
	ab_buf_add(line, title.data, len);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line->data[i] < ' ')
			line->data[i] = ' ';
	}
	ab_json_put_string(source->body, line->data, line->len);
}

/* --- text --- */

/* One field: its value alone. Several: paragraphs with their names. */
static void
put_fields(const struct source *source)
{
	const struct dust *dust = source->dust;
	bool first = true;

	for (size_t i = 0; i < dust->text_field_count; i++) {
		const struct dust_field field = find(source, &dust->text_fields[i]);
		if (dust_field_type(field) == AB_JSON_NULL)
			continue;
		if (dust->text_field_count > 1) {
			const char *name = dust->text_fields[i].text;
			if (!first)
				ab_buf_add_text(source->body, "\\n\\n");
			ab_json_put_escaped(source->body, name, strlen(name));
			ab_buf_add_text(source->body, ": ");
		}
		put_inside(source, field);
		first = false;
	}
}

static void
put_text(const struct source *source)
{
	struct ab_buf *body = source->body;

	ab_buf_add_text(body, ",\"text\":\"");
	if (source->dust->text_field_count > 0) {
		put_fields(source);
		ab_buf_add_text(body, "\",\"mime_type\":\"text/plain\"");
		return;
	}
	/* As JSON text inside a string, so that no digit and no escape of the record is lost. */
	ab_json_put_inside(body, source->record->raw);
	ab_buf_add_text(body, "\",\"mime_type\":\"application/json\"");
}

/* --- tags --- */

static void
put_tag(const struct source *source, const char *name, struct dust_field field)
{
	const struct ab_view text = scalar_text(source, field);

	if (text.len == 0)
		return;
	ab_buf_add_text(source->body, ",\"");
	ab_json_put_escaped(source->body, name, strlen(name));
	ab_buf_add_char(source->body, ':');
	ab_json_put_escaped(
	    source->body, text.data, dust_text_cut(text.data, text.len, DUST_TAG_UNITS));
	ab_buf_add_char(source->body, '"');
}

/* A list of scalars: one tag each. */
static void
put_list_tags(const struct source *source, const char *name, struct dust_field list)
{
	const struct ab_view text = ab_json_view(list.json, list.node);
	struct ab_json *nested = &source->dust->nested;
	struct ab_error err;
	unsigned count = 0;

	if (ab_json_parse(nested, text.data, text.len, 1, &err) != 0)
		return;
	for (uint32_t i = ab_json_first(nested, 0); i != 0; i = ab_json_after(nested, 0, i)) {
		if (count++ == DUST_TAGS_PER_FIELD) {
			ab_note(source->stream, DUST_NOTE_TAG_COUNT,
			    "only the first %d elements of a list in field %s become tags",
			    DUST_TAGS_PER_FIELD, name);
			return;
		}
		put_tag(source, name, (struct dust_field){.json = nested, .node = i});
	}
}

static void
put_field_tags(const struct source *source)
{
	const struct dust *dust = source->dust;

	for (size_t i = 0; i < dust->tag_field_count; i++) {
		const struct dust_path *path = &dust->tag_fields[i];
		if (!dust_tag_field_good(path->text))
			continue;
		const struct dust_field field = find(source, path);
		if (dust_field_type(field) == AB_JSON_ARRAY)
			put_list_tags(source, path->text, field);
		else
			put_tag(source, path->text, field);
	}
}

/* --- source_url and timestamp --- */

static void
put_source_url(const struct source *source)
{
	const struct dust_field field = find(source, &source->dust->source_url_field);
	const struct ab_view url = scalar_text(source, field);

	if (url.len == 0)
		return;
	if (!dust_url_good(url.data, url.len)) {
		ab_note(source->stream, DUST_NOTE_SOURCE_URL,
		    "documents are sent without source_url where field %s is not a plain http or "
		    "https URL; Dust would refuse them",
		    source->dust->source_url_field.text);
		return;
	}
	ab_buf_add_text(source->body, ",\"source_url\":");
	ab_json_put_string(source->body, url.data, url.len);
}

/* Returns true if the timestamp is the record's own. */
static bool
find_timestamp(const struct source *source, const struct dust_looks *looks, int64_t *value)
{
	struct dust *dust = source->dust;
	const struct ab_record *record = source->record;
	struct dust_field field = {.json = record->json};

	if (dust->timestamp_field.text != NULL)
		field = find(source, &dust->timestamp_field);
	else if (looks->cursor_is_time)
		field = dust_field_at(&dust->nested, record->json, record->data, &looks->cursor);
	if (dust_field_type(field) != AB_JSON_NULL) {
		if (dust_time_of_field(field, &dust->room, value))
			return true;
		ab_note(source->stream, DUST_NOTE_TIMESTAMP,
		    "documents get the time they were read where the timestamp is not a date, a "
		    "date-time or an integer");
	}
	*value = dust_time_send(record->emitted_at_ms);
	return false;
}

void
dust_document_put(struct dust *dust, const struct dust_looks *looks, struct ab_stream *stream,
    const struct ab_record *record, struct ab_view id, struct ab_buf *body)
{
	const struct source source = {dust, stream, record, body};
	const size_t start = body->len;
	char hex[AB_DIGEST_HEX + 1];
	int64_t timestamp;

	ab_buf_add(body, zeros, DUST_HASH_HEX);
	ab_buf_add_text(body, "{\"title\":");
	put_title(&source, id);
	put_text(&source);
	ab_buf_add_text(body, ",\"tags\":[");
	ab_buf_add_text(body, looks->tags);
	const size_t hash_at = body->len;
	ab_buf_add(body, zeros, DUST_HASH_HEX);
	ab_buf_add_char(body, '"');
	put_field_tags(&source);
	ab_buf_add_char(body, ']');
	put_source_url(&source);
	ab_buf_add_text(body, ",\"light_document_output\":true,\"async\":false");
	size_t hashed = body->len;
	const bool own = find_timestamp(&source, looks, &timestamp);
	ab_buf_printf(body, ",\"timestamp\":%" PRId64 "}", timestamp);
	if (own)
		hashed = body->len;
	if (body->overflowed)
		return;
	ab_digest_hex(body->data + start + DUST_HASH_HEX, hashed - start - DUST_HASH_HEX, hex);
	memcpy(body->data + start, hex, DUST_HASH_HEX);
	memcpy(body->data + hash_at, hex, DUST_HASH_HEX);
}
