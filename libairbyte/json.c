#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "json_scan.h"
#include "utf8.h"

void
ab_json_init(struct ab_json *json)
{
	*json = (struct ab_json){0};
}

void
ab_json_release(struct ab_json *json)
{
	free(json->nodes);
	ab_json_init(json);
}

uint32_t
ab_json_first(const struct ab_json *json, uint32_t container)
{
	const struct ab_json_node *node = &json->nodes[container];

	return node->type >= AB_JSON_ARRAY && node->next > container + 1 ? container + 1 : 0;
}

uint32_t
ab_json_after(const struct ab_json *json, uint32_t container, uint32_t i)
{
	const struct ab_json_node *node = &json->nodes[container];
	const uint32_t value = node->type == AB_JSON_OBJECT ? i + 1 : i;
	const uint32_t after = json->nodes[value].next;

	return after < node->next ? after : 0;
}

uint32_t
ab_json_get(const struct ab_json *json, uint32_t object, const char *name)
{
	const struct ab_json_node *nodes = json->nodes;
	const size_t len = strlen(name);
	uint32_t found = 0;

	if (nodes[object].type != AB_JSON_OBJECT)
		return 0;
	for (uint32_t i = object + 1; i < nodes[object].next; i = nodes[i + 1].next) {
		const bool same =
		    nodes[i].escaped
			? ab_json_equals(json, i, name, len)
			: nodes[i].len == len && memcmp(json->text + nodes[i].at, name, len) == 0;
		if (same)
			found = i + 1;
	}
	return found;
}

uint32_t
ab_json_get_present(const struct ab_json *json, uint32_t object, const char *name)
{
	const uint32_t found = ab_json_get(json, object, name);

	return json->nodes[found].type == AB_JSON_NULL ? 0 : found;
}

struct ab_view
ab_json_view(const struct ab_json *json, uint32_t node)
{
	return (struct ab_view){json->text + json->nodes[node].at, json->nodes[node].len};
}

struct ab_view
ab_json_raw(const struct ab_json *json, uint32_t node)
{
	const struct ab_view view = ab_json_view(json, node);

	if (json->nodes[node].type != AB_JSON_STRING)
		return view;
	return (struct ab_view){view.data - 1, view.len + 2};
}

static bool
is_surrogate(uint32_t character)
{
	return character >= 0xD800 && character <= 0xDFFF;
}

bool
ab_json_equals(const struct ab_json *json, uint32_t node, const char *bytes, size_t len)
{
	const struct ab_view view = ab_json_view(json, node);

	if (json->nodes[node].type != AB_JSON_STRING)
		return false;
	if (!json->nodes[node].escaped)
		return view.len == len && memcmp(view.data, bytes, len) == 0;
	const char *end = view.data + view.len;
	size_t at = 0;
	for (const char *p = view.data; p < end;) {
		uint32_t character;
		char utf8[4];
		p = ab_json_scan_character(p, end, &character);
		const unsigned count =
		    ab_utf8_encode(utf8, is_surrogate(character) ? AB_UTF8_REPLACEMENT : character);
		if (len - at < count || memcmp(bytes + at, utf8, count) != 0)
			return false;
		at += count;
	}
	return at == len;
}

bool
ab_json_unescape(const struct ab_json *json, uint32_t node, bool replace_nul, struct ab_buf *out)
{
	const struct ab_view view = ab_json_view(json, node);
	const char *end = view.data + view.len;
	bool replaced = false;

	for (const char *p = view.data; p < end;) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *stop = slash != NULL ? slash : end;
		ab_buf_add(out, p, (size_t)(stop - p));
		if (slash == NULL)
			break;
		uint32_t character;
		char utf8[4];
		p = ab_json_scan_character(slash, end, &character);
		if (is_surrogate(character) || (replace_nul && character == 0)) {
			character = AB_UTF8_REPLACEMENT;
			replaced = true;
		}
		ab_buf_add(out, utf8, ab_utf8_encode(utf8, character));
	}
	return replaced;
}

bool
ab_json_integer(const struct ab_json *json, uint32_t node, int64_t *value)
{
	const struct ab_view view = ab_json_view(json, node);
	const char *p = view.data;
	const char *end = p + view.len;
	int64_t sum = 0;

	if (json->nodes[node].type != AB_JSON_NUMBER)
		return false;
	const bool negative = *p == '-';
	if (negative)
		p++;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		/* Counted downwards, as the smallest has no positive counterpart. */
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_sub_overflow(sum, *p - '0', &sum))
			return false;
	}
	if (!negative && sum == INT64_MIN)
		return false;
	if (p < end && *p == '.') {
		for (p++; p < end && *p == '0'; p++)
			;
	}
	if (p < end)
		return false;
	*value = negative ? sum : -sum;
	return true;
}
