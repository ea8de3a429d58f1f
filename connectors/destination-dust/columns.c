#include "columns.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "bytes.h"
#include "json_write.h"
#include "names.h"
#include "slug.h"

#define COLUMNS_FIRST 32

/* The column name of a field, malloced; *suffix is set if it cannot do without one. */
static char *
clean_name(const char *field, size_t len, bool *suffix)
{
	struct ab_buf name;

	/* NFKD makes up to eighteen characters of one. */
	ab_buf_init(&name, (len + 1) * 32);
	dust_slug(&name, field, len);
	*suffix = name.len == 0 || name.len > DUST_COLUMN_MAX;
	if (name.len == 0)
		ab_buf_add_text(&name, "col");
	char *copy = ab_memdup(name.data, name.len);
	ab_buf_release(&name);
	return copy;
}

static int
compare(const struct dust_column *column, const char *field, size_t len)
{
	if (column->field_len != len)
		return column->field_len < len ? -1 : 1;
	return memcmp(column->field, field, len);
}

/* Where the column of a field stands, or belongs; *found tells which. */
static size_t
place_of(const struct dust_columns *columns, const char *field, size_t len, bool *found)
{
	size_t low = 0;
	size_t high = columns->count;

	*found = false;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = compare(columns->by_field[middle].column, field, len);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* name may be NULL. */
static struct dust_column *
column_new(const char *field, size_t len, const char *name)
{
	struct dust_column *column = ab_calloc(1, sizeof(*column));

	column->field = ab_memdup(field, len);
	column->field_len = len;
	if (name == NULL)
		return column;
	const size_t name_len = strlen(name);
	column->text_len = name_len + 3;
	column->text = ab_malloc(column->text_len);
	column->text[0] = '"';
	memcpy(column->text + 1, name, name_len);
	memcpy(column->text + 1 + name_len, "\":", 2);
	column->same = len == name_len && memcmp(field, name, len) == 0;
	return column;
}

/* Puts a column in its place among the others. */
static struct dust_column *
add(struct dust_columns *columns, size_t place, struct dust_column *column)
{
	if (columns->count == columns->cap) {
		columns->cap = columns->cap > 0 ? columns->cap * 2 : COLUMNS_FIRST;
		columns->by_field =
		    ab_realloc(columns->by_field, columns->cap * sizeof(*columns->by_field));
	}
	memmove(columns->by_field + place + 1, columns->by_field + place,
	    (columns->count - place) * sizeof(*columns->by_field));
	columns->by_field[place].column = column;
	columns->count++;
	return column;
}

void
dust_columns_init(struct dust_columns *columns, const cJSON *schema)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
	const size_t most = properties != NULL ? (size_t)cJSON_GetArraySize(properties) : 0;
	struct dust_name *names = ab_calloc(most, sizeof(*names));
	const cJSON *property;
	size_t count = 0;

	/* No field is so long: a guess never takes one for it. */
	*columns = (struct dust_columns){.none.field_len = SIZE_MAX};
	cJSON_ArrayForEach(property, properties)
	{
		struct dust_name *name = &names[count];
		if (property->string == NULL)
			continue;
		name->raw = ab_strdup(property->string);
		name->seed = ab_strdup(property->string);
		name->seed_len = strlen(name->seed);
		name->clean = clean_name(name->raw, name->seed_len, &name->suffix);
		count++;
	}
	dust_names_resolve(names, count, DUST_COLUMN_MAX);
	for (size_t i = 0; i < count; i++) {
		bool known;
		const size_t place = place_of(columns, names[i].raw, names[i].seed_len, &known);
		/* A schema may say the same twice. */
		if (!known)
			add(columns, place,
			    column_new(names[i].raw, names[i].seed_len, names[i].clean));
	}
	dust_names_free(names, count);
}

void
dust_columns_release(struct dust_columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		free(columns->by_field[i].column->field);
		free(columns->by_field[i].column->text);
		free(columns->by_field[i].column);
	}
	free(columns->by_field);
	*columns = (struct dust_columns){0};
}

size_t
dust_columns_count(const struct dust_columns *columns)
{
	return columns->count + columns->excess;
}

bool
dust_columns_have(const struct dust_columns *columns, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < columns->count; i++) {
		const struct dust_column *column = columns->by_field[i].column;
		if (column->text != NULL && column->text_len == len + 3 &&
		    memcmp(column->text + 1, name, len) == 0)
			return true;
	}
	return false;
}

/* A field that the catalog does not declare. */
static struct dust_column *
add_undeclared(struct dust_columns *columns, size_t place, const char *field, size_t len)
{
	bool suffix;
	struct ab_buf name;

	if (columns->count > DUST_COLUMNS_MAX)
		return add(columns, place, column_new(field, len, NULL));
	char *clean = clean_name(field, len, &suffix);
	const size_t clean_len = strlen(clean);
	ab_buf_init(&name, clean_len + DUST_COLUMN_MAX);
	ab_buf_add(&name, clean, clean_len);
	for (unsigned attempt = 0; suffix || dust_columns_have(columns, name.data); attempt++) {
		ab_buf_reset(&name);
		ab_buf_add(&name, clean, clean_len);
		dust_slug_suffix(&name, 0, DUST_COLUMN_MAX, field, len, attempt);
		suffix = false;
	}
	struct dust_column *column = add(columns, place, column_new(field, len, name.data));
	ab_buf_release(&name);
	free(clean);
	return column;
}

static struct dust_column *
look_up(struct dust_columns *columns, struct dust_field key)
{
	struct ab_buf field;
	bool found;

	ab_buf_init(&field, key.json->nodes[key.node].len);
	if (ab_json_unescape(key.json, key.node, true, &field)) {
		/* Characters that were replaced must not make one field of two. */
		ab_buf_reset(&field);
		ab_json_put_view(&field, ab_json_view(key.json, key.node));
	}
	const size_t place = place_of(columns, field.data, field.len, &found);
	struct dust_column *column = &columns->none;
	if (found)
		column = columns->by_field[place].column;
	else if (columns->count < DUST_COLUMNS_COUNTED)
		column = add_undeclared(columns, place, field.data, field.len);
	else
		columns->excess++;
	ab_buf_release(&field);
	return column;
}

struct dust_column *
dust_columns_find(struct dust_columns *columns, struct dust_column *before, struct dust_field key)
{
	struct dust_column **guess = before != NULL ? &before->after : &columns->first;
	const struct ab_json_node *node = &key.json->nodes[key.node];
	const struct dust_column *guessed = *guess;

	if (guessed != NULL && !node->escaped && guessed->field_len == node->len &&
	    ab_bytes_same(guessed->field, key.json->text + node->at, node->len))
		return *guess;
	*guess = look_up(columns, key);
	return *guess;
}
