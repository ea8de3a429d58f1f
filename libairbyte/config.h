/*
 * config.h: the configuration file, read once, with getters that name the field when it is wrong.
 *
 * null means absent. The field names, defaults and which of them are secret come from the
 * connector's specification, so that a default is written in one place.
 */
#ifndef AB_CONFIG_H
#define AB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct cJSON;

struct ab_config {
	struct cJSON *document;
	const struct cJSON *spec; /* the connector's specification; must outlive the config */
};

/* Largest config or catalog file accepted, in bytes. */
#define AB_CONFIG_FILE_MAX ((size_t)64 << 20)

/* Reads a small JSON file whole: an object, nothing after it. what ("the configuration") is for
 * messages. The document is the caller's, for cJSON_Delete. Its content is never quoted. */
AB_MUST_CHECK struct cJSON *ab_config_parse_file(
    const char *path, const char *what, struct ab_error *err);

/* Reads the file; its fields are not looked at yet. spec must outlive the config. */
AB_MUST_CHECK int ab_config_read(
    struct ab_config *config, const char *path, const struct cJSON *spec, struct ab_error *err);

/* Checks required fields, types, choices and ranges against connectionSpecification. */
AB_MUST_CHECK int ab_config_check(const struct ab_config *config, struct ab_error *err);

void ab_config_release(struct ab_config *config);

/* The text of a field; its default in the spec if absent; NULL if there is none. Borrowed. */
const char *ab_config_string(const struct ab_config *config, const char *name);
bool ab_config_bool(const struct ab_config *config, const char *name);
/* Checked against minimum and maximum of the spec by ab_config_check. */
int64_t ab_config_integer(const struct ab_config *config, const char *name);

/* A field that is a list of texts: how many, and number i. Borrowed. */
size_t ab_config_count(const struct ab_config *config, const char *name);
const char *ab_config_item(const struct ab_config *config, const char *name, size_t i);

/* Calls secret(text) for each value of a field marked airbyte_secret in the spec. */
void ab_config_secrets(const struct ab_config *config, void (*secret)(const char *text));

/* The first field of the file that the spec does not know, or NULL: a typo worth a warning. */
const char *ab_config_unknown(const struct ab_config *config);

#endif
