#include "singer_schema.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "alloc.h"

/* All that counts of a SCHEMA. */
static const char *const members[] = {"schema", "key_properties", "bookmark_properties"};

static const cJSON *
member(const cJSON *object, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(value) ? NULL : value;
}

/* Absent is as good as empty. */
static bool
is_list_of_names(const cJSON *list)
{
	const cJSON *name = NULL;

	if (list == NULL)
		return true;
	cJSON_ArrayForEach(name, list)
	{
		if (!cJSON_IsString(name))
			return false;
	}
	return cJSON_IsArray(list);
}

static int
check(const cJSON *document, struct ab_error *err)
{
	const cJSON *schema = member(document, "schema");

	if (!cJSON_IsObject(schema))
		return ab_fail(
		    err, AB_CONFIG_ERROR, "a SCHEMA message needs an object named schema");
	if (!cJSON_IsObject(member(schema, "properties")))
		return ab_fail(err, AB_CONFIG_ERROR, "its schema has no properties");
	if (!is_list_of_names(member(document, "key_properties")))
		return ab_fail(
		    err, AB_CONFIG_ERROR, "its key_properties must be a list of field names");
	if (!is_list_of_names(member(document, "bookmark_properties")))
		return ab_fail(
		    err, AB_CONFIG_ERROR, "its bookmark_properties must be a list of field names");
	return 0;
}

cJSON *
ab_singer_schema_read(struct ab_view line, struct ab_error *err)
{
	if (line.len > AB_SINGER_SCHEMA_MAX) {
		ab_fail(err, AB_CONFIG_ERROR, "its SCHEMA is larger than %zu MiB",
		    AB_SINGER_SCHEMA_MAX >> 20);
		return NULL;
	}
	cJSON *document = cJSON_ParseWithLength(line.data, line.len);
	if (document == NULL) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "its schema nests deeper than %d levels, or has half of a surrogate pair in a "
		    "text",
		    CJSON_NESTING_LIMIT);
		return NULL;
	}
	if (check(document, err) != 0) {
		cJSON_Delete(document);
		return NULL;
	}
	return document;
}

static bool
same(const cJSON *a, const cJSON *b)
{
	const bool empty_a = a == NULL || a->child == NULL;
	const bool empty_b = b == NULL || b->child == NULL;

	return empty_a || empty_b ? empty_a == empty_b : cJSON_Compare(a, b, true);
}

bool
ab_singer_schema_same(const cJSON *a, const cJSON *b)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!same(member(a, members[i]), member(b, members[i])))
			return false;
	}
	return true;
}

/* A path of one part, or of none without a name. The text stays the document's. */
static void
set_path(struct ab_path *path, const cJSON *name)
{
	if (name == NULL)
		return;
	path->parts = ab_calloc(1, sizeof(*path->parts));
	path->parts[0] = name->valuestring;
	path->count = 1;
}

void
ab_singer_schema_apply(struct ab_stream *stream, cJSON *document, bool dedup)
{
	const cJSON *keys = member(document, "key_properties");
	const cJSON *bookmarks = member(document, "bookmark_properties");
	const cJSON *name = NULL;

	ab_stream_undescribe(stream);
	stream->described = document;
	stream->schema = member(document, "schema");
	stream->primary_key =
	    ab_calloc((size_t)cJSON_GetArraySize(keys), sizeof(*stream->primary_key));
	cJSON_ArrayForEach(name, keys)
	{
		set_path(&stream->primary_key[stream->primary_keys++], name);
	}
	set_path(&stream->cursor, bookmarks != NULL ? bookmarks->child : NULL);
	stream->dedup = dedup && stream->primary_keys > 0;
}
