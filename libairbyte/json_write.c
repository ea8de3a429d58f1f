#include "json_write.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "digits.h"
#include "json_escape.h"
#include "json_scan.h"
#include "utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
/* Input bytes escaped in one go, and the room for them: each becomes six at most, and a block may
 * be written beyond. */
#define CHUNK 512
#define ROOM(bytes) (6 * (bytes) + AB_JSON_BLOCK)

/* Escapes from *from, which is no clean byte, up to stop or to the first longer clean stretch. */
static char *
escape_chunk(char *to, const char **from, const char *stop, const char *end)
{
	const char *p = *from;

	while (p < stop && !ab_json_scan_is_plain(*p)) {
		if (*p == '"' || *p == '\\') {
			*to++ = '\\';
			*to++ = *p;
		} else if ((unsigned char)*p < 0x80) {
			to = ab_json_escape(to, (unsigned char)*p);
		} else {
			if (ab_utf8_bytes(p, end) > 0)
				break;
			memcpy(to, REPLACEMENT, 3);
			to += 3;
		}
		p++;
		to = ab_json_escape_none(to, &p, end);
	}
	*from = p;
	return to;
}

void
ab_json_put_escaped(struct ab_buf *out, const char *bytes, size_t len)
{
	if (len == 0)
		return;
	const char *end = bytes + len;
	for (const char *p = bytes;;) {
		const char *clean = ab_json_scan_clean(p, end);
		ab_buf_add(out, p, (size_t)(clean - p));
		p = clean;
		if (p == end || out->overflowed)
			return;
		const size_t count = end - p < CHUNK ? (size_t)(end - p) : CHUNK;
		if (out->limit - out->len >= ROOM(count)) {
			char *to = ab_buf_reserve(out, ROOM(count));
			char *after = escape_chunk(to, &p, p + count, end);
			*after = '\0';
			out->len += (size_t)(after - to);
		} else {
			char room[ROOM(CHUNK)];
			char *after = escape_chunk(room, &p, p + count, end);
			ab_buf_add(out, room, (size_t)(after - room));
		}
	}
}

void
ab_json_put_string(struct ab_buf *out, const char *bytes, size_t len)
{
	ab_buf_add_char(out, '"');
	ab_json_put_escaped(out, bytes, len);
	ab_buf_add_char(out, '"');
}

void
ab_json_put_text(struct ab_buf *out, const char *text)
{
	ab_json_put_string(out, text, strlen(text));
}

void
ab_json_put_view(struct ab_buf *out, struct ab_view view)
{
	ab_buf_add(out, view.data, view.len);
}

void
ab_json_put_integer(struct ab_buf *out, int64_t value)
{
	char digits[1 + AB_DIGITS_MAX];
	char *end = digits + sizeof(digits);
	char *first = ab_digits(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

	if (value < 0)
		*--first = '-';
	ab_buf_add(out, first, (size_t)(end - first));
}

/* A member of an object on its way to its place. */
struct member {
	struct ab_view key;
	bool escaped;
	uint32_t node; /* of the key */
};

/* A container that is being written: its items not yet written are those from next up to end, as
 * members for an object, as a node for an array. */
struct level {
	bool is_object;
	bool started;
	uint32_t container;
	uint32_t next;
	uint32_t first;
	uint32_t end;
};

struct canonical {
	struct ab_json json;
	struct member *members; /* of all open objects, each sorted */
	uint32_t member_count;
	struct ab_buf *out;
	unsigned nesting;
	struct level levels[AB_JSON_NESTING_MAX];
};

static int
compare_keys(const struct member *a, const struct member *b)
{
	if (!a->escaped && !b->escaped) {
		const size_t shorter = a->key.len < b->key.len ? a->key.len : b->key.len;
		const int rc = memcmp(a->key.data, b->key.data, shorter);
		return rc != 0 ? rc : (a->key.len > b->key.len) - (a->key.len < b->key.len);
	}
	/* The order of characters is that of their UTF-8 bytes. */
	const char *p = a->key.data;
	const char *q = b->key.data;
	const char *p_end = p + a->key.len;
	const char *q_end = q + b->key.len;
	while (p < p_end && q < q_end) {
		uint32_t left;
		uint32_t right;
		p = ab_json_scan_character(p, p_end, &left);
		q = ab_json_scan_character(q, q_end, &right);
		if (left != right)
			return left < right ? -1 : 1;
	}
	return (p < p_end) - (q < q_end);
}

static int
compare_members(const void *left, const void *right)
{
	const struct member *a = left;
	const struct member *b = right;
	const int rc = compare_keys(a, b);

	return rc != 0 ? rc : (a->node > b->node) - (a->node < b->node);
}

/* Writes one character in ASCII, escaped if it is not a printable one; returns its end. */
static char *
put_ascii(char *to, uint32_t character)
{
	if (character >= 0x10000) {
		to = ab_json_escape_unit(to, 0xD800 + ((character - 0x10000) >> 10));
		return ab_json_escape_unit(to, 0xDC00 + (character & 0x3FF));
	}
	if (character > '~' || !ab_json_scan_is_plain((char)character))
		return ab_json_escape(to, character);
	*to = (char)character;
	return to + 1;
}

static void
put_canonical_string(struct canonical *canonical, uint32_t node)
{
	const struct ab_view view = ab_json_view(&canonical->json, node);
	const char *end = view.data + view.len;
	struct ab_buf *out = canonical->out;

	ab_buf_add_char(out, '"');
	for (const char *p = view.data; p < end;) {
		const char *plain = p;
		while (p < end && *p >= ' ' && *p <= '~' && *p != '\\')
			p++;
		ab_buf_add(out, plain, (size_t)(p - plain));
		if (p == end)
			break;
		char room[2 * AB_JSON_ESCAPE_MAX];
		uint32_t character;
		p = ab_json_scan_character(p, end, &character);
		char *to = put_ascii(room, character);
		ab_buf_add(out, room, (size_t)(to - room));
	}
	ab_buf_add_char(out, '"');
}

/* Appends the object's members, sorted, of repeated keys only the last. */
static void
sort_members(struct canonical *canonical, uint32_t object)
{
	const struct ab_json *json = &canonical->json;
	struct member *members = canonical->members + canonical->member_count;
	uint32_t count = 0;

	for (uint32_t i = ab_json_first(json, object); i != 0; i = ab_json_after(json, object, i)) {
		members[count++] = (struct member){
		    .key = ab_json_view(json, i), .escaped = json->nodes[i].escaped, .node = i};
	}
	qsort(members, count, sizeof(*members), compare_members);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (i + 1 == count || compare_keys(&members[i], &members[i + 1]) != 0)
			members[kept++] = members[i];
	}
	canonical->member_count += kept;
}

static void
open_level(struct canonical *canonical, uint32_t node)
{
	const bool is_object = canonical->json.nodes[node].type == AB_JSON_OBJECT;
	struct level level = {.is_object = is_object, .container = node};

	if (is_object) {
		level.first = canonical->member_count;
		level.next = level.first;
		sort_members(canonical, node);
		level.end = canonical->member_count;
	} else {
		level.next = ab_json_first(&canonical->json, node);
	}
	canonical->levels[canonical->nesting++] = level;
	ab_buf_add_char(canonical->out, is_object ? '{' : '[');
}

static void
put_value(struct canonical *canonical, uint32_t node)
{
	const uint8_t type = canonical->json.nodes[node].type;

	if (type >= AB_JSON_ARRAY)
		open_level(canonical, node);
	else if (type == AB_JSON_STRING)
		put_canonical_string(canonical, node);
	else
		ab_json_put_view(canonical->out, ab_json_view(&canonical->json, node));
}

/* Writes the next item of the innermost container, or its end. */
static void
put_next(struct canonical *canonical)
{
	struct level *level = &canonical->levels[canonical->nesting - 1];
	const bool ended = level->is_object ? level->next == level->end : level->next == 0;

	if (ended) {
		ab_buf_add_char(canonical->out, level->is_object ? '}' : ']');
		if (level->is_object)
			canonical->member_count = level->first;
		canonical->nesting--;
		return;
	}
	if (level->started)
		ab_buf_add(canonical->out, ", ", 2);
	level->started = true;
	uint32_t node = level->next;
	if (level->is_object) {
		const uint32_t key = canonical->members[level->next++].node;
		put_canonical_string(canonical, key);
		ab_buf_add(canonical->out, ": ", 2);
		node = key + 1;
	} else {
		level->next = ab_json_after(&canonical->json, level->container, node);
	}
	put_value(canonical, node);
}

static void
put_document(struct canonical *canonical)
{
	/* A member has two nodes, so there are never more of them than this. */
	canonical->members = ab_calloc(canonical->json.count / 2 + 1, sizeof(*canonical->members));
	canonical->member_count = 0;
	canonical->nesting = 0;
	put_value(canonical, 0);
	while (canonical->nesting > 0)
		put_next(canonical);
	free(canonical->members);
}

int
ab_json_put_canonical(struct ab_buf *out, const char *text, size_t len, struct ab_error *err)
{
	struct canonical *canonical = ab_malloc(sizeof(*canonical));

	canonical->out = out;
	ab_json_init(&canonical->json);
	const int rc = ab_json_parse(&canonical->json, text, len, AB_JSON_NESTING_MAX, err);
	if (rc == 0)
		put_document(canonical);
	ab_json_release(&canonical->json);
	free(canonical);
	return rc;
}
