#include "kinds.h"

#include <stdbool.h>
#include <string.h>

#include <cjson/cJSON.h>

/* The kinds of several choices on the way to one. */
struct common {
	enum luzmo_kind kind;
	bool found; /* a choice that is not null */
};

static void
agree(struct common *common, enum luzmo_kind kind)
{
	if (common->found && common->kind != kind)
		kind = LUZMO_TEXT;
	*common = (struct common){.kind = kind, .found = true};
}

/* The value of a member that is a string, else "". */
static const char *
text_of(const cJSON *schema, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(schema, name);

	return cJSON_IsString(member) ? member->valuestring : "";
}

static enum luzmo_kind
kind_of_string(const cJSON *schema)
{
	const char *format = text_of(schema, "format");
	const char *type = text_of(schema, "airbyte_type");

	if (strcmp(format, "date") == 0)
		return LUZMO_DATE;
	if (strcmp(format, "date-time") == 0)
		return LUZMO_DATETIME;
	if (*format == '\0' && (strcmp(type, "timestamp_with_timezone") == 0 ||
				   strcmp(type, "timestamp_without_timezone") == 0))
		return LUZMO_DATETIME;
	return LUZMO_TEXT;
}

/* schema: what else is said about the value. */
static void
add_type(struct common *common, const cJSON *type, const cJSON *schema)
{
	const char *name = cJSON_IsString(type) ? type->valuestring : "";

	if (strcmp(name, "null") == 0)
		return;
	if (strcmp(name, "string") == 0)
		agree(common, kind_of_string(schema));
	else if (strcmp(name, "integer") == 0 || strcmp(name, "number") == 0)
		agree(common, LUZMO_NUMERIC);
	else
		agree(common, LUZMO_TEXT);
}

/* A schema without its unions. A bare string is a type's name. */
static void
add_schema(struct common *common, const cJSON *schema)
{
	const cJSON *type =
	    cJSON_IsString(schema) ? schema : cJSON_GetObjectItemCaseSensitive(schema, "type");
	const cJSON *item;

	if (!cJSON_IsArray(type)) {
		add_type(common, type, schema);
		return;
	}
	cJSON_ArrayForEach(item, type)
	{
		add_type(common, item, schema);
	}
}

enum luzmo_kind
luzmo_kind_of(const cJSON *property)
{
	static const char *const unions[] = {"oneOf", "anyOf", "allOf"};
	struct common common = {0};

	if (cJSON_IsString(property) ||
	    cJSON_GetObjectItemCaseSensitive(property, "type") != NULL) {
		add_schema(&common, property);
		return common.kind;
	}
	for (size_t i = 0; i < sizeof(unions) / sizeof(unions[0]); i++) {
		const cJSON *choices = cJSON_GetObjectItemCaseSensitive(property, unions[i]);
		const cJSON *choice;
		cJSON_ArrayForEach(choice, choices)
		{
			add_schema(&common, choice);
		}
	}
	return common.kind;
}

const char *
luzmo_kind_type(enum luzmo_kind kind)
{
	switch (kind) {
	case LUZMO_TEXT:
		break;
	case LUZMO_NUMERIC:
		return "numeric";
	case LUZMO_DATE:
	case LUZMO_DATETIME:
		return "datetime";
	}
	return "hierarchy";
}

const char *
luzmo_kind_subtype(enum luzmo_kind kind)
{
	return kind == LUZMO_DATE ? "date" : NULL;
}
