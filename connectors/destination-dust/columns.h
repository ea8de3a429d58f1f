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
/* Fields beyond are told from each other up to here, so that the user learns how many there are. */
#define DUST_COLUMNS_COUNTED 4096

struct dust_column {
	char *field; /* unescaped */
	size_t field_len;
	char *text; /* "name": with quotes and colon; NULL for a field beyond DUST_COLUMNS_MAX */
	size_t text_len;
	bool same;                 /* column and field are spelt alike */
	struct dust_column *after; /* what stood after it in the record before, as a guess */
};

struct dust_column_slot {
	struct dust_column *column;
};

struct dust_columns {
	struct dust_column_slot *by_field; /* sorted by length, then bytes of the field */
	size_t count;
	size_t cap;
	size_t excess; /* fields met after DUST_COLUMNS_COUNTED, as often as they were met */
	struct dust_column *first; /* of the record before, as a guess */
	struct dust_column none;   /* what those get */
};

struct cJSON;

/* The columns of the fields that a json_schema declares. */
void dust_columns_init(struct dust_columns *columns, const struct cJSON *schema);
void dust_columns_release(struct dust_columns *columns);

/* Whether a column is called so. */
bool dust_columns_have(const struct dust_columns *columns, const char *name);

/* How many there are, or would be: more than DUST_COLUMNS_MAX are too many. Beyond
 * DUST_COLUMNS_COUNTED a repeated field counts again. */
size_t dust_columns_count(const struct dust_columns *columns);

/*
 * The column of the field whose key is at `key`, made if there is none; before is the column of the
 * member before it, NULL for the first. Once there are too many, further fields get columns without
 * a name: no such row is ever sent.
 */
struct dust_column *dust_columns_find(
    struct dust_columns *columns, struct dust_column *before, struct dust_field key);

#endif
