#include "json.h"

#include <string.h>

#include "alloc.h"
#include "json_scan.h"

#define FIRST_CAP 64

/* Lives in the registers of document(): the helpers that get it are all inline. */
struct parser {
	const char *text;
	const char *end;
	struct ab_json_node *nodes;
	uint32_t count;
	uint32_t live;    /* 1 if values here get a node, else 0 */
	uint32_t open;    /* the innermost open container that has a node */
	unsigned depth;   /* containers opened beyond it are leaves */
	unsigned nesting; /* containers open */
	bool in_object;   /* the innermost of them is an object */
	struct ab_json_fault *fault;
	bool *specials;
	bool *around; /* for each open container, whether the one around it is an object */
};

static inline const char *
faulty(const struct parser *parser, const char *at, const char *what)
{
	if (at == parser->end)
		what = "the text ends too early";
	*parser->fault = (struct ab_json_fault){.at = at, .what = what};
	return NULL;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Moves *p over white space and returns the byte there; at the end 0, which is valid nowhere. */
static inline char
next_byte(const char **p, const char *end)
{
	if (*p < end && (unsigned char)**p > ' ')
		return **p;
	*p = skip_space(*p, end);
	return (char)(*p < end ? **p : 0);
}

/* The text bounds it: each value on the tape takes two bytes of it, with what stands before it. */
static void
grow(struct ab_json *json)
{
	const uint32_t before = json->cap;

	json->cap = json->cap > 0 ? json->cap * 2 : FIRST_CAP;
	json->nodes = ab_realloc(json->nodes, json->cap * sizeof(*json->nodes));
	memset(json->nodes + before, 0, (json->cap - before) * sizeof(*json->nodes));
}

/* Writes a node where the next one is due. What gets no node is written all the same, and then
 * overwritten: that is cheaper than a branch. */
static inline void
put_node(
    struct parser *parser, enum ab_json_type type, const char *at, const char *end, bool escaped)
{
	parser->nodes[parser->count] = (struct ab_json_node){
	    .at = (uint32_t)(at - parser->text),
	    .len = (uint32_t)(end - at),
	    .next = parser->count + 1,
	    .type = (uint8_t)type,
	    .escaped = escaped,
	};
	parser->count += parser->live;
}

/* From the opening quote to the byte after the closing one. */
static inline const char *
string(struct parser *parser, const char *p)
{
	bool escaped = false;
	const char *close = ab_json_scan_string(p + 1, parser->end, &escaped, parser->fault);

	if (close == NULL)
		return NULL;
	put_node(parser, AB_JSON_STRING, p + 1, close, escaped);
	return close + 1;
}

static inline const char *
literal(struct parser *parser, const char *p, enum ab_json_type type, const char *name, size_t len)
{
	if ((size_t)(parser->end - p) < len || memcmp(p, name, len) != 0)
		return faulty(parser, p, "a value was expected");
	put_node(parser, type, p, p + len, false);
	return p + len;
}

/* What Python prints for a float that JSON has no form for. */
static inline const char *
special(struct parser *parser, const char *p)
{
	const size_t len = ab_json_scan_nonfinite(p, parser->end);

	if (len == 0)
		return faulty(parser, p, "a value was expected");
	*parser->specials = true;
	put_node(parser, AB_JSON_SPECIAL, p, p + len, false);
	return p + len;
}

static inline const char *
number(struct parser *parser, const char *p)
{
	const char *after = ab_json_scan_number(p, parser->end, parser->fault);

	if (after == NULL)
		return parser->end - p > 1 && p[1] == 'I' ? special(parser, p) : NULL;
	put_node(parser, AB_JSON_NUMBER, p, after, false);
	return after;
}

static inline const char *
open_container(struct parser *parser, const char *p)
{
	if (parser->nesting == AB_JSON_NESTING_MAX)
		return faulty(parser, p, "the nesting is too deep");
	if (parser->live != 0) {
		/* While it is open, next is the way back to the container around it. */
		parser->nodes[parser->count] = (struct ab_json_node){
		    .at = (uint32_t)(p - parser->text),
		    .next = parser->open,
		    .type = *p == '{' ? AB_JSON_OBJECT : AB_JSON_ARRAY,
		    .leaf = parser->nesting == parser->depth,
		};
		parser->open = parser->count++;
	}
	parser->around[parser->nesting++] = parser->in_object;
	parser->in_object = *p == '{';
	parser->live = parser->nesting <= parser->depth;
	return p + 1;
}

static inline const char *
close_container(struct parser *parser, const char *p)
{
	p++;
	parser->in_object = parser->around[--parser->nesting];
	parser->live = parser->nesting <= parser->depth;
	if (parser->live != 0) {
		struct ab_json_node *node = &parser->nodes[parser->open];
		parser->open = node->next;
		node->next = parser->count;
		node->len = (uint32_t)(p - parser->text) - node->at;
	}
	return p;
}

/* The value at p; of a container only the opening bracket. */
static inline const char *
value(struct parser *parser, const char *p, char first)
{
	if (first == '"')
		return string(parser, p);
	if ((first >= '0' && first <= '9') || first == '-')
		return number(parser, p);
	switch (first) {
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
		return special(parser, p);
	}
}

/* The same of a key. Documents that follow one another mostly have keys of the same lengths in the
 * same places: then the next token need not wait until the closing quote is found. */
static inline const char *
key_string(struct parser *parser, const char *p)
{
	const uint32_t len = parser->nodes[parser->count].len;

	if (!ab_json_scan_ends_at(p + 1, parser->end, len))
		return string(parser, p);
	put_node(parser, AB_JSON_STRING, p + 1, p + 1 + len, false);
	return p + len + 2;
}

/* From the opening quote of a key to the colon. */
static inline const char *
key(struct parser *parser, const char *p, char first)
{
	if (first != '"')
		return faulty(parser, p, "a key was expected");
	p = key_string(parser, p);
	if (p != NULL && next_byte(&p, parser->end) != ':')
		return faulty(parser, p, "a colon was expected");
	return p;
}

/*
 * Two states: an item is due (in an object a key and its value, else a value), or one is complete,
 * and a comma, the end of the container around it or the end of the text is due. A container's
 * opening bracket leads to the first state unless its closing bracket follows.
 * Returns the end of the text, or NULL.
 */
static const char *
document(struct ab_json *json, const char *end, unsigned depth, struct ab_json_fault *fault)
{
	bool around[AB_JSON_NESTING_MAX];
	struct parser parser = {
	    .text = json->text,
	    .end = end,
	    .nodes = json->nodes,
	    .live = 1,
	    .depth = depth,
	    .fault = fault,
	    .specials = &json->specials,
	    .around = around,
	};
	const char *p = json->text;

	for (;;) {
		char first = next_byte(&p, end);
		if (json->cap - parser.count < 2) {
			grow(json);
			parser.nodes = json->nodes;
		}
		if (parser.in_object) {
			p = key(&parser, p, first);
			if (p == NULL)
				return NULL;
			p++;
			first = next_byte(&p, end);
		}
		p = value(&parser, p, first);
		if (p == NULL)
			return NULL;
		char close = parser.in_object ? '}' : ']';
		char byte = next_byte(&p, end);
		if ((first == '{' || first == '[') && byte != close)
			continue;
		for (; parser.nesting > 0 && byte == close; byte = next_byte(&p, end)) {
			p = close_container(&parser, p);
			close = parser.in_object ? '}' : ']';
		}
		if (parser.nesting == 0)
			break;
		if (byte != ',')
			return faulty(&parser, p,
			    parser.in_object ? "a comma or } was expected"
					     : "a comma or ] was expected");
		p++;
	}
	json->count = parser.count;
	return p == end ? p : faulty(&parser, p, "the text must end here");
}

int
ab_json_parse(
    struct ab_json *json, const char *text, size_t len, unsigned depth, struct ab_error *err)
{
	struct ab_json_fault fault = {.at = text};

	if (len > AB_JSON_TEXT_MAX)
		return ab_fail(err, AB_SYSTEM_ERROR, "a JSON text of %zu bytes is too long", len);
	json->text = text;
	json->specials = false;
	if (document(json, text + len, depth, &fault) == NULL)
		return ab_fail(err, AB_SYSTEM_ERROR, "invalid JSON at byte %zu: %s",
		    (size_t)(fault.at - text) + 1, fault.what);
	return 0;
}
