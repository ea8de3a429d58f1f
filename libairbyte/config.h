/*
 * config.h: the configuration file, read once, with getters that name the field when it is wrong.
 *
 * null means absent, and so does an empty text where the specification lists other choices (forms
 * send it for what was not chosen). The field names, defaults and which of them are secret come
 * from the connector's specification, so that a default is written in one place.
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
/* How long it may take to read one: it may be a pipe. */
#define AB_CONFIG_FILE_WAIT_MS 30000

/* Reads a small JSON file whole: an object, nothing after it. what ("the configuration") is for
 * messages. With refuse_nul no text in it may hold a NUL: texts of a document end there. The
 * document is the caller's, for cJSON_Delete. Its content is never quoted. */
AB_MUST_CHECK struct cJSON *ab_config_parse_file(
    const char *path, const char *what, bool refuse_nul, struct ab_error *err);

/* Reads the file; its fields are not looked at yet. spec must outlive the config. */
AB_MUST_CHECK int ab_config_read(
    struct ab_config *config, const char *path, const struct cJSON *spec, struct ab_error *err);

/* Checks required fields, types, choices and ranges against connectionSpecification, and that no
 * field stands twice. */
AB_MUST_CHECK int ab_config_check(const struct ab_config *config, struct ab_error *err);

void ab_config_release(struct ab_config *config);

/* The text of a field; its default in the spec if absent; NULL if there is none. Borrowed. */
const char *ab_config_string(const struct ab_config *config, const char *name);
bool ab_config_bool(const struct ab_config *config, const char *name);
/* Checked against minimum and maximum of the spec by ab_config_check. */
int64_t ab_config_integer(const struct ab_config *config, const char *name);
double ab_config_number(const struct ab_config *config, const char *name);

/* A field that is a list of texts: how many, and the one at i. Borrowed. */
size_t ab_config_count(const struct ab_config *config, const char *name);
const char *ab_config_item(const struct ab_config *config, const char *name, size_t i);

/* The same list as it stands, for items that are objects: that they are is checked by
 * ab_config_check, what they hold is not. NULL if there is none. Borrowed. */
const struct cJSON *ab_config_list(const struct ab_config *config, const char *name);

/*
 * The URL of a service: scheme and host as the user wrote them, "https://" put before them if there
 * is no scheme; slashes at the end are taken off, and so is suffix ("/0.1.0"; may be NULL) if the
 * path ends in it. Refused as config errors that name the field: a user name or password, another
 * scheme than http and https, no host, blanks and all else beyond printable ASCII, a ? or #, more
 * than 1024 bytes. http to another machine than this is warned of. example ("https://dust.tt") goes
 * into the message. *url is the caller's.
 */
AB_MUST_CHECK int ab_config_url(const struct ab_config *config, const char *name,
    const char *suffix, const char *example, char **url, struct ab_error *err);

/* A key or token: 1 to max bytes of printable ASCII without blanks, so that it can stand in a
 * header. Else a config error that names the field: "api_key must look like <example>, ...", and
 * never what it holds. *text is borrowed. */
AB_MUST_CHECK int ab_config_credential(const struct ab_config *config, const char *name, size_t max,
    const char *example, const char **text, struct ab_error *err);

/* Calls secret(text) for each value of a field marked airbyte_secret in the spec. */
void ab_config_secrets(const struct ab_config *config, void (*secret)(const char *text));

/* How many fields of the file the spec does not know: typos worth a warning. Fields that are
 * objects count only with objects_too. names gets the first ten, "a, b", each cut to 100 bytes, and
 * ", ..." after them if there are more. */
#define AB_CONFIG_UNKNOWN_BYTES 1100
size_t ab_config_unknown(
    const struct ab_config *config, bool objects_too, char names[AB_CONFIG_UNKNOWN_BYTES]);

#endif
