/*
 * singer_schema.h: pure: what a SCHEMA message says about its stream.
 *
 * Rules: the Singer specification: schema is a JSON Schema of an object; key_properties names the
 * fields that identify a record and may be empty; bookmark_properties names those a source resumes
 * by. Both are names of fields at the top, not paths. That a schema must have properties is what
 * Meltano's SDK asks of targets (its test invalid_schema).
 */
#ifndef AB_SINGER_SCHEMA_H
#define AB_SINGER_SCHEMA_H

#include <stdbool.h>

#include "catalog.h"
#include "error.h"
#include "json.h"

/* Bytes of a SCHEMA line. */
#define AB_SINGER_SCHEMA_MAX ((size_t)16 << 20)

/* Reads a SCHEMA line; the document is the caller's, for cJSON_Delete. Fails on what is too large
 * or too deep, has no properties, or names keys by anything but texts; err does not name the
 * stream. */
AB_MUST_CHECK struct cJSON *ab_singer_schema_read(struct ab_view line, struct ab_error *err);

/* Whether both say the same about the stream; the order of members does not count. */
bool ab_singer_schema_same(const struct cJSON *a, const struct cJSON *b);

/* The stream is as the document says from now on, which becomes the stream's. With dedup its keys,
 * if there are any, make it one of one row per key. */
void ab_singer_schema_apply(struct ab_stream *stream, struct cJSON *document, bool dedup);

#endif
