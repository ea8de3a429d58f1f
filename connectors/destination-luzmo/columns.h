/*
 * columns.h: pure: the columns of one stream's dataset, and which field of a record goes where.
 *
 * Luzmo attributes values by their position and wants rows as wide as the dataset, so the columns
 * stand in the dataset's order. A column is declared if the catalog has a property of that name;
 * only those get values. Names are compared by their bytes.
 */
#ifndef LUZMO_COLUMNS_H
#define LUZMO_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "kinds.h"

#define LUZMO_NO_COLUMN SIZE_MAX

struct luzmo_column {
	char *name; /* what Luzmo calls the source name; UTF-8 */
	size_t len;
	enum luzmo_kind
	    kind; /* by the schema, whatever the dataset has; LUZMO_TEXT if undeclared */
	bool declared;
	bool is_new;     /* the dataset lacks it */
	size_t position; /* of a declared one: its place in the schema */
	size_t after;    /* the column of the member after it in the record before, as a guess */
};

struct luzmo_column_name {
	const char *name; /* the column's */
	size_t len;
	size_t column;
};

struct luzmo_columns {
	struct luzmo_column *list; /* in the order of the dataset */
	size_t count;
	size_t there;    /* the first of them, which the dataset has */
	size_t declared; /* how many of them are */
	bool changed;    /* columns are new or dropped: the dataset's metadata is to be updated */

	struct luzmo_column_name *by_name; /* the declared ones, sorted */
	size_t first;                      /* of the record before, as a guess */
	uint32_t *nodes;    /* scratch, per column: its value in the record at hand, 0 for none */
	struct ab_buf room; /* scratch: a text, unescaped, of any declared name or date-time */
};

struct cJSON;

/*
 * The columns for a new dataset: the properties that a json_schema declares, in its order, each
 * once (of a repeated one the first place and the last kind); all are new. schema may be NULL.
 */
void luzmo_columns_init(struct luzmo_columns *columns, const struct cJSON *schema);
void luzmo_columns_release(struct luzmo_columns *columns);

/*
 * The dataset has columns of these source names already, in its order. What is appended to it has
 * all of them, undeclared ones too, which stay empty; where the rows are replaced, undeclared ones
 * are dropped. Declared ones that it lacks follow, in the schema's order. Of columns with the same
 * name the first counts, and the others are undeclared. May be called again: the last call counts.
 */
void luzmo_columns_merge(
    struct luzmo_columns *columns, const char *const *there, size_t count, bool replaced);

/* All of them were pushed: the dataset has them now. */
void luzmo_columns_pushed(struct luzmo_columns *columns);

/* Merges what the dataset has by the columns of the same stream before its schema changed. */
void luzmo_columns_follow(
    struct luzmo_columns *columns, const struct luzmo_columns *former, bool replaced);

/* Appends the names as a JSON list: ["id","name"]. */
void luzmo_columns_header(const struct luzmo_columns *columns, struct ab_buf *out);

/*
 * The declared column of the key at a node, or LUZMO_NO_COLUMN; an escaped key counts as what it
 * means. before is the column of the last member that had one, LUZMO_NO_COLUMN for the first.
 */
size_t luzmo_columns_find(
    struct luzmo_columns *columns, size_t before, const struct ab_json *json, uint32_t key);

#endif
