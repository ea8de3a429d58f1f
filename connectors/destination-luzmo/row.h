/*
 * row.h: pure: a record as a row of a dataset, `[42,"text",null],`.
 *
 * Values stand in the order of the columns, as wide as the dataset. They are copied as they are
 * spelt: numbers keep every digit, strings their escapes. What Luzmo has no type for becomes a
 * text: booleans "true" and "false", bare NaN and infinities, lists and objects their compact JSON.
 * In a datetime column a text that ab_datetime_parse reads is sent in Luzmo's own spelling,
 * 2024-02-29T12:34:56.789Z; any other stays as it is. Missing fields and undeclared columns are
 * null; of a repeated field the last counts.
 */
#ifndef LUZMO_ROW_H
#define LUZMO_ROW_H

#include "buf.h"
#include "columns.h"
#include "destination.h"

/* What the user should hear of, once per stream; bits. */
enum luzmo_row_finding {
	LUZMO_ROW_UNDECLARED = 1, /* fields that the catalog does not declare were left out */
	LUZMO_ROW_NO_MOMENT = 2,  /* a text in a datetime column is no date-time: sent as it is */
};

/* Appends the row with a comma after it. Returns the findings, 0 for none. */
unsigned luzmo_row_put(
    struct ab_buf *out, struct luzmo_columns *columns, const struct ab_record *record);

#endif
