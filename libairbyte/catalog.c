#include "catalog.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config.h"

static const cJSON *
member(const cJSON *object, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

	return value == NULL || cJSON_IsNull(value) ? NULL : value;
}

static int
refuse(const struct ab_stream *stream, const char *why, struct ab_error *err)
{
	char label[256];

	return ab_fail(err, AB_CONFIG_ERROR, "stream %s: %s",
	    ab_stream_label(stream, label, sizeof(label)), why);
}

/* A list of texts; anything else leaves the path empty. */
static void
read_path(struct ab_path *path, const cJSON *list)
{
	const int count = cJSON_GetArraySize(list);
	const cJSON *part = NULL;

	if (!cJSON_IsArray(list) || count == 0)
		return;
	path->parts = ab_calloc((size_t)count, sizeof(*path->parts));
	cJSON_ArrayForEach(part, list)
	{
		if (cJSON_IsString(part))
			path->parts[path->count++] = part->valuestring;
	}
}

static int
read_primary_key(struct ab_stream *stream, const cJSON *list, struct ab_error *err)
{
	const cJSON *part = NULL;
	const int count = cJSON_GetArraySize(list);

	if (!cJSON_IsArray(list) || count == 0)
		return 0;
	stream->primary_key = ab_calloc((size_t)count, sizeof(*stream->primary_key));
	cJSON_ArrayForEach(part, list)
	{
		struct ab_path *path = &stream->primary_key[stream->primary_keys++];
		read_path(path, part);
		if (path->count == 0 || path->count != (size_t)cJSON_GetArraySize(part))
			return refuse(stream,
			    "primary_key must be a list of field paths, e.g. [[\"id\"]]", err);
	}
	return 0;
}

static int
read_id(const struct ab_stream *stream, const cJSON *configured, const char *name, int64_t *id,
    struct ab_error *err)
{
	const cJSON *value = member(configured, name);

	*id = -1;
	if (value == NULL)
		return 0;
	if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 9e15)
		return refuse(stream,
		    "generation_id, minimum_generation_id and sync_id must be "
		    "integers that are not negative",
		    err);
	*id = (int64_t)value->valuedouble;
	return 0;
}

static bool
is_numbered_by_pyairbyte(const struct ab_stream *stream)
{
	return stream->generation_id == 1 && stream->minimum_generation_id == 1 &&
	       stream->sync_id == 1;
}

static int
read_ids(struct ab_stream *stream, const cJSON *configured, bool on_platform, struct ab_error *err)
{
	if (read_id(stream, configured, "generation_id", &stream->generation_id, err) != 0 ||
	    read_id(stream, configured, "minimum_generation_id", &stream->minimum_generation_id,
		err) != 0 ||
	    read_id(stream, configured, "sync_id", &stream->sync_id, err) != 0)
		return -1;
	stream->refresh = stream->generation_id >= 0;
	if (!stream->refresh || stream->minimum_generation_id <= 0 ||
	    (!on_platform && is_numbered_by_pyairbyte(stream)))
		return 0;
	if (stream->minimum_generation_id != stream->generation_id)
		return refuse(stream,
		    "minimum_generation_id must be 0 or equal to generation_id: "
		    "hybrid refreshes are not supported",
		    err);
	stream->overwrite = true;
	return 0;
}

static int
read_mode(struct ab_stream *stream, const cJSON *configured, const cJSON *supported,
    bool on_platform, struct ab_error *err)
{
	const char *mode = cJSON_GetStringValue(member(configured, "destination_sync_mode"));
	const cJSON *known = NULL;

	if (mode == NULL)
		return refuse(stream, "destination_sync_mode is missing in the catalog", err);
	cJSON_ArrayForEach(known, supported)
	{
		if (strcmp(known->valuestring, mode) == 0)
			break;
	}
	const bool clears = on_platform && strcmp(mode, "overwrite") == 0;
	if (known == NULL && !clears)
		return refuse(stream,
		    "its destination_sync_mode is not one that this destination "
		    "supports; see the specification",
		    err);
	stream->overwrite = strcmp(mode, "overwrite") == 0;
	stream->dedup = strcmp(mode, "append_dedup") == 0;
	stream->update = strcmp(mode, "update") == 0;
	return 0;
}

static int
read_stream(struct ab_stream *stream, const cJSON *configured, const cJSON *supported,
    bool on_platform, struct ab_error *err)
{
	stream->schema = member(member(configured, "stream"), "json_schema");
	if (!cJSON_IsObject(stream->schema))
		return refuse(stream, "json_schema is missing in the catalog", err);
	if (read_mode(stream, configured, supported, on_platform, err) != 0 ||
	    read_ids(stream, configured, on_platform, err) != 0 ||
	    read_primary_key(stream, member(configured, "primary_key"), err) != 0)
		return -1;
	stream->object_name = cJSON_GetStringValue(member(configured, "destination_object_name"));
	const char *mode = cJSON_GetStringValue(member(configured, "sync_mode"));
	stream->resumable = on_platform && stream->overwrite && stream->minimum_generation_id > 0 &&
			    stream->sync_id >= 0 && mode != NULL &&
			    strcmp(mode, "incremental") == 0;
	read_path(&stream->cursor, member(configured, "cursor_field"));
	if (stream->dedup && stream->primary_keys == 0)
		return refuse(stream, "append_dedup needs a primary key", err);
	return 0;
}

/* NULL if it has no name, or one that is taken. */
static struct ab_stream *
add_configured(struct ab_catalog *catalog, const cJSON *configured, struct ab_error *err)
{
	const cJSON *described = member(configured, "stream");
	struct ab_stream named = {
	    .name = cJSON_GetStringValue(member(described, "name")),
	    .namespace = cJSON_GetStringValue(member(described, "namespace")),
	};

	if (named.name == NULL) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "the catalog is not a configured catalog: stream number %zu has no stream.name",
		    catalog->count + 1);
		return NULL;
	}
	struct ab_stream *stream = ab_catalog_add(catalog, named.namespace, named.name);
	if (stream == NULL)
		refuse(&named, "it stands twice in the catalog", err);
	return stream;
}

int
ab_catalog_read(struct ab_catalog *catalog, const char *path, const cJSON *spec, bool on_platform,
    struct ab_error *err)
{
	struct ab_catalog read;
	const cJSON *configured = NULL;

	cJSON *document = ab_config_parse_file(path, "the catalog", false, err);
	if (document == NULL)
		return -1;
	const cJSON *streams = member(document, "streams");
	ab_catalog_init(&read, (size_t)cJSON_GetArraySize(streams));
	read.document = document;
	read.on_platform = on_platform;
	if (!cJSON_IsArray(streams)) {
		ab_fail(err, AB_CONFIG_ERROR, "the catalog %s has no list of streams", path);
		goto fail;
	}
	cJSON_ArrayForEach(configured, streams)
	{
		struct ab_stream *stream = add_configured(&read, configured, err);
		if (stream == NULL ||
		    read_stream(stream, configured,
			member(spec, "supported_destination_sync_modes"), on_platform, err) != 0)
			goto fail;
	}
	*catalog = read;
	return 0;
fail:
	ab_catalog_release(&read);
	return -1;
}

const char *
ab_stream_why_not_ended(const struct ab_stream *stream, const struct ab_ending *ending)
{
	if (!ending->clean_eof)
		return "the input did not end well";
	if (stream->refresh)
		return ending->complete_seen ? NULL : "the input ended without its COMPLETE status";
	if (!ending->any_state_seen && ending->records > 0 && !ending->on_platform)
		return NULL;
	if (!ending->state_after_last)
		return "the input ended without a STATE after its last record";
	if (!ending->counts_agree)
		return "the records that arrived are not as many as its STATE messages count";
	return NULL;
}
