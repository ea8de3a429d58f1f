#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json_scan.h"

#define FIRST_CAP 64
#define REPLACEMENT 0xFFFD

struct parser {
	struct ab_json *json;
	const char *end;
	unsigned depth;   /* containers opened beyond it are leaves */
	unsigned nesting; /* containers open */
	bool in_object;   /* the innermost of them is an object */
	uint32_t live;    /* 1 if values here get a node, else 0 */
	uint32_t open;    /* the innermost open container that has a node */
	struct ab_json_fault fault;
	uint64_t objects[AB_JSON_NESTING_MAX / 64]; /* a bit for each container around it */
};

static const char *
faulty(struct parser *parser, const char *at, const char *what)
{
	parser->fault = (struct ab_json_fault){
	    .at = at, .what = at == parser->end ? "the text ends too early" : what};
	return NULL;
}

static inline const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

static void
grow(struct ab_json *json)
{
	json->cap = json->cap > 0 ? json->cap * 2 : FIRST_CAP;
	json->nodes = ab_realloc(json->nodes, json->cap * sizeof(*json->nodes));
}

/* Writes a node where the next one is due. What gets no node is written all the same, and then
 * overwritten: that is cheaper than a branch. */
static inline void
put_node(struct parser *parser, enum ab_json_type type, const char *at, const char *end)
{
	struct ab_json *json = parser->json;

	json->nodes[json->count] = (struct ab_json_node){
	    .at = (uint32_t)(at - json->text),
	    .len = (uint32_t)(end - at),
	    .next = json->count + 1,
	    .type = (uint8_t)type,
	};
	json->count += parser->live;
}

/* From the byte after the opening quote to the byte after the closing one. */
static inline const char *
string(struct parser *parser, const char *p)
{
	struct ab_json *json = parser->json;
	bool escaped = false;
	const char *close = ab_json_scan_string(p, parser->end, &escaped, &parser->fault);

	if (close == NULL)
		return NULL;
	json->nodes[json->count] = (struct ab_json_node){
	    .at = (uint32_t)(p - json->text),
	    .len = (uint32_t)(close - p),
	    .next = json->count + 1,
	    .type = AB_JSON_STRING,
	    .escaped = escaped,
	};
	json->count += parser->live;
	return close + 1;
}

/* From the opening quote of a key to the first byte of the value. */
static inline const char *
key(struct parser *parser, const char *p)
{
	if (p == parser->end || *p != '"')
		return faulty(parser, p, "a key was expected");
	p = string(parser, p + 1);
	if (p == NULL)
		return NULL;
	p = skip_space(p, parser->end);
	if (p == parser->end || *p != ':')
		return faulty(parser, p, "a colon was expected");
	return skip_space(p + 1, parser->end);
}

static inline const char *
number(struct parser *parser, const char *p)
{
	const char *after = ab_json_scan_number(p, parser->end, &parser->fault);

	if (after != NULL)
		put_node(parser, AB_JSON_NUMBER, p, after);
	return after;
}

static inline const char *
literal(struct parser *parser, const char *p, enum ab_json_type type, const char *name, size_t len)
{
	if ((size_t)(parser->end - p) < len || memcmp(p, name, len) != 0)
		return faulty(parser, p, "a value was expected");
	put_node(parser, type, p, p + len);
	return p + len;
}

static const char *
open_container(struct parser *parser, const char *p)
{
	struct ab_json *json = parser->json;

	if (parser->nesting == AB_JSON_NESTING_MAX)
		return faulty(parser, p, "the nesting is too deep");
	if (parser->live != 0) {
		/* While it is open, next is the way back to the container around it. */
		json->nodes[json->count] = (struct ab_json_node){
		    .at = (uint32_t)(p - json->text),
		    .next = parser->open,
		    .type = *p == '{' ? AB_JSON_OBJECT : AB_JSON_ARRAY,
		    .leaf = parser->nesting == parser->depth,
		};
		parser->open = json->count++;
	}
	const uint64_t bit = UINT64_C(1) << (parser->nesting % 64);
	uint64_t *word = &parser->objects[parser->nesting / 64];
	*word = parser->in_object ? *word | bit : *word & ~bit;
	parser->in_object = *p == '{';
	parser->nesting++;
	parser->live = parser->nesting <= parser->depth;
	return skip_space(p + 1, parser->end);
}

static const char *
close_container(struct parser *parser, const char *p)
{
	struct ab_json *json = parser->json;

	p++;
	parser->nesting--;
	parser->in_object =
	    (parser->objects[parser->nesting / 64] >> (parser->nesting % 64) & 1) != 0;
	parser->live = parser->nesting <= parser->depth;
	if (parser->live != 0) {
		struct ab_json_node *node = &json->nodes[parser->open];
		parser->open = node->next;
		node->next = json->count;
		node->len = (uint32_t)(p - json->text) - node->at;
	}
	return p;
}

/* The value at p; of a container only the opening bracket. */
static inline const char *
value(struct parser *parser, const char *p)
{
	if (p == parser->end)
		return faulty(parser, p, "");
	switch (*p) {
	case '"':
		return string(parser, p + 1);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return number(parser, p);
	case '{':
	case '[':
		return open_container(parser, p);
	case 't':
		return literal(parser, p, AB_JSON_TRUE, "true", 4);
	case 'f':
		return literal(parser, p, AB_JSON_FALSE, "false", 5);
	case 'n':
		return literal(parser, p, AB_JSON_NULL, "null", 4);
	default:
		return faulty(parser, p, "a value was expected");
	}
}

/*
 * Two states: an item is due (in an object a key and its value, else a value), or one is complete,
 * and a comma, the end of the container around it or the end of the text is due. A container's
 * opening bracket leads to the first state unless its closing bracket follows.
 */
static const char *
document(struct parser *parser, const char *p)
{
	const char *end = parser->end;
	struct ab_json *json = parser->json;

	for (;;) {
		if (json->cap - json->count < 2)
			grow(json);
		if (parser->in_object) {
			p = key(parser, p);
			if (p == NULL)
				return NULL;
		}
		const unsigned nesting = parser->nesting;
		p = value(parser, p);
		if (p == NULL)
			return NULL;
		if (parser->nesting > nesting && p < end && *p != (parser->in_object ? '}' : ']'))
			continue;
		for (;;) {
			p = skip_space(p, end);
			if (parser->nesting == 0)
				return p == end ? p : faulty(parser, p, "the text must end here");
			if (p == end)
				return faulty(parser, p, "");
			if (*p == ',') {
				p = skip_space(p + 1, end);
				break;
			}
			if (*p != (parser->in_object ? '}' : ']'))
				return faulty(parser, p,
				    parser->in_object ? "a comma or } was expected"
						      : "a comma or ] was expected");
			p = close_container(parser, p);
		}
	}
}

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

int
ab_json_parse(
    struct ab_json *json, const char *text, size_t len, unsigned depth, struct ab_error *err)
{
	struct parser parser = {.json = json, .end = text + len, .depth = depth, .live = 1};

	if (len > AB_JSON_TEXT_MAX)
		return ab_fail(err, AB_SYSTEM_ERROR, "a JSON text of %zu bytes is too long", len);
	json->text = text;
	json->count = 0;
	if (document(&parser, skip_space(text, parser.end)) == NULL)
		return ab_fail(err, AB_SYSTEM_ERROR, "invalid JSON at byte %zu: %s",
		    (size_t)(parser.fault.at - text) + 1, parser.fault.what);
	return 0;
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
	const size_t len = strlen(name);
	uint32_t found = 0;

	if (json->nodes[object].type != AB_JSON_OBJECT)
		return 0;
	for (uint32_t i = ab_json_first(json, object); i != 0; i = ab_json_after(json, object, i)) {
		if (ab_json_equals(json, i, name, len))
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
		p = ab_json_decode(p, end, &character);
		const unsigned count =
		    ab_json_encode_utf8(utf8, is_surrogate(character) ? REPLACEMENT : character);
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
		p = ab_json_decode(slash, end, &character);
		if (is_surrogate(character) || (replace_nul && character == 0)) {
			character = REPLACEMENT;
			replaced = true;
		}
		ab_buf_add(out, utf8, ab_json_encode_utf8(utf8, character));
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
