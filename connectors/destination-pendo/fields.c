#include "fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "bytes.h"
#include "json_write.h"
#include "schema.h"

#define MEMBER_MAX ((size_t)1 << 20)

static int
compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare_names(const void *a, const void *b)
{
	const struct pendo_name *x = a;
	const struct pendo_name *y = b;

	return compare_bytes(x->text, x->len, y->text, y->len);
}

/* The place of a name, PENDO_NO_NAME if it has none; names must be sorted. */
static size_t
search(const struct pendo_fields *fields, const char *text, size_t len)
{
	size_t low = 0;
	size_t high = fields->name_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct pendo_name *name = &fields->names[middle];
		const int order = compare_bytes(text, len, name->text, name->len);
		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return PENDO_NO_NAME;
}

/* --- building --- */

static void
add_name(struct pendo_fields *fields, const char *text)
{
	fields->names[fields->name_count++] =
	    (struct pendo_name){.text = ab_strdup(text), .len = strlen(text)};
}

/* Sorts the names and leaves one of each. */
static void
sort_names(struct pendo_fields *fields)
{
	size_t kept = 0;

	qsort(fields->names, fields->name_count, sizeof(fields->names[0]), compare_names);
	for (size_t i = 0; i < fields->name_count; i++) {
		if (kept > 0 && compare_names(&fields->names[kept - 1], &fields->names[i]) == 0)
			free(fields->names[i].text);
		else
			fields->names[kept++] = fields->names[i];
	}
	fields->name_count = kept;
}

/* Whether what is mapped is the id, and goes into no field. */
static bool
is_id(const struct pendo_rename *rename, enum pendo_kind kind)
{
	return strcmp(rename->target, pendo_kind_id(kind)) == 0;
}

static bool
maps_only_id(const struct pendo_mapping *mapping, enum pendo_kind kind)
{
	return mapping->count == 0 || (mapping->count == 1 && is_id(mapping->renames, kind));
}

static bool
is_renamed(const struct pendo_mapping *mapping, const char *name)
{
	for (size_t i = 0; mapping != NULL && i < mapping->count; i++) {
		if (strcmp(mapping->renames[i].source, name) == 0 ||
		    strcmp(mapping->renames[i].target, name) == 0)
			return true;
	}
	return false;
}

/* Whether a field of Pendo's gets the field of the record that has its name. */
static bool
goes_by_name(const struct pendo_fields *fields, const struct pendo_mapping *mapping,
    const char *id_field, const cJSON *field)
{
	const char *name = field->string;
	enum pendo_type type;

	return fields->by_name && pendo_schema_type(field, &type) && strcmp(name, id_field) != 0 &&
	       !pendo_is_metadata(name, strlen(name)) && !is_renamed(mapping, name);
}

static void
collect_names(struct pendo_fields *fields, const struct pendo_mapping *mapping,
    const char *id_field, const cJSON *group)
{
	const size_t renames = mapping != NULL ? mapping->count : 0;
	const size_t most = 2 * renames + (size_t)cJSON_GetArraySize(group) + 1;
	const cJSON *field;

	fields->names = ab_calloc(most, sizeof(*fields->names));
	fields->list = ab_calloc(most, sizeof(*fields->list));
	add_name(fields, id_field);
	for (size_t i = 0; i < renames; i++) {
		add_name(fields, mapping->renames[i].source);
		add_name(fields, mapping->renames[i].target);
	}
	cJSON_ArrayForEach(field, group)
	{
		if (goes_by_name(fields, mapping, id_field, field))
			add_name(fields, field->string);
	}
	sort_names(fields);
	fields->id = search(fields, id_field, strlen(id_field));
}

/* Returns false if Pendo does not have the field. */
static bool
add_field(struct pendo_fields *fields, const char *source, const char *target, const cJSON *group)
{
	const cJSON *field = cJSON_GetObjectItemCaseSensitive(group, target);
	enum pendo_type type;
	struct ab_buf member;

	if (!pendo_schema_type(field, &type))
		return false;
	ab_buf_init(&member, MEMBER_MAX);
	ab_json_put_text(&member, target);
	ab_buf_add_char(&member, ':');
	fields->list[fields->count++] = (struct pendo_field){
	    .member = ab_memdup(member.data, member.len),
	    .len = member.len,
	    .name = search(fields, source, strlen(source)),
	    .type = type,
	};
	ab_buf_release(&member);
	return true;
}

static void
tell_absent(char *absent, size_t size, const char *name)
{
	const size_t len = strlen(absent);

	snprintf(absent + len, size - len, "%s%s", len > 0 ? ", " : "", name);
}

void
pendo_fields_init(struct pendo_fields *fields, const struct pendo_mapping *mapping,
    enum pendo_kind kind, const char *id_field, const cJSON *group, char *absent, size_t size)
{
	const cJSON *field;

	pendo_fields_release(fields);
	absent[0] = '\0';
	fields->by_name = mapping == NULL || mapping->by_name || maps_only_id(mapping, kind);
	collect_names(fields, mapping, id_field, group);
	for (size_t i = 0; mapping != NULL && i < mapping->count; i++) {
		const struct pendo_rename *rename = &mapping->renames[i];
		if (is_id(rename, kind) || add_field(fields, rename->source, rename->target, group))
			continue;
		fields->names[search(fields, rename->source, strlen(rename->source))].absent = true;
		tell_absent(absent, size, rename->target);
	}
	cJSON_ArrayForEach(field, group)
	{
		if (goes_by_name(fields, mapping, id_field, field))
			add_field(fields, field->string, field->string, group);
	}
	fields->words = fields->count / 64 + 1;
	fields->filled = ab_calloc(fields->words, sizeof(*fields->filled));
	fields->batch = ab_calloc(fields->words, sizeof(*fields->batch));
}

void
pendo_fields_release(struct pendo_fields *fields)
{
	for (size_t i = 0; i < fields->name_count; i++)
		free(fields->names[i].text);
	for (size_t i = 0; i < fields->count; i++)
		free(fields->list[i].member);
	free(fields->names);
	free(fields->list);
	free(fields->filled);
	free(fields->batch);
	*fields = (struct pendo_fields){0};
}

/* --- finding --- */

size_t
pendo_fields_find(
    struct pendo_fields *fields, size_t position, const struct ab_json *json, uint32_t key)
{
	size_t *guess = &fields->guesses[position < PENDO_GUESSES ? position : PENDO_GUESSES - 1];
	struct ab_view view = ab_json_view(json, key);
	struct ab_buf plain;

	/* Records of a stream have their members in one order, mostly. */
	if (*guess < fields->name_count) {
		const struct pendo_name *name = &fields->names[*guess];
		if (!json->nodes[key].escaped && view.len == name->len &&
		    ab_bytes_same(view.data, name->text, view.len))
			return *guess;
	}
	if (!json->nodes[key].escaped) {
		*guess = search(fields, view.data, view.len);
		return *guess;
	}
	ab_buf_init(&plain, MEMBER_MAX);
	ab_json_unescape(json, key, false, &plain);
	const size_t found = search(fields, plain.data, plain.len);
	ab_buf_release(&plain);
	return found;
}
