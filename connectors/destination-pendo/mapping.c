#include "mapping.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"

static const cJSON *
present(const cJSON *object, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(value) ? NULL : value;
}

/* A member that is a text; *text becomes NULL if it is absent, or empty, as forms send it. */
static int
read_text(const cJSON *object, const char *name, const char *where, const char **text,
    struct ab_error *err)
{
	const cJSON *value = present(object, name);

	*text = cJSON_GetStringValue(value);
	if (value != NULL && *text == NULL)
		return ab_fail(err, AB_CONFIG_ERROR, "%.200s: %s must be a text", where, name);
	if (*text != NULL && (*text)[0] == '\0')
		*text = NULL;
	return 0;
}

bool
pendo_is_metadata(const char *name, size_t len)
{
	static const char *const prefixes[] = {"_sdc_", "_airbyte_", "_ab_"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const size_t prefix = strlen(prefixes[i]);
		if (len >= prefix && memcmp(name, prefixes[i], prefix) == 0)
			return true;
	}
	return false;
}

/* Whether a target is the id of a kind of objects: visitorId, accountId. */
static bool
is_id(const char *target, enum pendo_kind *kind)
{
	for (*kind = 0; *kind < PENDO_KINDS; ++*kind) {
		if (strcmp(target, pendo_kind_id(*kind)) == 0)
			return true;
	}
	return false;
}

static void
put_rename(struct pendo_mapping *mapping, const char *source, const char *target)
{
	mapping->renames[mapping->count++] =
	    (struct pendo_rename){.source = source, .target = target};
}

static int
add_rename(struct pendo_mapping *mapping, const char *where, const char *source, const char *target,
    struct ab_error *err)
{
	if (pendo_is_metadata(source, strlen(source)))
		return ab_fail(err, AB_CONFIG_ERROR,
		    "%.200s: %.100s is a field of the source's own, which is never sent", where,
		    source);
	if (pendo_mapping_source(mapping, target) != NULL)
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%.200s: two fields are mapped to %.100s", where, target);
	put_rename(mapping, source, target);
	return 0;
}

/* "namespace.stream" or "stream", for messages. */
static const char *
label_of(const struct pendo_mapping *mapping, char *label, size_t size)
{
	const struct ab_stream stream = {.name = mapping->stream, .namespace = mapping->namespace};

	return ab_stream_label(&stream, label, size);
}

/* --- the list `streams` --- */

static int
read_renames(
    struct pendo_mapping *mapping, const cJSON *list, const char *where, struct ab_error *err)
{
	const cJSON *item;

	if (list != NULL && !cJSON_IsArray(list))
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%.200s: field_mappings must be a list", where);
	mapping->renames =
	    ab_calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*mapping->renames));
	cJSON_ArrayForEach(item, list)
	{
		const char *source = NULL;
		const char *target = NULL;
		if (read_text(item, "source", where, &source, err) != 0 ||
		    read_text(item, "target", where, &target, err) != 0)
			return -1;
		if (source == NULL || target == NULL)
			return ab_fail(err, AB_CONFIG_ERROR,
			    "%.200s: each of field_mappings needs a source and a target", where);
		if (add_rename(mapping, where, source, target, err) != 0)
			return -1;
	}
	return 0;
}

static int
read_item(struct pendo_mapping *mapping, const cJSON *item, struct ab_error *err)
{
	const char *kind = NULL;
	char where[256] = "streams";
	char label[200];

	if (read_text(item, "stream", where, &mapping->stream, err) != 0)
		return -1;
	if (mapping->stream == NULL)
		return ab_fail(err, AB_CONFIG_ERROR, "streams: each needs the name of a stream");
	snprintf(where, sizeof(where), "streams: %.200s", mapping->stream);
	if (read_text(item, "namespace", where, &mapping->namespace, err) != 0)
		return -1;
	snprintf(where, sizeof(where), "streams: %s", label_of(mapping, label, sizeof(label)));
	if (read_text(item, "id_field", where, &mapping->id_field, err) != 0 ||
	    read_text(item, "kind", where, &kind, err) != 0)
		return -1;
	mapping->has_kind = kind != NULL;
	if (kind != NULL && !pendo_kind_read(&mapping->kind, kind))
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%.200s: kind must be visitor or account", where);
	if (read_renames(mapping, present(item, "field_mappings"), where, err) != 0)
		return -1;
	/* Without a kind it is for the stream to say which of the ids is its own. */
	const char *id = NULL;
	return mapping->has_kind ? pendo_mapping_id(mapping, mapping->kind, &id, err) : 0;
}

/* --- the Singer target's form --- */

static int
read_renamed(struct pendo_mapping *mapping, const cJSON *renames, struct ab_error *err)
{
	const char *key = mapping->id_field;
	const cJSON *item;

	mapping->renames =
	    ab_calloc((size_t)cJSON_GetArraySize(renames) + 1, sizeof(*mapping->renames));
	cJSON_ArrayForEach(item, renames)
	{
		if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
			return ab_fail(err, AB_CONFIG_ERROR,
			    "%.200s: field_mappings: %.100s must be a text", mapping->stream,
			    item->string);
		const bool is_key = key != NULL && strcmp(item->string, key) == 0;
		if (is_key)
			mapping->id_field = item->valuestring;
		if (is_key && mapping->has_kind)
			put_rename(mapping, item->valuestring, item->string);
		else if (!is_key && add_rename(mapping, mapping->stream, item->valuestring,
					item->string, err) != 0)
			return -1;
	}
	return 0;
}

static int
read_object(struct pendo_mapping *mapping, const cJSON *object, struct ab_error *err)
{
	const cJSON *renames = present(object, "field_mappings");

	mapping->stream = object->string;
	mapping->by_name = true;
	if (read_text(object, "primary_key", mapping->stream, &mapping->id_field, err) != 0)
		return -1;
	mapping->has_kind = mapping->id_field != NULL && is_id(mapping->id_field, &mapping->kind);
	if (renames != NULL && !cJSON_IsObject(renames))
		return ab_fail(err, AB_CONFIG_ERROR, "%.200s: field_mappings must be an object",
		    mapping->stream);
	return read_renamed(mapping, renames, err);
}

/* --- all --- */

static bool
same_stream(const struct pendo_mapping *a, const struct pendo_mapping *b)
{
	if (strcmp(a->stream, b->stream) != 0)
		return false;
	if (a->namespace == NULL || b->namespace == NULL)
		return a->namespace == b->namespace;
	return strcmp(a->namespace, b->namespace) == 0;
}

static int
refuse_duplicates(const struct pendo_mappings *mappings, struct ab_error *err)
{
	char label[200];

	for (size_t i = 0; i < mappings->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (same_stream(&mappings->list[i], &mappings->list[j]))
				return ab_fail(err, AB_CONFIG_ERROR,
				    "streams: %s stands twice in the configuration",
				    label_of(&mappings->list[i], label, sizeof(label)));
		}
	}
	return 0;
}

int
pendo_mappings_read(
    struct pendo_mappings *mappings, const struct ab_config *config, struct ab_error *err)
{
	const cJSON *list = ab_config_list(config, "streams");
	const cJSON *item;

	mappings->list = ab_calloc(
	    (size_t)cJSON_GetArraySize(list) + (size_t)cJSON_GetArraySize(config->document) + 1,
	    sizeof(*mappings->list));
	cJSON_ArrayForEach(item, list)
	{
		if (read_item(&mappings->list[mappings->count++], item, err) != 0)
			return -1;
	}
	cJSON_ArrayForEach(item, config->document)
	{
		if (cJSON_IsObject(item) &&
		    read_object(&mappings->list[mappings->count++], item, err) != 0)
			return -1;
	}
	return refuse_duplicates(mappings, err);
}

void
pendo_mappings_release(struct pendo_mappings *mappings)
{
	for (size_t i = 0; i < mappings->count; i++)
		free(mappings->list[i].renames);
	free(mappings->list);
}

const char *
pendo_mapping_source(const struct pendo_mapping *mapping, const char *target)
{
	for (size_t i = 0; i < mapping->count; i++) {
		if (strcmp(mapping->renames[i].target, target) == 0)
			return mapping->renames[i].source;
	}
	return NULL;
}

int
pendo_mapping_id(const struct pendo_mapping *mapping, enum pendo_kind kind, const char **id,
    struct ab_error *err)
{
	const char *mapped = pendo_mapping_source(mapping, pendo_kind_id(kind));
	char label[200];

	if (mapped != NULL && mapping->id_field != NULL && strcmp(mapped, mapping->id_field) != 0)
		return ab_fail(err, AB_CONFIG_ERROR,
		    "streams: %s: two fields are the id: %.100s, and %.100s, which is mapped to %s",
		    label_of(mapping, label, sizeof(label)), mapping->id_field, mapped,
		    pendo_kind_id(kind));
	*id = mapped != NULL ? mapped : mapping->id_field;
	return 0;
}

struct pendo_mapping *
pendo_mappings_find(const struct pendo_mappings *mappings, const struct ab_stream *stream)
{
	struct pendo_mapping *found = NULL;

	for (size_t i = 0; i < mappings->count; i++) {
		struct pendo_mapping *mapping = &mappings->list[i];
		if (strcmp(mapping->stream, stream->name) != 0)
			continue;
		if (mapping->namespace == NULL)
			found = found != NULL ? found : mapping;
		else if (stream->namespace != NULL &&
			 strcmp(mapping->namespace, stream->namespace) == 0)
			return mapping;
	}
	return found;
}

bool
pendo_mappings_unused(struct pendo_mappings *mappings, char *names, size_t size)
{
	size_t len = 0;
	char label[200];

	names[0] = '\0';
	for (size_t i = 0; i < mappings->count; i++) {
		struct pendo_mapping *mapping = &mappings->list[i];
		if (mapping->used)
			continue;
		mapping->used = true;
		snprintf(names + len, size - len, "%s%s", len > 0 ? ", " : "",
		    label_of(mapping, label, sizeof(label)));
		len = strlen(names);
	}
	return len > 0;
}
