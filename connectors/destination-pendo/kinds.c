#include "kinds.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *const names[PENDO_KINDS] = {"visitor", "account"};
static const char *const ids[PENDO_KINDS] = {"visitorId", "accountId"};

static const struct {
	const char *read; /* NULL: several, or none */
	const char *name;
	const char *schema;
} types[] = {
    [PENDO_TEXT] = {"string", "a text", "{\"type\":\"string\"}"},
    [PENDO_BOOLEAN] = {"boolean", "a boolean", "{\"type\":\"boolean\"}"},
    [PENDO_INTEGER] = {"integer", "an integer of 64 bits", "{\"type\":\"integer\"}"},
    [PENDO_FLOAT] = {"float", "a number", "{\"type\":\"number\"}"},
    [PENDO_TIME] = {"time", "a date-time", "{\"type\":\"string\",\"format\":\"date-time\"}"},
    [PENDO_LIST] = {"list", "a list", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    [PENDO_ANY] = {NULL, "anything", "{}"},
};

const char *
pendo_kind_name(enum pendo_kind kind)
{
	return names[kind];
}

const char *
pendo_kind_id(enum pendo_kind kind)
{
	return ids[kind];
}

bool
pendo_kind_read(enum pendo_kind *kind, const char *name)
{
	for (int i = 0; i < PENDO_KINDS; i++) {
		if (strcmp(names[i], name) == 0) {
			*kind = (enum pendo_kind)i;
			return true;
		}
	}
	return false;
}

bool
pendo_kind_guess(enum pendo_kind *kind, const char *stream)
{
	for (const char *at = stream + strlen(stream); at-- > stream;) {
		for (int i = 0; i < PENDO_KINDS; i++) {
			if (strncasecmp(at, names[i], strlen(names[i])) == 0) {
				*kind = (enum pendo_kind)i;
				return true;
			}
		}
	}
	return false;
}

enum pendo_type
pendo_type_read(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].read != NULL && strcmp(types[i].read, name) == 0)
			return (enum pendo_type)i;
	}
	return PENDO_ANY;
}

const char *
pendo_type_name(enum pendo_type type)
{
	return types[type].name;
}

const char *
pendo_type_schema(enum pendo_type type)
{
	return types[type].schema;
}
