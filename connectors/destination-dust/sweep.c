#include "sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "reply.h"
#include "tags.h"

#define PAGE 100
#define ROUNDS_MAX 1000      /* each deletes something, or others did meanwhile */
#define OFFSET_MAX 100000000 /* a list that never ends is no list */

void
dust_sweep_init(struct dust_sweep *sweep)
{
	*sweep = (struct dust_sweep){0};
	ab_buf_init(&sweep->ids, DUST_SWEEP_ROUND_MAX);
}

void
dust_sweep_release(struct dust_sweep *sweep)
{
	dust_known_release(&sweep->known);
	free(sweep->starts);
	ab_buf_release(&sweep->ids);
	dust_sweep_init(sweep);
}

/* --- ids that stay --- */

bool
dust_sweep_keep(struct dust_sweep *sweep, const char *id, size_t len)
{
	return dust_known_add(&sweep->known, id, len, DUST_SWEEP_IDS_MAX);
}

void
dust_sweep_forget(struct dust_sweep *sweep, const char *id, size_t len)
{
	dust_known_forget(&sweep->known, id, len);
}

/* --- reading the list --- */

/* Begins a round; what the one before deleted is known from now on: the list may lag. */
static bool
begin_round(struct dust *dust, struct dust_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		const char *id = sweep->ids.data + sweep->starts[i];
		if (!dust_known_add(&sweep->known, id, strlen(id), (size_t)2 * DUST_SWEEP_IDS_MAX))
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
		    dust_tags_owner(stream, tags) != DUST_OURS ||
		    dust_tags_have_generation(stream, tags) ||
		    dust_known_has(&sweep->known, id->valuestring, strlen(id->valuestring)))
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
	cJSON *reply = NULL;
	const enum ab_verdict verdict =
	    dust_judge_documents(dust, x, in, "the list of documents", &reply, err);

	if (verdict != AB_DONE)
		return verdict;
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(reply, "documents");
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
