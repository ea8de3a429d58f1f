/* Fuzz target of json.h and json_write.h: the reader against cJSON, and both against each other. */
#include "../fuzz/fuzz.h"

#include <cjson/cJSON.h>

#include "json.h"
#include "json_write.h"

#define LIMIT ((size_t)1 << 26)
/* cJSON refuses 1000 containers and numbers of more than 63 bytes. */
#define CJSON_NESTING 900
#define CJSON_NUMBER 63

/* Whether cJSON can read what we accepted: it takes neither NaN and infinities nor lone surrogates,
 * and this does not look whether a surrogate is alone. */
static bool
cjson_can_read(const struct ab_json *json)
{
	unsigned nesting = 0;
	unsigned deepest = 0;
	bool in_string = false;

	if (json->specials)
		return false;
	for (uint32_t i = 0; i < json->count; i++) {
		const struct ab_view view = ab_json_view(json, i);
		if (json->nodes[i].type == AB_JSON_NUMBER && view.len > CJSON_NUMBER)
			return false;
		if (json->nodes[i].type != AB_JSON_STRING)
			continue;
		for (size_t at = 0; at + 3 < view.len; at++) {
			if (view.data[at] == '\\' && view.data[at + 1] == 'u' &&
			    (view.data[at + 2] == 'd' || view.data[at + 2] == 'D'))
				return false;
		}
	}
	const struct ab_view root = ab_json_raw(json, 0);
	for (const char *p = root.data; p < root.data + root.len; p++) {
		if (in_string && *p == '\\')
			p++;
		else if (*p == '"')
			in_string = !in_string;
		else if (!in_string && (*p == '[' || *p == '{'))
			nesting++;
		else if (!in_string && (*p == ']' || *p == '}'))
			nesting--;
		deepest = nesting > deepest ? nesting : deepest;
	}
	return deepest <= CJSON_NESTING;
}

/*
 * What we accept, cJSON must accept. The other direction does not hold: cJSON also takes numbers
 * such as 01 and 1., control characters in strings, any control byte as white space, and text that
 * is not UTF-8.
 */
static void
check_against_cjson(const struct ab_json *json, const char *text, size_t len)
{
	if (!cjson_can_read(json))
		return;
	char *copy = malloc(len + 1);
	CHECK(copy != NULL);
	memcpy(copy, text, len);
	copy[len] = '\0';
	cJSON *parsed = cJSON_ParseWithLengthOpts(copy, len + 1, NULL, 1);
	CHECK(parsed != NULL);
	cJSON_Delete(parsed);
	free(copy);
}

/* What is said in json.h about nodes and walks. */
static void
check_tape(const struct ab_json *json, size_t len)
{
	CHECK(json->count > 0 && json->nodes[0].next == json->count);
	for (uint32_t i = 0; i < json->count; i++) {
		const struct ab_json_node *node = &json->nodes[i];
		CHECK((size_t)node->at + node->len <= len);
		CHECK(node->next > i && node->next <= json->count);
		CHECK(!node->escaped || node->type == AB_JSON_STRING);
		CHECK(!node->leaf || node->type >= AB_JSON_ARRAY);
		uint32_t expected = i + 1;
		uint32_t from = node->at;
		for (uint32_t n = ab_json_first(json, i); n != 0; n = ab_json_after(json, i, n)) {
			const struct ab_json_node *value =
			    &json->nodes[node->type == AB_JSON_OBJECT ? n + 1 : n];
			CHECK(n == expected && json->nodes[n].at > from);
			CHECK(
			    node->type != AB_JSON_OBJECT || json->nodes[n].type == AB_JSON_STRING);
			CHECK(value->at + value->len < node->at + node->len);
			expected = value->next;
			from = value->at;
		}
		CHECK(expected == node->next);
	}
}

/* A tape of less depth is the full one with the content of its leaves cut out. */
static void
check_depth(const struct ab_json *full, const char *text, size_t len, unsigned depth)
{
	struct ab_json json;
	struct ab_error err;
	uint32_t at = 0;

	ab_json_init(&json);
	CHECK(ab_json_parse(&json, text, len, depth, &err) == 0);
	check_tape(&json, len);
	for (uint32_t i = 0; i < json.count; i++) {
		const struct ab_json_node *node = &json.nodes[i];
		const struct ab_json_node *same = &full->nodes[at];
		CHECK(node->at == same->at && node->len == same->len && node->type == same->type);
		CHECK(node->escaped == same->escaped && !same->leaf);
		at = node->leaf ? same->next : at + 1;
	}
	CHECK(at == full->count);
	CHECK(json.specials == full->specials);
	ab_json_release(&json);
}

/* As a name, a string is found by what it unescapes to. */
static void
check_name(const struct ab_json *json, uint32_t node, const struct ab_buf *plain)
{
	const struct ab_view raw = ab_json_raw(json, node);
	struct ab_json parsed;
	struct ab_error err;
	struct ab_buf text;

	ab_buf_init(&text, LIMIT);
	ab_json_init(&parsed);
	ab_buf_add_text(&text, "{");
	ab_buf_add(&text, raw.data, raw.len);
	ab_buf_add_text(&text, ":0}");
	CHECK(ab_json_parse(&parsed, text.data, text.len, 1, &err) == 0);
	CHECK(ab_json_find(&parsed, 0, plain->data, plain->len) == 2);
	ab_json_release(&parsed);
	ab_buf_release(&text);
}

/* A string that was read, written and read again is the same. */
static void
check_string(const struct ab_json *json, uint32_t node)
{
	struct ab_buf plain;
	struct ab_buf text;
	struct ab_buf again;
	struct ab_json parsed;
	struct ab_error err;

	ab_buf_init(&plain, LIMIT);
	ab_buf_init(&text, LIMIT);
	ab_buf_init(&again, LIMIT);
	ab_json_init(&parsed);
	ab_json_unescape(json, node, false, &plain);
	check_name(json, node, &plain);
	ab_json_put_string(&text, plain.data, plain.len);
	CHECK(ab_json_parse(&parsed, text.data, text.len, 0, &err) == 0);
	CHECK(!ab_json_unescape(&parsed, 0, false, &again));
	CHECK(again.len == plain.len && memcmp(again.data, plain.data, plain.len) == 0);
	ab_json_release(&parsed);
	ab_buf_release(&plain);
	ab_buf_release(&text);
	ab_buf_release(&again);
}

/* A long double holds every integer of 64 bits. */
static void
check_number(const struct ab_json *json, uint32_t node)
{
	const struct ab_view view = ab_json_view(json, node);
	int64_t value;

	if (!ab_json_integer(json, node, &value))
		return;
	char *text = strndup(view.data, view.len);
	CHECK(text != NULL);
	CHECK(strtold(text, NULL) == (long double)value);
	free(text);
}

static void
check_canonical(const char *text, size_t len)
{
	struct ab_buf once;
	struct ab_buf twice;
	struct ab_error err;

	ab_buf_init(&once, LIMIT);
	ab_buf_init(&twice, LIMIT);
	CHECK(ab_json_put_canonical(&once, text, len, &err) == 0);
	CHECK(ab_json_put_canonical(&twice, once.data, once.len, &err) == 0);
	CHECK(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	ab_buf_release(&once);
	ab_buf_release(&twice);
}

static void
unescape_whole(const struct ab_buf *inside, struct ab_buf *plain)
{
	struct ab_buf quoted;
	struct ab_json json;
	struct ab_error err;

	ab_buf_init(&quoted, LIMIT);
	ab_json_init(&json);
	ab_buf_printf(&quoted, "\"%s\"", inside->data);
	CHECK(ab_json_parse(&json, quoted.data, quoted.len, 0, &err) == 0);
	CHECK(!ab_json_unescape(&json, 0, false, plain));
	ab_json_release(&json);
	ab_buf_release(&quoted);
}

/* The compact form says the same as the text, is its own compact form, and is what its escaped form
 * says. */
static void
check_compact(const char *text, size_t len)
{
	struct ab_buf bufs[6];
	struct ab_buf *compact = &bufs[0];
	struct ab_error err;

	for (size_t i = 0; i < 6; i++)
		ab_buf_init(&bufs[i], LIMIT);
	ab_json_put_compact(compact, text, len, false);
	CHECK(strlen(compact->data) == compact->len);
	ab_json_put_compact(&bufs[1], compact->data, compact->len, false);
	CHECK(strcmp(bufs[1].data, compact->data) == 0);
	ab_json_put_compact(&bufs[2], text, len, true);
	unescape_whole(&bufs[2], &bufs[3]);
	CHECK(strcmp(bufs[3].data, compact->data) == 0);
	CHECK(ab_json_put_canonical(&bufs[4], text, len, &err) == 0);
	CHECK(ab_json_put_canonical(&bufs[5], compact->data, compact->len, &err) == 0);
	CHECK(strcmp(bufs[4].data, bufs[5].data) == 0);
	for (size_t i = 0; i < 6; i++)
		ab_buf_release(&bufs[i]);
}

/* What is known to be valid is escaped as what is not. */
static void
check_inside(const char *text, size_t len)
{
	struct ab_buf known;
	struct ab_buf looked_at;

	ab_buf_init(&known, LIMIT);
	ab_buf_init(&looked_at, LIMIT);
	ab_json_put_inside(&known, (struct ab_view){text, len});
	ab_json_put_escaped(&looked_at, text, len);
	CHECK(known.len == looked_at.len && strcmp(known.data, looked_at.data) == 0);
	ab_buf_release(&known);
	ab_buf_release(&looked_at);
}

/* Any bytes make a string, and mending them once is enough. */
static void
check_writer(const char *bytes, size_t len)
{
	struct ab_buf once;
	struct ab_buf twice;
	struct ab_buf plain;
	struct ab_json json;
	struct ab_error err;

	ab_buf_init(&once, LIMIT);
	ab_buf_init(&twice, LIMIT);
	ab_buf_init(&plain, LIMIT);
	ab_json_init(&json);
	ab_json_put_string(&once, bytes, len);
	CHECK(ab_json_parse(&json, once.data, once.len, 0, &err) == 0);
	CHECK(!ab_json_unescape(&json, 0, false, &plain));
	ab_json_put_string(&twice, plain.data, plain.len);
	CHECK(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	ab_json_release(&json);
	ab_buf_release(&once);
	ab_buf_release(&twice);
	ab_buf_release(&plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size > 0 ? (const char *)data : "";
	struct ab_json json;
	struct ab_json leaf;
	struct ab_error err;

	ab_json_init(&json);
	ab_json_init(&leaf);
	const int rc = ab_json_parse(&json, text, size, AB_JSON_NESTING_MAX, &err);
	CHECK(ab_json_parse(&leaf, text, size, 0, &err) == rc);
	ab_json_release(&leaf);
	check_writer(text, size);
	if (rc == 0) {
		check_tape(&json, size);
		check_against_cjson(&json, text, size);
		for (unsigned depth = 0; depth < 6; depth++)
			check_depth(&json, text, size, depth);
		for (uint32_t i = 0; i < json.count; i++) {
			if (json.nodes[i].type == AB_JSON_STRING)
				check_string(&json, i);
			check_number(&json, i);
		}
		check_canonical(text, size);
		check_inside(text, size);
		/* There bare NaN becomes a text, and is no longer the same value. */
		if (!json.specials)
			check_compact(text, size);
	}
	ab_json_release(&json);
	return 0;
}
