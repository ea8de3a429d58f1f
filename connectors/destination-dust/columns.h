/*
 * columns.h: pure: the columns of one table: which field goes to which column.
 *
 * The fields that the catalog declares get their columns first, so that names do not depend on the
 * order of records; a field that only turns up in a record gets one when it does.
 */
#ifndef DUST_COLUMNS_H
#define DUST_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "fields.h"

/* Dust drops a table with more columns, without a word: 512 with the id of the row. */
#define DUST_COLUMNS_MAX 511

struct dust_column {
	char *field; /* unescaped */
	size_t field_len;
	char *text; /* "name": with quotes and colon */
	size_t text_len;
	bool same;                 /* column and field are spelt alike */
	bool deleted_at;           /* the field of a deletion */
	struct dust_column *after; /* what stood after it in the record before, as a guess */
};

struct dust_column_slot {
	struct dust_column *column;
};

struct dust_columns {
	struct dust_column_slot *by_field; /* sorted by length, then bytes of the field */
	size_t count;
	size_t cap;
	size_t excess; /* fields met after there were too many columns: counted, not kept */
	struct dust_column *first; /* of the record before, as a guess */
};

struct cJSON;

/* The columns of the fields that a json_schema declares. */
void dust_columns_init(struct dust_columns *columns, const struct cJSON *schema);
void dust_columns_release(struct dust_columns *columns);

/* Whether a column is called so. */
bool dust_columns_have(const struct dust_columns *columns, const char *name);

/* How many there are, or would be: more than DUST_COLUMNS_MAX are too many. */
size_t dust_columns_count(const struct dust_columns *columns);

/*
 * The column of the field whose key is at `key`, made if there is none; before is the column of the
 * member before it, NULL for the first. Once there are too many, further fields are only counted
 * and get any column: no such row is ever sent.
 */
struct dust_column *dust_columns_find(
    struct dust_columns *columns, struct dust_column *before, struct dust_field key);

#endif
