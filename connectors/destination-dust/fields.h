/*
 * fields.h: pure: the value of a field, also of one inside an object, and texts made of it.
 */
#ifndef DUST_FIELDS_H
#define DUST_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "catalog.h"
#include "json.h"

/* A value; node 0 means that there is none. Dies with the record, and with the next look-up. */
struct dust_field {
	const struct ab_json *json;
	uint32_t node;
};

/* A path as the user writes it: author.name. */
struct dust_path {
	const char *text;    /* borrowed */
	struct ab_path path; /* its parts */
};

void dust_path_init(struct dust_path *path, const char *text);
void dust_path_release(struct dust_path *path);

/* The value of a path of parts in an object of a tape; what lies inside a member is parsed to
 * nested. */
struct dust_field dust_field_at(struct ab_json *nested, const struct ab_json *json, uint32_t object,
    const struct ab_path *path);

/* The same for a path the user wrote: a member spelt like the whole of it comes first. */
struct dust_field dust_field_find(struct ab_json *nested, const struct ab_json *json,
    uint32_t object, const struct dust_path *path);

/* The type of the value; AB_JSON_NULL if there is none. */
enum ab_json_type dust_field_type(struct dust_field field);

/* Whether it is a string, a number or a boolean. */
bool dust_field_scalar(struct dust_field field);

/* Whether a string holds what Dust cannot store: a NUL or half of a surrogate pair. */
bool dust_field_unstorable(struct dust_field field);

/* Appends a value as the inside of a JSON string: strings by their text, all else as JSON. Returns
 * true if characters that Dust cannot store were replaced by U+FFFD. */
bool dust_field_put_inside(struct ab_buf *out, struct dust_field field);

/* Appends the text of a value: strings unescaped (returns true as above), all else as JSON. */
bool dust_field_put_text(struct ab_buf *out, struct dust_field field);

/* The longest beginning of a text of at most `units` UTF-16 code units that ends between two
 * characters, in bytes. JavaScript, and so Dust, counts in those units. */
size_t dust_text_cut(const char *bytes, size_t len, size_t units);

/* Narrows a text to what stands between blanks and controls. */
struct ab_view dust_text_trim(const char *bytes, size_t len);

#endif
