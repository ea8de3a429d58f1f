#include "config.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_NAMED 10

static const cJSON *
member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Members of connectionSpecification. */
static const cJSON *
connection(const struct ab_config *config, const char *name)
{
	return member(member(config->spec, "connectionSpecification"), name);
}

/* How the specification describes a field. */
static const cJSON *
property(const struct ab_config *config, const char *name)
{
	return member(connection(config, "properties"), name);
}

static bool
is_choice(const cJSON *choices, const char *text)
{
	const cJSON *choice = NULL;

	cJSON_ArrayForEach(choice, choices)
	{
		if (strcmp(choice->valuestring, text) == 0)
			return true;
	}
	return false;
}

/* A form sends an empty text for a choice that was not made. */
static bool
is_no_choice(const cJSON *value, const cJSON *choices)
{
	return choices != NULL && cJSON_IsString(value) && value->valuestring[0] == '\0' &&
	       !is_choice(choices, "");
}

static const cJSON *
present(const struct ab_config *config, const char *name)
{
	const cJSON *value = member(config->document, name);

	if (value == NULL || cJSON_IsNull(value) ||
	    is_no_choice(value, member(property(config, name), "enum")))
		return NULL;
	return value;
}

/* The value given, else the default of the specification, else NULL. */
static const cJSON *
effective(const struct ab_config *config, const char *name)
{
	const cJSON *value = present(config, name);

	return value != NULL ? value : member(property(config, name), "default");
}

static bool
has_type(const cJSON *value, const char *type)
{
	if (strcmp(type, "string") == 0)
		return cJSON_IsString(value);
	if (strcmp(type, "boolean") == 0)
		return cJSON_IsBool(value);
	if (strcmp(type, "integer") == 0)
		return cJSON_IsNumber(value) && value->valuedouble >= -9007199254740992.0 &&
		       value->valuedouble <= 9007199254740992.0 &&
		       (double)(int64_t)value->valuedouble == value->valuedouble;
	if (strcmp(type, "number") == 0)
		return cJSON_IsNumber(value);
	if (strcmp(type, "array") == 0)
		return cJSON_IsArray(value);
	if (strcmp(type, "object") == 0)
		return cJSON_IsObject(value);
	return true;
}

static int
check_enum(const cJSON *value, const char *name, const cJSON *choices, struct ab_error *err)
{
	const cJSON *choice = NULL;
	char list[256] = "";

	if (choices == NULL || is_choice(choices, value->valuestring))
		return 0;
	cJSON_ArrayForEach(choice, choices)
	{
		const size_t len = strlen(list);
		snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "",
		    choice->valuestring);
	}
	return ab_fail(err, AB_CONFIG_ERROR, "%s must be one of: %s", name, list);
}

static int
check_items(const cJSON *value, const char *name, const cJSON *items, struct ab_error *err)
{
	const char *described = cJSON_GetStringValue(member(items, "type"));
	const char *type = described != NULL ? described : "string";
	const cJSON *item = NULL;

	cJSON_ArrayForEach(item, value)
	{
		if (!has_type(item, type))
			return ab_fail(
			    err, AB_CONFIG_ERROR, "%s must be a list of %ss", name, type);
	}
	return 0;
}

static int
check_range(const cJSON *value, const char *name, const cJSON *field, struct ab_error *err)
{
	const cJSON *low = member(field, "minimum");
	const cJSON *high = member(field, "maximum");

	if (low != NULL && value->valuedouble < low->valuedouble)
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%s must be at least %.0f", name, low->valuedouble);
	if (high != NULL && value->valuedouble > high->valuedouble)
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%s must be at most %.0f", name, high->valuedouble);
	return 0;
}

/* Readers of JSON differ in which of the two counts. */
static bool
stands_twice(const struct ab_config *config, const char *name)
{
	const cJSON *other = member(config->document, name);

	do {
		other = other != NULL ? other->next : NULL;
	} while (other != NULL && strcmp(other->string, name) != 0);
	return other != NULL;
}

static int
check_field(const struct ab_config *config, const cJSON *field, struct ab_error *err)
{
	const char *name = field->string;
	const cJSON *value = present(config, name);
	const cJSON *type = member(field, "type");

	if (stands_twice(config, name))
		return ab_fail(err, AB_CONFIG_ERROR, "%s stands twice in the configuration", name);
	if (value == NULL)
		return 0;
	if (cJSON_IsString(type) && !has_type(value, type->valuestring))
		return ab_fail(err, AB_CONFIG_ERROR, "%s must be %s %s", name,
		    strchr("aeiou", type->valuestring[0]) != NULL ? "an" : "a", type->valuestring);
	if (cJSON_IsString(value))
		return check_enum(value, name, member(field, "enum"), err);
	if (cJSON_IsArray(value))
		return check_items(value, name, member(field, "items"), err);
	if (cJSON_IsNumber(value))
		return check_range(value, name, field, err);
	return 0;
}

static int
check_required(const struct ab_config *config, struct ab_error *err)
{
	const cJSON *name = NULL;

	cJSON_ArrayForEach(name, connection(config, "required"))
	{
		const cJSON *value = present(config, name->valuestring);
		if (value == NULL || (cJSON_IsString(value) && value->valuestring[0] == '\0'))
			return ab_fail(err, AB_CONFIG_ERROR, "%s is missing in the configuration",
			    name->valuestring);
	}
	return 0;
}

int
ab_config_read(struct ab_config *config, const char *path, const cJSON *spec, struct ab_error *err)
{
	cJSON *document = ab_config_parse_file(path, "the configuration", true, err);

	if (document == NULL)
		return -1;
	*config = (struct ab_config){.document = document, .spec = spec};
	return 0;
}

int
ab_config_check(const struct ab_config *config, struct ab_error *err)
{
	const cJSON *field = NULL;

	if (check_required(config, err) != 0)
		return -1;
	cJSON_ArrayForEach(field, connection(config, "properties"))
	{
		if (check_field(config, field, err) != 0)
			return -1;
	}
	return 0;
}

void
ab_config_release(struct ab_config *config)
{
	cJSON_Delete(config->document);
	config->document = NULL;
}

const char *
ab_config_string(const struct ab_config *config, const char *name)
{
	return cJSON_GetStringValue(effective(config, name));
}

bool
ab_config_bool(const struct ab_config *config, const char *name)
{
	return cJSON_IsTrue(effective(config, name));
}

int64_t
ab_config_integer(const struct ab_config *config, const char *name)
{
	const cJSON *value = effective(config, name);

	return value != NULL ? (int64_t)value->valuedouble : 0;
}

double
ab_config_number(const struct ab_config *config, const char *name)
{
	const cJSON *value = effective(config, name);

	return value != NULL ? value->valuedouble : 0;
}

const cJSON *
ab_config_list(const struct ab_config *config, const char *name)
{
	return effective(config, name);
}

size_t
ab_config_count(const struct ab_config *config, const char *name)
{
	return (size_t)cJSON_GetArraySize(effective(config, name));
}

const char *
ab_config_item(const struct ab_config *config, const char *name, size_t i)
{
	return cJSON_GetStringValue(cJSON_GetArrayItem(effective(config, name), (int)i));
}

void
ab_config_secrets(const struct ab_config *config, void (*secret)(const char *text))
{
	const cJSON *given = NULL;

	cJSON_ArrayForEach(given, config->document)
	{
		const cJSON *field = property(config, given->string);
		if (cJSON_IsString(given) && cJSON_IsTrue(member(field, "airbyte_secret")))
			secret(given->valuestring);
	}
}

size_t
ab_config_unknown(
    const struct ab_config *config, bool objects_too, char names[AB_CONFIG_UNKNOWN_BYTES])
{
	const cJSON *given = NULL;
	size_t count = 0;
	size_t len = 0;

	names[0] = '\0';
	cJSON_ArrayForEach(given, config->document)
	{
		if (property(config, given->string) != NULL ||
		    (!objects_too && cJSON_IsObject(given)))
			continue;
		if (count++ < UNKNOWN_NAMED)
			len += (size_t)snprintf(names + len, AB_CONFIG_UNKNOWN_BYTES - len,
			    "%s%.100s", count > 1 ? ", " : "", given->string);
	}
	if (count > UNKNOWN_NAMED)
		snprintf(names + len, AB_CONFIG_UNKNOWN_BYTES - len, ", ...");
	return count;
}
