/*
 * A JSON text as a value of each of Pendo's types: what a type takes is written as the type wants
 * it, and an integer or a float says the same when it is taken once more.
 */
#include "../fuzz/fuzz.h"

#include "value.h"

#define LIMIT ((size_t)1 << 24)
#define DIGITS "0123456789"

static void
check_type(const struct ab_json *json, enum pendo_type type)
{
	const enum ab_json_type is = (enum ab_json_type)json->nodes[0].type;
	const struct ab_view view = ab_json_view(json, 0);

	switch (type) {
	case PENDO_TEXT:
		CHECK(is == AB_JSON_STRING);
		break;
	case PENDO_BOOLEAN:
		CHECK(is == AB_JSON_TRUE || is == AB_JSON_FALSE);
		break;
	case PENDO_INTEGER:
		CHECK(is == AB_JSON_NUMBER && view.len <= 20);
		CHECK(strspn(view.data + (view.data[0] == '-'), DIGITS) ==
		      view.len - (view.data[0] == '-'));
		break;
	case PENDO_FLOAT:
		CHECK(is == AB_JSON_NUMBER);
		break;
	case PENDO_TIME:
		CHECK(is == AB_JSON_STRING && view.len == strlen("2024-02-29T12:34:56.789Z"));
		CHECK(view.data[10] == 'T' && view.data[view.len - 1] == 'Z');
		break;
	case PENDO_LIST:
		CHECK(is == AB_JSON_ARRAY);
		break;
	case PENDO_ANY:
		break;
	}
}

/* What was written for a number is written as it is. */
static void
check_again(const struct ab_json *json, enum pendo_type type, const struct ab_buf *first)
{
	struct ab_buf again;
	struct ab_buf room;

	ab_buf_init(&again, LIMIT);
	ab_buf_init(&room, LIMIT);
	CHECK(pendo_value_put(&again, type, json, 0, &room));
	CHECK(strcmp(again.data, first->data) == 0);
	ab_buf_release(&again);
	ab_buf_release(&room);
}

static void
check_value(const struct ab_json *json, enum pendo_type type)
{
	struct ab_buf out;
	struct ab_buf room;
	struct ab_json written;
	struct ab_error err;

	ab_buf_init(&out, LIMIT);
	ab_buf_init(&room, LIMIT);
	ab_json_init(&written);
	if (!pendo_value_is_null(type, json, 0) && pendo_value_put(&out, type, json, 0, &room)) {
		CHECK(ab_json_parse(&written, out.data, out.len, 0, &err) == 0);
		CHECK(!written.specials);
		check_type(&written, type);
		if (type == PENDO_INTEGER || type == PENDO_FLOAT || type == PENDO_BOOLEAN)
			check_again(&written, type, &out);
	}
	ab_json_release(&written);
	ab_buf_release(&out);
	ab_buf_release(&room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ab_view text = fuzz_view(data, size);
	struct ab_json json;
	struct ab_error err;

	ab_json_init(&json);
	if (ab_json_parse(&json, text.data, text.len, 0, &err) == 0) {
		for (int type = PENDO_TEXT; type <= PENDO_ANY; type++)
			check_value(&json, (enum pendo_type)type);
	}
	ab_json_release(&json);
	return 0;
}
