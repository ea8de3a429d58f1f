/*
 * kinds.h: pure: the type of a column, by the JSON schema of a property.
 *
 * Luzmo's types are numeric, datetime and hierarchy, which is any text (api/createColumn).
 * Airbyte's types are those of its page on supported data types; what has no counterpart is a text:
 * booleans, times of day, lists, objects, unions of unlike types, $ref, and all that is not
 * understood.
 *
 * A string with airbyte_type integer, big_integer, number or big_number is a text too: that page
 * knows such types for numbers only, and a column of numbers would take from long digits what the
 * source wrote them as strings to keep.
 */
#ifndef LUZMO_KINDS_H
#define LUZMO_KINDS_H

enum luzmo_kind {
	LUZMO_TEXT,     /* hierarchy */
	LUZMO_NUMERIC,  /* numeric */
	LUZMO_DATE,     /* datetime, of subtype date */
	LUZMO_DATETIME, /* datetime */
};

struct cJSON;

/*
 * The kind of a property. Its type may be a name or a list of names, or it may be a union (oneOf,
 * anyOf, allOf); apart from null, all choices must agree, else it is a text. A choice that is a
 * union itself is a text. property may be NULL, and need not be an object.
 */
enum luzmo_kind luzmo_kind_of(const struct cJSON *property);

/* What Luzmo calls it: the column's type, and its subtype or NULL. */
const char *luzmo_kind_type(enum luzmo_kind kind);
const char *luzmo_kind_subtype(enum luzmo_kind kind);

#endif
