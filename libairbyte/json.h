/*
 * json.h: reader for the data plane: one document to a tape of views.
 *
 * The whole text is validated (RFC 8259 grammar, UTF-8 without surrogates or overlong forms; beyond
 * it NaN, Infinity and -Infinity are values, since sources in Python print them bare), but only
 * values down to a chosen depth get a node on the tape; what lies deeper is one node whose view is
 * its raw text. Numbers are never converted: they stay text. A string's view is what stands between
 * its quotes, still escaped. Nothing is copied: views die with the text.
 *
 * Nodes stand in document order. An object's node is followed by key, value, key, value, ...; an
 * array's by its values. Node 0 is the root, so 0 serves as "absent" for anything below it.
 * The tape is reused from document to document and grows to the largest one met: by 16 bytes for
 * each node, and at worst there is about one for every two bytes of text.
 */
#ifndef AB_JSON_H
#define AB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "error.h"

/* Containers open at once; a document that nests deeper is refused. */
#define AB_JSON_NESTING_MAX 1024
/* Bytes of one document; offsets on the tape are 32 bits. */
#define AB_JSON_TEXT_MAX ((size_t)1 << 30)

enum ab_json_type {
	AB_JSON_NULL,
	AB_JSON_FALSE,
	AB_JSON_TRUE,
	AB_JSON_NUMBER,
	AB_JSON_SPECIAL, /* a number that JSON has no form for: NaN, Infinity or -Infinity */
	AB_JSON_STRING,
	AB_JSON_ARRAY,
	AB_JSON_OBJECT,
};

struct ab_json_node {
	uint32_t at;   /* offset of the view in the text */
	uint32_t len;  /* bytes of the view; for strings without the quotes */
	uint32_t next; /* index of the node after this value and all it contains */
	uint8_t type;  /* enum ab_json_type */
	bool escaped;  /* a string that holds at least one backslash */
	bool leaf;     /* a container below the chosen depth: its content has no nodes */
};

struct ab_json {
	const char *text; /* the caller's; must outlive the views */
	struct ab_json_node *nodes;
	uint32_t count;
	uint32_t cap;
	bool specials; /* there is an AB_JSON_SPECIAL in the text, with a node or without */
};

/* A borrowed piece of text, not NUL-terminated; data is NULL for "absent". */
struct ab_view {
	const char *data;
	size_t len;
};

void ab_json_init(struct ab_json *json);
void ab_json_release(struct ab_json *json);

/*
 * Parses one document of len bytes; white space around it is allowed, anything else is not. Members
 * of containers nested up to depth levels get nodes (depth 0: only the root itself; depth 1: the
 * root's members). On failure err (AB_SYSTEM_ERROR) says what is wrong and at which byte
 * (counted from 1), never what the text says; the tape's content is then undefined.
 */
AB_MUST_CHECK int ab_json_parse(
    struct ab_json *json, const char *text, size_t len, unsigned depth, struct ab_error *err);

/* The value of the member of an object that has this name; the last one if the name is repeated (as
 * Jackson, Python and JavaScript read it); 0 if there is none, if object is no object, or is a
 * leaf. Escaped keys are compared by what they mean. */
uint32_t ab_json_find(const struct ab_json *json, uint32_t object, const char *name, size_t len);

/* The same; inline, so that the length of a literal is known to the compiler. */
static inline uint32_t
ab_json_get(const struct ab_json *json, uint32_t object, const char *name)
{
	return ab_json_find(json, object, name, strlen(name));
}

/* As ab_json_get, but 0 also for a member that is null. */
static inline uint32_t
ab_json_get_present(const struct ab_json *json, uint32_t object, const char *name)
{
	const uint32_t found = ab_json_get(json, object, name);

	return json->nodes[found].type == AB_JSON_NULL ? 0 : found;
}

/*
 * Walks a container: for (i = ab_json_first(json, c); i != 0; i = ab_json_after(json, c, i)). In an
 * object i is the key's node and i + 1 the value's; in an array i is the value's. 0 at the end.
 */
static inline uint32_t
ab_json_first(const struct ab_json *json, uint32_t container)
{
	const struct ab_json_node *node = &json->nodes[container];

	return node->type >= AB_JSON_ARRAY && node->next > container + 1 ? container + 1 : 0;
}

/* The node after a value. Most have nothing below them: with a test, which is foreseen, the walk
 * need not wait for what stands in one node to find the next. */
static inline uint32_t
ab_json_next(const struct ab_json *json, uint32_t value)
{
	const struct ab_json_node *node = &json->nodes[value];

	return node->type < AB_JSON_ARRAY || node->leaf ? value + 1 : node->next;
}

static inline uint32_t
ab_json_after(const struct ab_json *json, uint32_t container, uint32_t i)
{
	const struct ab_json_node *node = &json->nodes[container];
	const uint32_t after = ab_json_next(json, node->type == AB_JSON_OBJECT ? i + 1 : i);

	return after < node->next ? after : 0;
}

/* The view of a node: for strings the escaped inside, for all others the raw text. */
struct ab_view ab_json_view(const struct ab_json *json, uint32_t node);

/* The raw text of a node, quotes of a string included: can be pasted into another document, unless
 * it is an AB_JSON_SPECIAL or holds one. */
struct ab_view ab_json_raw(const struct ab_json *json, uint32_t node);

/*
 * Appends the unescaped text of a string node as UTF-8. A lone surrogate becomes U+FFFD; with
 * replace_nul a NUL becomes U+FFFD too. Returns true if anything was replaced.
 */
bool ab_json_unescape(
    const struct ab_json *json, uint32_t node, bool replace_nul, struct ab_buf *out);

/*
 * The integer that a number node is, however it spells it ("17", "-3", "17.0", "1.7e1"), into
 * *value. Returns false if it is none, or does not fit.
 */
bool ab_json_integer(const struct ab_json *json, uint32_t node, int64_t *value);

#endif
