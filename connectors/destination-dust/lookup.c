#include "lookup.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "document.h"
#include "reply.h"
#include "tags.h"

/* Ids in one look-up, and bytes they take in its query: far below what servers refuse as too long.
 */
#define LOOKUP_IDS 64
#define LOOKUP_BYTES 4000
#define ID_PARAMETER "&document_ids="

bool
dust_is_upsert(const struct ab_batch *batch, size_t i)
{
	return batch->entries[i].kind == DUST_KIND_UPSERT;
}

/* The entries of one look-up: from `first` to the one returned, exclusive. */
static size_t
lookup_end(const struct ab_batch *batch, size_t first)
{
	size_t ids = 0;
	size_t bytes = 0;
	size_t i = first;

	for (; i < batch->count && ids < LOOKUP_IDS; i++) {
		if (!dust_is_upsert(batch, i))
			continue;
		bytes += strlen(ID_PARAMETER) + ab_batch_entry_key(batch, i).len;
		if (ids > 0 && bytes > LOOKUP_BYTES)
			break;
		ids++;
	}
	return i;
}

/* The first entry of look-up number item. */
static size_t
lookup_start(const struct ab_batch *batch, unsigned item)
{
	size_t first = 0;

	for (unsigned k = 0; k < item; k++)
		first = lookup_end(batch, first);
	return first;
}

static unsigned
lookup_count(const struct ab_batch *batch)
{
	unsigned count = 0;

	for (size_t i = 0; i < batch->count; i = lookup_end(batch, i))
		count++;
	return count;
}

enum ab_ask
dust_lookup_request(const struct dust *dust, struct ab_exchange *x, struct ab_request *out)
{
	const struct ab_batch *batch = x->batch;
	const size_t first = lookup_start(batch, x->item);
	const size_t end = lookup_end(batch, first);
	unsigned ids = 0;

	x->items = lookup_count(batch);
	if (x->scratch == NULL)
		x->scratch = ab_calloc(batch->count, sizeof(bool));
	for (size_t i = first; i < end; i++)
		ids += dust_is_upsert(batch, i);
	dust_request_start(dust, out, AB_GET, "documents");
	ab_buf_printf(&out->url, "?limit=%u", ids);
	for (size_t i = first; i < end; i++) {
		const struct ab_view id = ab_batch_entry_key(batch, i);
		if (!dust_is_upsert(batch, i))
			continue;
		ab_buf_add_text(&out->url, ID_PARAMETER);
		ab_url_encode(&out->url, id.data, id.len);
	}
	/* A look-up of deletions alone, at the end of a batch. */
	return ids > 0 ? AB_SEND : AB_SKIP;
}

/* Whether one of the tags is the hash of entry i. */
static bool
has_hash(const cJSON *tags, const struct ab_batch *batch, size_t i)
{
	const size_t prefix = strlen(DUST_TAG_HASH);
	const char *hash = batch->body.data + ab_batch_start(batch, i);
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags)
	{
		if (cJSON_IsString(tag) && strncmp(tag->valuestring, DUST_TAG_HASH, prefix) == 0 &&
		    strlen(tag->valuestring) == prefix + DUST_HASH_HEX &&
		    memcmp(tag->valuestring + prefix, hash, DUST_HASH_HEX) == 0)
			return true;
	}
	return false;
}

static void
mark_unchanged(
    const struct dust *dust, struct ab_exchange *x, const cJSON *document, size_t first, size_t end)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(document, "document_id");
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(document, "tags");
	bool *unchanged = x->scratch;

	if (!cJSON_IsString(id) || dust_tags_owner(x->stream, tags) != DUST_OURS)
		return;
	const size_t len = strlen(id->valuestring);
	/* The list may lag behind what this run did to the document. */
	if (dust_touched_has(&dust->touched, id->valuestring, len))
		return;
	for (size_t i = first; i < end; i++) {
		const struct ab_view key = ab_batch_entry_key(x->batch, i);
		if (dust_is_upsert(x->batch, i) && key.len == len &&
		    memcmp(key.data, id->valuestring, len) == 0) {
			unchanged[i] = has_hash(tags, x->batch, i);
			return;
		}
	}
}

enum ab_verdict
dust_lookup_response(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	cJSON *reply = NULL;
	const enum ab_verdict verdict =
	    dust_judge_documents(dust, x, in, "the look-up of documents", &reply, err);
	const size_t first = lookup_start(x->batch, x->item);
	const size_t end = lookup_end(x->batch, first);
	const cJSON *document;

	if (verdict != AB_DONE)
		return verdict;
	cJSON_ArrayForEach(document, cJSON_GetObjectItemCaseSensitive(reply, "documents"))
	{
		mark_unchanged(dust, x, document, first, end);
	}
	cJSON_Delete(reply);
	return AB_NEXT;
}
