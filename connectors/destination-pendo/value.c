#include "value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "datetime.h"
#include "json_write.h"

static enum ab_json_type
type_of(const struct ab_json *json, uint32_t node)
{
	return (enum ab_json_type)json->nodes[node].type;
}

static bool
is_container(enum ab_json_type type)
{
	return type == AB_JSON_ARRAY || type == AB_JSON_OBJECT;
}

bool
pendo_value_is_null(enum pendo_type type, const struct ab_json *json, uint32_t node)
{
	const enum ab_json_type given = type_of(json, node);

	return given == AB_JSON_NULL || (given == AB_JSON_STRING && json->nodes[node].len == 0 &&
					    type != PENDO_TEXT && type != PENDO_ANY);
}

static void
put_quoted(struct ab_buf *out, struct ab_view view)
{
	ab_buf_add_char(out, '"');
	ab_buf_add(out, view.data, view.len);
	ab_buf_add_char(out, '"');
}

static bool
put_text(struct ab_buf *out, const struct ab_json *json, uint32_t node)
{
	const struct ab_view view = ab_json_view(json, node);

	if (!is_container(type_of(json, node))) {
		put_quoted(out, view);
		return true;
	}
	ab_buf_add_char(out, '"');
	ab_json_put_compact(out, view.data, view.len, true);
	ab_buf_add_char(out, '"');
	return true;
}

static bool
put_as_it_is(struct ab_buf *out, const struct ab_json *json, uint32_t node)
{
	const struct ab_view raw = ab_json_raw(json, node);

	if (type_of(json, node) == AB_JSON_SPECIAL)
		put_quoted(out, raw);
	else if (is_container(type_of(json, node)))
		ab_json_put_compact(out, raw.data, raw.len, false);
	else
		ab_json_put_view(out, raw);
	return true;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Whether a text is a number as JSON writes them. */
static bool
is_number(struct ab_view view)
{
	const char *end = view.data + view.len;
	const char *p = view.data;

	if (p < end && *p == '-')
		p++;
	const char *digits = p;
	p = skip_digits(p, end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return false;
	if (p < end && *p == '.') {
		digits = p + 1;
		p = skip_digits(digits, end);
		if (p == digits)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(digits, end);
		if (p == digits)
			return false;
	}
	return p == end;
}

/* A number, or a text that is one. */
static bool
holds_number(const struct ab_json *json, uint32_t node)
{
	const enum ab_json_type type = type_of(json, node);

	return type == AB_JSON_NUMBER ||
	       (type == AB_JSON_STRING && is_number(ab_json_view(json, node)));
}

/* The integer that a value is, or spells as a text. */
static bool
read_integer(const struct ab_json *json, uint32_t node, int64_t *value)
{
	struct ab_json_node number = json->nodes[node];
	const struct ab_json alone = {.text = json->text, .nodes = &number, .count = 1};

	if (!holds_number(json, node))
		return false;
	number.type = AB_JSON_NUMBER;
	return ab_json_integer(&alone, 0, value);
}

static bool
put_integer(struct ab_buf *out, const struct ab_json *json, uint32_t node)
{
	int64_t value;

	if (!read_integer(json, node, &value))
		return false;
	ab_json_put_integer(out, value);
	return true;
}

static bool
says(struct ab_view view, const char *word)
{
	return view.len == strlen(word) && strncasecmp(view.data, word, view.len) == 0;
}

/* Only what can mean nothing else. t and f are how PostgreSQL and Redshift write a boolean as a
 * text; yes and no are words. */
static bool
read_boolean(const struct ab_json *json, uint32_t node, bool *value)
{
	const enum ab_json_type type = type_of(json, node);
	const struct ab_view view = ab_json_view(json, node);
	int64_t number;

	if (read_integer(json, node, &number)) {
		*value = number == 1;
		return number == 0 || number == 1;
	}
	if (type == AB_JSON_STRING && view.len == 1) {
		*value = view.data[0] == 't';
		return view.data[0] == 't' || view.data[0] == 'f';
	}
	*value = type == AB_JSON_TRUE || (type == AB_JSON_STRING && says(view, "true"));
	return *value || type == AB_JSON_FALSE || (type == AB_JSON_STRING && says(view, "false"));
}

static bool
put_boolean(struct ab_buf *out, const struct ab_json *json, uint32_t node)
{
	bool value;

	if (!read_boolean(json, node, &value))
		return false;
	ab_buf_add_text(out, value ? "true" : "false");
	return true;
}

static bool
put_float(struct ab_buf *out, const struct ab_json *json, uint32_t node)
{
	const struct ab_view view = ab_json_view(json, node);

	/* Pendo reads a double, and one beyond its range would spoil the call. The digits that are
	 * sent are the record's; what follows them there ends a number. */
	if (!holds_number(json, node) || isinf(strtod(view.data, NULL)))
		return false;
	ab_json_put_view(out, view);
	return true;
}

static bool
put_time(struct ab_buf *out, const struct ab_json *json, uint32_t node, struct ab_buf *room)
{
	int64_t ms;

	if (type_of(json, node) != AB_JSON_STRING)
		return false;
	ab_buf_reset(room);
	ab_json_unescape(json, node, false, room);
	if (room->overflowed || !ab_datetime_parse(room->data, room->len, &ms))
		return false;
	ab_buf_add_char(out, '"');
	const bool written = ab_datetime_put(out, ms);
	ab_buf_add_char(out, '"');
	return written;
}

bool
pendo_value_put(struct ab_buf *out, enum pendo_type type, const struct ab_json *json, uint32_t node,
    struct ab_buf *room)
{
	switch (type) {
	case PENDO_TEXT:
		return put_text(out, json, node);
	case PENDO_BOOLEAN:
		return put_boolean(out, json, node);
	case PENDO_INTEGER:
		return put_integer(out, json, node);
	case PENDO_FLOAT:
		return put_float(out, json, node);
	case PENDO_TIME:
		return put_time(out, json, node, room);
	case PENDO_LIST:
		return type_of(json, node) == AB_JSON_ARRAY && put_as_it_is(out, json, node);
	case PENDO_ANY:
		break;
	}
	return put_as_it_is(out, json, node);
}
