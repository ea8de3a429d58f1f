#include "times.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "datetime.h"

#define SECONDS_BELOW 10000000000   /* Dust: less than this is seconds */
#define MOMENT_MAX 8640000000000000 /* the last moment that JavaScript's Date knows */

int64_t
dust_time_send(int64_t ms)
{
	if (ms < 0)
		return 0;
	return ms < SECONDS_BELOW ? ms / 1000 : ms;
}

bool
dust_time_of_field(struct dust_field field, struct ab_buf *room, int64_t *value)
{
	int64_t ms;

	if (dust_field_type(field) == AB_JSON_NUMBER) {
		if (!ab_json_integer(field.json, field.node, value) || *value > MOMENT_MAX)
			return false;
		if (*value < 0)
			*value = 0;
		return true;
	}
	if (dust_field_type(field) != AB_JSON_STRING)
		return false;
	ab_buf_reset(room);
	dust_field_put_text(room, field);
	if (!ab_datetime_parse(room->data, room->len, &ms))
		return false;
	*value = dust_time_send(ms);
	return true;
}

/* type is a name, or a list that holds it. */
static bool
has_type(const cJSON *schema, const char *type)
{
	const cJSON *types = cJSON_GetObjectItemCaseSensitive(schema, "type");
	const cJSON *item;

	if (cJSON_IsString(types))
		return strcmp(types->valuestring, type) == 0;
	cJSON_ArrayForEach(item, types)
	{
		if (cJSON_IsString(item) && strcmp(item->valuestring, type) == 0)
			return true;
	}
	return false;
}

static bool
is_date(const cJSON *schema)
{
	const cJSON *format = cJSON_GetObjectItemCaseSensitive(schema, "format");

	return has_type(schema, "string") && cJSON_IsString(format) &&
	       (strcmp(format->valuestring, "date") == 0 ||
		   strcmp(format->valuestring, "date-time") == 0);
}

bool
dust_time_declared(const struct cJSON *schema, const struct ab_path *path)
{
	static const char *const unions[] = {"oneOf", "anyOf"};

	for (size_t i = 0; i < path->count; i++) {
		const cJSON *members = cJSON_GetObjectItemCaseSensitive(schema, "properties");
		schema = cJSON_GetObjectItemCaseSensitive(members, path->parts[i]);
	}
	if (path->count == 0 || schema == NULL)
		return false;
	for (size_t i = 0; i < sizeof(unions) / sizeof(unions[0]); i++) {
		const cJSON *choices = cJSON_GetObjectItemCaseSensitive(schema, unions[i]);
		const cJSON *choice;
		cJSON_ArrayForEach(choice, choices)
		{
			if (is_date(choice))
				return true;
		}
	}
	return is_date(schema);
}
