#include "columns.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "dust.h"
#include "json_write.h"
#include "names.h"
#include "slug.h"

/* The column name of a field, malloced; *suffix is set if it cannot do without one. */
static char *
clean_name(const char *field, size_t len, bool *suffix)
{
	struct ab_buf name;

	ab_buf_init(&name, 4 * DUST_COLUMN_MAX + 4 * len);
	dust_slug(&name, field, len);
	*suffix = name.len == 0 || name.len > DUST_COLUMN_MAX;
	if (name.len == 0)
		ab_buf_add_text(&name, "col");
	char *copy = ab_memdup(name.data, name.len);
	ab_buf_release(&name);
	return copy;
}

static struct dust_column *
add(struct dust_columns *columns, const char *field, size_t len, const char *name)
{
	struct dust_column *column = ab_calloc(1, sizeof(*column));
	const size_t name_len = strlen(name);

	column->field = ab_memdup(field, len);
	column->field_len = len;
	column->text_len = name_len + 3;
	column->text = ab_malloc(column->text_len);
	column->text[0] = '"';
	memcpy(column->text + 1, name, name_len);
	memcpy(column->text + 1 + name_len, "\":", 2);
	column->same = len == name_len && memcmp(field, name, len) == 0;
	column->deleted_at = len == strlen(DUST_DELETED_AT) && memcmp(field, DUST_DELETED_AT, len) == 0;
	HASH_ADD_KEYPTR(hh, columns->by_field, column->field, (unsigned)len, column);
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

	*columns = (struct dust_columns){0};
	cJSON_ArrayForEach(property, properties)
	{
		struct dust_name *name = &names[count];
		if (property->string == NULL)
			continue;
		name->raw = name->seed = property->string;
		name->seed_len = strlen(name->seed);
		name->clean = clean_name(name->raw, name->seed_len, &name->suffix);
		count++;
	}
	dust_names_resolve(names, count, DUST_COLUMN_MAX);
	for (size_t i = 0; i < count; i++) {
		struct dust_column *known = NULL;
		/* A schema that says the same twice. */
		HASH_FIND(hh, columns->by_field, names[i].raw, (unsigned)names[i].seed_len, known);
		if (known == NULL)
			add(columns, names[i].raw, names[i].seed_len, names[i].clean);
		free(names[i].clean);
	}
	free(names);
}

void
dust_columns_release(struct dust_columns *columns)
{
	struct dust_column *column = NULL;
	struct dust_column *following = NULL;

	HASH_ITER(hh, columns->by_field, column, following)
	{
		HASH_DEL(columns->by_field, column);
		free(column->field);
		free(column->text);
		free(column);
	}
	*columns = (struct dust_columns){0};
}

bool
dust_columns_have(const struct dust_columns *columns, const char *name)
{
	const size_t len = strlen(name);

	for (const struct dust_column *column = columns->by_field; column != NULL;
	     column = column->hh.next) {
		if (column->text_len == len + 3 && memcmp(column->text + 1, name, len) == 0)
			return true;
	}
	return false;
}

/* A field that the catalog does not declare. */
static struct dust_column *
add_undeclared(struct dust_columns *columns, const char *field, size_t len)
{
	bool suffix;
	char *clean = clean_name(field, len, &suffix);
	const size_t clean_len = strlen(clean);
	struct ab_buf name;

	ab_buf_init(&name, clean_len + DUST_COLUMN_MAX);
	ab_buf_add(&name, clean, clean_len);
	for (unsigned attempt = 0; suffix || dust_columns_have(columns, name.data); attempt++) {
		ab_buf_reset(&name);
		ab_buf_add(&name, clean, clean_len);
		dust_slug_suffix(&name, 0, DUST_COLUMN_MAX, field, len, attempt);
		suffix = false;
	}
	struct dust_column *column = add(columns, field, len, name.data);
	ab_buf_release(&name);
	free(clean);
	return column;
}

static struct dust_column *
look_up(struct dust_columns *columns, struct dust_field key)
{
	const struct ab_view raw = ab_json_view(key.json, key.node);
	struct dust_column *column = NULL;
	struct ab_buf field;

	ab_buf_init(&field, raw.len);
	if (key.json->nodes[key.node].escaped)
		ab_json_unescape(key.json, key.node, true, &field);
	else
		ab_json_put_view(&field, raw);
	HASH_FIND(hh, columns->by_field, field.data, (unsigned)field.len, column);
	if (column == NULL)
		column = add_undeclared(columns, field.data, field.len);
	ab_buf_release(&field);
	return column;
}

struct dust_column *
dust_columns_find(
    struct dust_columns *columns, struct dust_column *before, struct dust_field key)
{
	struct dust_column **guess = before != NULL ? &before->after : &columns->first;
	const struct ab_json_node *node = &key.json->nodes[key.node];
	const struct dust_column *guessed = *guess;

	if (guessed != NULL && !node->escaped && guessed->field_len == node->len &&
	    memcmp(guessed->field, key.json->text + node->at, node->len) == 0)
		return *guess;
	*guess = look_up(columns, key);
	return *guess;
}
