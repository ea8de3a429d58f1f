#include "columns.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "bytes.h"
#include "json_write.h"

#define ROOM_BYTES 1024 /* of scratch, for a date-time with many digits */

static int
compare(const struct luzmo_column_name *name, const char *bytes, size_t len)
{
	if (name->len != len)
		return name->len < len ? -1 : 1;
	return memcmp(name->name, bytes, len);
}

static int
compare_names(const void *left, const void *right)
{
	const struct luzmo_column_name *a = left;
	const struct luzmo_column_name *b = right;
	const int order = compare(a, b->name, b->len);

	return order != 0 ? order : (a->column > b->column) - (a->column < b->column);
}

/* Rebuilds what is derived from the list. */
static void
rebuild(struct luzmo_columns *columns)
{
	free(columns->by_name);
	free(columns->nodes);
	columns->by_name = ab_calloc(columns->count, sizeof(*columns->by_name));
	columns->nodes = ab_calloc(columns->count, sizeof(*columns->nodes));
	columns->declared = 0;
	columns->changed = false;
	columns->first = LUZMO_NO_COLUMN;
	for (size_t i = 0; i < columns->count; i++) {
		struct luzmo_column *column = &columns->list[i];
		column->after = LUZMO_NO_COLUMN;
		columns->changed = columns->changed || column->is_new;
		if (column->declared)
			columns->by_name[columns->declared++] = (struct luzmo_column_name){
			    .name = column->name, .len = column->len, .column = i};
	}
	qsort(columns->by_name, columns->declared, sizeof(*columns->by_name), compare_names);
}

static size_t
look_up(const struct luzmo_columns *columns, const char *bytes, size_t len)
{
	size_t low = 0;
	size_t high = columns->declared;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = compare(&columns->by_name[middle], bytes, len);
		if (order == 0)
			return columns->by_name[middle].column;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return LUZMO_NO_COLUMN;
}

/* The declared columns alone, in the schema's order, all new. */
static void
restore(struct luzmo_columns *columns)
{
	struct luzmo_column *list = ab_calloc(columns->declared, sizeof(*list));

	for (size_t i = 0; i < columns->count; i++) {
		struct luzmo_column *column = &columns->list[i];
		if (!column->declared) {
			free(column->name);
			continue;
		}
		column->is_new = true;
		list[column->position] = *column;
	}
	free(columns->list);
	columns->list = list;
	columns->count = columns->declared;
	columns->there = 0;
	rebuild(columns);
}

/* Properties that a schema says again only leave their kind behind. */
static void
drop_repeated(struct luzmo_columns *columns)
{
	const struct luzmo_column_name *names = columns->by_name;
	size_t kept = 0;

	for (size_t i = 1, first = 0; i < columns->declared; i++) {
		struct luzmo_column *column = &columns->list[names[i].column];
		if (compare(&names[first], names[i].name, names[i].len) != 0) {
			first = i;
			continue;
		}
		columns->list[names[first].column].kind = column->kind;
		column->declared = false;
	}
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->list[i].declared)
			columns->list[i].position = kept++;
	}
	columns->declared = kept;
}

void
luzmo_columns_init(struct luzmo_columns *columns, const cJSON *schema)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
	const size_t most = properties != NULL ? (size_t)cJSON_GetArraySize(properties) : 0;
	const cJSON *property;
	size_t longest = ROOM_BYTES;

	*columns = (struct luzmo_columns){.list = ab_calloc(most, sizeof(*columns->list))};
	cJSON_ArrayForEach(property, properties)
	{
		if (property->string == NULL)
			continue;
		const size_t len = strlen(property->string);
		longest = len > longest ? len : longest;
		columns->list[columns->count++] = (struct luzmo_column){
		    .name = ab_memdup(property->string, len),
		    .len = len,
		    .kind = luzmo_kind_of(property),
		    .declared = true,
		};
	}
	ab_buf_init(&columns->room, longest);
	rebuild(columns);
	drop_repeated(columns);
	restore(columns);
}

void
luzmo_columns_release(struct luzmo_columns *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		free(columns->list[i].name);
	free(columns->list);
	free(columns->by_name);
	free(columns->nodes);
	ab_buf_release(&columns->room);
	*columns = (struct luzmo_columns){0};
}

void
luzmo_columns_merge(
    struct luzmo_columns *columns, const char *const *there, size_t count, bool replaced)
{
	struct luzmo_column *merged;
	size_t merged_count = 0;
	bool dropped = false;

	restore(columns);
	merged = ab_calloc(count + columns->count, sizeof(*merged));
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(there[i]);
		const size_t at = look_up(columns, there[i], len);
		if (at != LUZMO_NO_COLUMN && columns->list[at].is_new) {
			columns->list[at].is_new = false;
			merged[merged_count++] = columns->list[at];
		} else if (replaced) {
			dropped = true;
		} else {
			merged[merged_count++] =
			    (struct luzmo_column){.name = ab_strdup(there[i]), .len = len};
		}
	}
	columns->there = merged_count;
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->list[i].is_new)
			merged[merged_count++] = columns->list[i];
	}
	free(columns->list);
	columns->list = merged;
	columns->count = merged_count;
	rebuild(columns);
	columns->changed = columns->changed || dropped;
}

void
luzmo_columns_pushed(struct luzmo_columns *columns)
{
	columns->there = columns->count;
	columns->changed = false;
}

void
luzmo_columns_follow(
    struct luzmo_columns *columns, const struct luzmo_columns *former, bool replaced)
{
	const char **names = ab_calloc(former->there, sizeof(*names));

	for (size_t i = 0; i < former->there; i++)
		names[i] = former->list[i].name;
	luzmo_columns_merge(columns, names, former->there, replaced);
	columns->changed = columns->changed || former->changed;
	free(names);
}

void
luzmo_columns_header(const struct luzmo_columns *columns, struct ab_buf *out)
{
	ab_buf_add_char(out, '[');
	for (size_t i = 0; i < columns->count; i++) {
		if (i > 0)
			ab_buf_add_char(out, ',');
		ab_json_put_string(out, columns->list[i].name, columns->list[i].len);
	}
	ab_buf_add_char(out, ']');
}

static size_t
look_up_key(struct luzmo_columns *columns, const struct ab_json *json, uint32_t key)
{
	const struct ab_view view = ab_json_view(json, key);
	struct ab_buf *room = &columns->room;

	if (!json->nodes[key].escaped)
		return look_up(columns, view.data, view.len);
	ab_buf_reset(room);
	/* Half of a surrogate pair is no character: no name has it. */
	if (ab_json_unescape(json, key, false, room) || room->overflowed)
		return LUZMO_NO_COLUMN;
	return look_up(columns, room->data, room->len);
}

size_t
luzmo_columns_find(
    struct luzmo_columns *columns, size_t before, const struct ab_json *json, uint32_t key)
{
	size_t *guess = before != LUZMO_NO_COLUMN ? &columns->list[before].after : &columns->first;
	const struct ab_json_node *node = &json->nodes[key];

	if (*guess != LUZMO_NO_COLUMN && !node->escaped) {
		const struct luzmo_column *column = &columns->list[*guess];
		if (column->len == node->len &&
		    ab_bytes_same(column->name, json->text + node->at, node->len))
			return *guess;
	}
	const size_t found = look_up_key(columns, json, key);
	/* An unknown key is no reason to forget what follows. */
	if (found != LUZMO_NO_COLUMN)
		*guess = found;
	return found;
}
