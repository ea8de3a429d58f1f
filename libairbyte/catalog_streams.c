/*
 * The streams of a catalog, however they come into it.
 */
#include "catalog.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define uthash_malloc(size) ab_malloc(size)
#define uthash_free(memory, size) free(memory)
#include <uthash.h>

struct ab_catalog_entry {
	struct ab_stream *stream;
	char *name; /* the stream's */
	char *namespace;
	struct ab_catalog_entry *namesake; /* of the same name, in another namespace */
	UT_hash_handle hh;                 /* the first of a name has it */
};

void
ab_catalog_init(struct ab_catalog *catalog, size_t streams)
{
	*catalog = (struct ab_catalog){
	    .streams = ab_calloc(streams, sizeof(*catalog->streams)),
	    .entries = ab_calloc(streams, sizeof(*catalog->entries)),
	    .cap = streams,
	};
}

/* NOLINTBEGIN(readability-function-size): uthash is macros, each of many statements. */

/* The first stream of a name; the others are its namesakes. */
static struct ab_catalog_entry *
first_of_name(const struct ab_catalog *catalog, const char *name, size_t len)
{
	struct ab_catalog_entry *first = NULL;

	HASH_FIND(hh, catalog->by_name, name, len, first);
	return first;
}

static void
add_entry(
    struct ab_catalog *catalog, struct ab_catalog_entry *first, struct ab_catalog_entry *entry)
{
	if (first != NULL) {
		entry->namesake = first->namesake;
		first->namesake = entry;
	} else {
		HASH_ADD_KEYPTR(hh, catalog->by_name, entry->name, strlen(entry->name), entry);
	}
}

/* NOLINTEND(readability-function-size) */

static bool
is_namespace(const struct ab_stream *stream, struct ab_view namespace)
{
	const char *ours = stream->namespace;

	if (ours == NULL || namespace.data == NULL)
		return ours == NULL && namespace.data == NULL;
	return strlen(ours) == namespace.len && memcmp(ours, namespace.data, namespace.len) == 0;
}

struct ab_stream *
ab_catalog_add(struct ab_catalog *catalog, const char *namespace, const char *name)
{
	const struct ab_view view = {namespace, namespace != NULL ? strlen(namespace) : 0};
	struct ab_catalog_entry *first = first_of_name(catalog, name, strlen(name));

	for (const struct ab_catalog_entry *one = first; one != NULL; one = one->namesake) {
		if (is_namespace(one->stream, view))
			return NULL;
	}
	if (catalog->count == catalog->cap)
		return NULL;
	struct ab_stream *stream = &catalog->streams[catalog->count];
	struct ab_catalog_entry *entry = &catalog->entries[catalog->count];
	*entry = (struct ab_catalog_entry){.stream = stream,
	    .name = ab_strdup(name),
	    .namespace = namespace != NULL ? ab_strdup(namespace) : NULL};
	*stream = (struct ab_stream){.index = catalog->count++,
	    .name = entry->name,
	    .namespace = entry->namespace,
	    .generation_id = -1,
	    .minimum_generation_id = -1,
	    .sync_id = -1};
	add_entry(catalog, first, entry);
	return stream;
}

struct ab_stream *
ab_catalog_find(const struct ab_catalog *catalog, struct ab_view namespace, struct ab_view name)
{
	struct ab_stream *alike = NULL;

	for (const struct ab_catalog_entry *one = first_of_name(catalog, name.data, name.len);
	     one != NULL; one = one->namesake) {
		struct ab_stream *stream = one->stream;
		if (is_namespace(stream, namespace))
			return stream;
		if (namespace.len == 0 &&
		    (stream->namespace == NULL || stream->namespace[0] == '\0'))
			alike = stream;
	}
	return alike;
}

void
ab_stream_undescribe(struct ab_stream *stream)
{
	for (size_t i = 0; i < stream->primary_keys; i++)
		free(stream->primary_key[i].parts);
	free(stream->primary_key);
	free(stream->cursor.parts);
	cJSON_Delete(stream->described);
	stream->primary_key = NULL;
	stream->primary_keys = 0;
	stream->cursor = (struct ab_path){0};
	stream->schema = stream->described = NULL;
}

void
ab_catalog_release(struct ab_catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++) {
		struct ab_stream *stream = &catalog->streams[i];
		ab_stream_undescribe(stream);
		free(catalog->entries[i].name);
		free(catalog->entries[i].namespace);
		while (stream->notes != NULL) {
			struct ab_note *note = stream->notes;
			stream->notes = note->next;
			free(note);
		}
	}
	HASH_CLEAR(hh, catalog->by_name);
	free(catalog->entries);
	free(catalog->streams);
	cJSON_Delete(catalog->document);
	*catalog = (struct ab_catalog){0};
}

unsigned
ab_stream_order_space(const struct ab_stream *stream)
{
	return stream->hold ? 0 : stream->key_space;
}

const char *
ab_stream_generation(const struct ab_stream *stream, char text[AB_GENERATION_MAX])
{
	snprintf(text, AB_GENERATION_MAX, "%" PRId64 ".%" PRId64, stream->generation_id,
	    stream->sync_id);
	return text;
}

const char *
ab_stream_label(const struct ab_stream *stream, char *label, size_t size)
{
	if (stream->namespace != NULL)
		snprintf(label, size, "%s.%s", stream->namespace, stream->name);
	else
		snprintf(label, size, "%s", stream->name);
	return label;
}

void
ab_note(struct ab_stream *stream, unsigned id, const char *format, ...)
{
	va_list args;

	if (id > 31 || (stream->noted & 1U << id) != 0)
		return;
	stream->noted |= 1U << id;
	struct ab_note *note = ab_calloc(1, sizeof(*note));
	va_start(args, format);
	vsnprintf(note->text, sizeof(note->text), format, args);
	va_end(args);
	note->next = stream->notes;
	stream->notes = note;
}
