/*
 * A record as a row: the first line of an input is the json_schema of the stream, the second a list
 * of the names that the dataset has, the others are records. Every row is JSON, as wide as its
 * header, and holds no lists and objects.
 */
#include "../fuzz/fuzz.h"

#include <cjson/cJSON.h>

#include "row.h"

#define LIMIT ((size_t)1 << 24)

static cJSON *
parse(struct ab_view text)
{
	cJSON *parsed = NULL;
	char *copy = malloc(text.len + 1);

	CHECK(copy != NULL);
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	parsed = cJSON_ParseWithLengthOpts(copy, text.len + 1, NULL, 1);
	free(copy);
	return parsed;
}

/* The dataset's columns; those that are new follow. */
static void
merge(struct luzmo_columns *columns, const cJSON *names)
{
	const char *there[16];
	const cJSON *name = NULL;
	size_t count = 0;

	cJSON_ArrayForEach(name, names)
	{
		if (count < sizeof(there) / sizeof(there[0]) && cJSON_IsString(name))
			there[count++] = name->valuestring;
	}
	if (cJSON_IsArray(names))
		luzmo_columns_merge(columns, there, count, false);
}

static uint32_t
width(const struct ab_json *json)
{
	uint32_t count = 0;

	for (uint32_t i = ab_json_first(json, 0); i != 0; i = ab_json_after(json, 0, i)) {
		CHECK(json->nodes[i].type < AB_JSON_ARRAY);
		CHECK(json->nodes[i].type != AB_JSON_TRUE && json->nodes[i].type != AB_JSON_FALSE);
		count++;
	}
	return count;
}

static void
check_header(const struct luzmo_columns *columns)
{
	struct ab_buf header;
	struct ab_json json;
	struct ab_error err;

	ab_buf_init(&header, LIMIT);
	ab_json_init(&json);
	luzmo_columns_header(columns, &header);
	CHECK(ab_json_parse(&json, header.data, header.len, 1, &err) == 0);
	CHECK(json.nodes[0].type == AB_JSON_ARRAY && width(&json) == columns->count);
	ab_json_release(&json);
	ab_buf_release(&header);
}

static void
check_row(struct luzmo_columns *columns, struct ab_view line)
{
	struct ab_buf row;
	struct ab_json json;
	struct ab_error err;

	ab_buf_init(&row, LIMIT);
	ab_json_init(&json);
	if (ab_json_parse(&json, line.data, line.len, 1, &err) == 0 &&
	    json.nodes[0].type == AB_JSON_OBJECT) {
		const struct ab_record record = {.json = &json, .raw = ab_json_raw(&json, 0)};
		luzmo_row_put(&row, columns, &record);
		CHECK(row.len > 1 && row.data[row.len - 1] == ',');
		CHECK(ab_json_parse(&json, row.data, row.len - 1, 1, &err) == 0 && !json.specials);
		CHECK(json.nodes[0].type == AB_JSON_ARRAY && width(&json) == columns->count);
	}
	ab_json_release(&json);
	ab_buf_release(&row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ab_view rest = fuzz_view(data, size);
	cJSON *schema = parse(fuzz_line(&rest));
	cJSON *names = parse(fuzz_line(&rest));
	struct luzmo_columns columns;

	luzmo_columns_init(&columns, schema);
	merge(&columns, names);
	check_header(&columns);
	while (rest.len > 0)
		check_row(&columns, fuzz_line(&rest));
	luzmo_columns_release(&columns);
	cJSON_Delete(names);
	cJSON_Delete(schema);
	return 0;
}
