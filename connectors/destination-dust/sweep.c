#include "sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "digest.h"
#include "document.h"
#include "reply.h"

#define PAGE 100
#define ROUNDS_MAX 1000      /* each deletes something, or others did meanwhile */
#define OFFSET_MAX 100000000 /* a list that never ends is no list */
#define KNOWN_FIRST 1024

void
dust_sweep_init(struct dust_sweep *sweep)
{
	*sweep = (struct dust_sweep){0};
	ab_buf_init(&sweep->ids, DUST_SWEEP_ROUND_MAX);
}

void
dust_sweep_release(struct dust_sweep *sweep)
{
	free(sweep->known);
	free(sweep->starts);
	ab_buf_release(&sweep->ids);
	dust_sweep_init(sweep);
}

/* --- ids that stay --- */

static uint64_t
hash_id(const char *id, size_t len)
{
	char hex[AB_DIGEST_HEX + 1];

	ab_digest_hex(id, len, hex);
	hex[16] = '\0';
	return strtoull(hex, NULL, 16);
}

static int
compare(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left;
	const uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void
sort_known(struct dust_sweep *sweep)
{
	size_t count = 0;

	if (sweep->sorted || sweep->known_count == 0)
		return;
	qsort(sweep->known, sweep->known_count, sizeof(*sweep->known), compare);
	for (size_t i = 0; i < sweep->known_count; i++) {
		if (count == 0 || sweep->known[i] != sweep->known[count - 1])
			sweep->known[count++] = sweep->known[i];
	}
	sweep->known_count = count;
	sweep->sorted = true;
}

static bool
is_known(struct dust_sweep *sweep, const char *id)
{
	const uint64_t hash = hash_id(id, strlen(id));

	sort_known(sweep);
	return sweep->known_count > 0 && bsearch(&hash, sweep->known, sweep->known_count,
					     sizeof(*sweep->known), compare) != NULL;
}

/* Makes room for one more: first by dropping repeated ones, a stream may bring a record often.
 * Returns false if there would be more than limit. */
static bool
make_room(struct dust_sweep *sweep, size_t limit)
{
	if (sweep->known_count < sweep->known_cap)
		return true;
	sort_known(sweep);
	if (sweep->known_count >= limit)
		return false;
	if (sweep->known_count < sweep->known_cap - sweep->known_cap / 4)
		return true;
	size_t cap = sweep->known_cap > 0 ? sweep->known_cap * 2 : KNOWN_FIRST;
	if (cap > limit)
		cap = limit;
	sweep->known = ab_realloc(sweep->known, cap * sizeof(*sweep->known));
	sweep->known_cap = cap;
	return true;
}

static bool
remember(struct dust_sweep *sweep, const char *id, size_t len, size_t limit)
{
	if (!make_room(sweep, limit))
		return false;
	sweep->known[sweep->known_count++] = hash_id(id, len);
	sweep->sorted = false;
	return true;
}

bool
dust_sweep_keep(struct dust_sweep *sweep, const char *id, size_t len)
{
	return remember(sweep, id, len, DUST_SWEEP_IDS_MAX);
}

/* --- which documents are the stream's --- */

static bool
has_tag(const cJSON *tags, const char *prefix, const char *name)
{
	const size_t prefix_len = strlen(prefix);
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags)
	{
		if (!cJSON_IsString(tag) || strncmp(tag->valuestring, prefix, prefix_len) != 0)
			continue;
		if (name == NULL || strcmp(tag->valuestring + prefix_len, name) == 0)
			return true;
	}
	return false;
}

bool
dust_sweep_owns(const struct ab_stream *stream, const cJSON *tags)
{
	if (!has_tag(tags, DUST_TAG_STREAM, stream->name))
		return false;
	if (stream->namespace == NULL)
		return !has_tag(tags, DUST_TAG_NAMESPACE, NULL);
	return has_tag(tags, DUST_TAG_NAMESPACE, stream->namespace);
}

/* --- reading the list --- */

/* Begins a round; what the one before deleted is known from now on: the list may lag. */
static bool
begin_round(struct dust *dust, struct dust_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		const char *id = sweep->ids.data + sweep->starts[i];
		if (!remember(sweep, id, strlen(id), (size_t)2 * DUST_SWEEP_IDS_MAX))
			return false;
	}
	ab_buf_reset(&sweep->ids);
	sweep->count = 0;
	sweep->offset = 0;
	sweep->rounds++;
	sweep->round_over = false;
	sweep->deletions = dust->deletions;
	return true;
}

enum ab_ask
dust_sweep_list(struct dust *dust, struct dust_sweep *sweep, struct ab_exchange *x,
    struct ab_request *out, struct ab_error *err)
{
	char label[256];

	if ((sweep->rounds == 0 || sweep->round_over) && !begin_round(dust, sweep)) {
		ab_fail(err, AB_CONFIG_ERROR, "stream %s has too many documents to overwrite",
		    ab_stream_label(x->stream, label, sizeof(label)));
		return AB_REFUSE;
	}
	if (sweep->rounds > ROUNDS_MAX || sweep->offset > OFFSET_MAX) {
		ab_fail(err, AB_TRANSIENT_ERROR,
		    "the list of documents did not come to rest while old documents of stream %s "
		    "were removed",
		    ab_stream_label(x->stream, label, sizeof(label)));
		return AB_REFUSE;
	}
	dust_request_start(dust, out, AB_GET, "documents");
	ab_buf_printf(&out->url, "?limit=%d&offset=%" PRIu64, PAGE, sweep->offset);
	return AB_SEND;
}

/* Notes an id to be deleted. Returns false if the round is full. */
static bool
collect(struct dust_sweep *sweep, const char *id)
{
	const size_t start = sweep->ids.len;

	ab_buf_add(&sweep->ids, id, strlen(id) + 1);
	if (sweep->ids.overflowed) {
		ab_buf_truncate(&sweep->ids, start);
		return false;
	}
	if (sweep->count == sweep->cap) {
		sweep->cap = sweep->cap > 0 ? sweep->cap * 2 : PAGE;
		sweep->starts = ab_realloc(sweep->starts, sweep->cap * sizeof(*sweep->starts));
	}
	sweep->starts[sweep->count++] = (uint32_t)start;
	return true;
}

/* Returns false if the round is full. */
static bool
read_page(struct dust_sweep *sweep, const struct ab_stream *stream, const cJSON *list)
{
	const cJSON *document;

	cJSON_ArrayForEach(document, list)
	{
		const cJSON *id = cJSON_GetObjectItemCaseSensitive(document, "document_id");
		const cJSON *tags = cJSON_GetObjectItemCaseSensitive(document, "tags");
		if (!cJSON_IsString(id) || id->valuestring[0] == '\0' ||
		    !dust_sweep_owns(stream, tags) || is_known(sweep, id->valuestring))
			continue;
		if (!collect(sweep, id->valuestring))
			return false;
	}
	return true;
}

enum ab_verdict
dust_sweep_listed(struct dust *dust, struct dust_sweep *sweep, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the list of documents";
	const enum ab_verdict verdict = dust_judge_list(dust, x, in, what, err);

	if (verdict != AB_DONE)
		return verdict;
	cJSON *reply = dust_reply_json(in);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(reply, "documents");
	if (!cJSON_IsArray(list)) {
		cJSON_Delete(reply);
		return dust_unreadable(dust, x, what, err);
	}
	const size_t count = (size_t)cJSON_GetArraySize(list);
	const bool full = !read_page(sweep, x->stream, list);
	cJSON_Delete(reply);
	sweep->offset += count;
	if (count > 0 && !full)
		return AB_NEXT;
	if (sweep->count == 0 && sweep->deletions == dust->deletions)
		return AB_DONE;
	sweep->round_over = true;
	return AB_NEXT;
}

/* --- deleting --- */

bool
dust_sweep_ready(const struct dust_sweep *sweep)
{
	return sweep->round_over && sweep->count > 0;
}

enum ab_ask
dust_sweep_delete(struct dust *dust, struct dust_sweep *sweep, struct ab_exchange *x,
    struct ab_request *out, struct ab_error *err)
{
	(void)err;
	const char *id = sweep->ids.data + sweep->starts[x->item];

	x->items = (unsigned)sweep->count;
	dust_request_start(dust, out, AB_DELETE, "documents/");
	ab_url_encode(&out->url, id, strlen(id));
	return AB_SEND;
}

enum ab_verdict
dust_sweep_deleted(struct dust *dust, struct dust_sweep *sweep, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err)
{
	(void)sweep;
	const enum ab_verdict verdict =
	    dust_judge(dust, x, in, "the deletion of an old document", err);

	if (verdict != AB_DONE)
		return verdict;
	dust->deletions++;
	return AB_NEXT;
}
