/*
 * Steps of a batch: LOOKUP asks which of its documents are there already, many in one request, and
 * UPSERT writes the others, each in a request of its own, and deletes. Steps of an overwrite's end:
 * LIST and DELETE in turn (sweep.h). With overwrite_when first_batch those come before the first
 * batch's UPSERT instead.
 */
#include "documents.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "reply.h"

enum step { LOOKUP, UPSERT, LIST, DELETE };
enum kind { KIND_UPSERT, KIND_DELETE };

/* Ids in one look-up, and bytes they take in its query: far below what servers refuse as too long. */
#define LOOKUP_IDS 64
#define LOOKUP_BYTES 4000
#define ID_PARAMETER "&document_ids="

/* After a 429: the window of the service slides, so some room is there soon. */
#define LIMIT_WAIT_MS 5000

/* --- streams --- */

void
dust_documents_init(struct dust *dust, struct ab_stream *streams, size_t count)
{
	struct dust_documents *all = ab_calloc(count, sizeof(*all));

	for (size_t i = 0; i < count; i++) {
		dust_looks_init(&all[i].looks, &streams[i]);
		dust_sweep_init(&all[i].sweep);
		all[i].replacing = streams[i].overwrite;
		streams[i].self = &all[i];
		for (size_t j = 0; j < dust->tag_field_count; j++) {
			if (!dust_tag_field_good(dust->tag_fields[j].text))
				ab_note(&streams[i], DUST_NOTE_TAG_FIELD,
				    "tag_fields: %s is left out, as its tags could pass for tags "
				    "of the connector or of Dust",
				    dust->tag_fields[j].text);
		}
	}
	dust->streams = all;
	dust->stream_count = count;
}

void
dust_documents_release(struct dust *dust)
{
	struct dust_documents *all = dust->streams;

	for (size_t i = 0; i < dust->stream_count; i++) {
		dust_looks_release(&all[i].looks);
		dust_sweep_release(&all[i].sweep);
	}
	free(all);
}

enum ab_taken
dust_documents_append(struct dust *dust, struct ab_batch *batch, const struct ab_record *record,
    struct ab_error *err)
{
	struct ab_stream *stream = batch->stream;
	struct dust_documents *documents = stream->self;
	char label[256];

	if (dust_id_of_record(dust, stream, false, record, err) != 0)
		return AB_BROKEN;
	const struct ab_view id = {dust->id.text.data, dust->id.text.len};
	ab_batch_key(batch, id.data, id.len);
	if (dust_is_deletion(stream, record)) {
		ab_batch_mark(batch, KIND_DELETE);
		return AB_TAKEN;
	}
	if (stream->overwrite && !dust->first_batch &&
	    !dust_sweep_keep(&documents->sweep, id.data, id.len)) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "stream %s has more than %d documents, too many to find out which old ones "
		    "to remove; use sync mode append, overwrite_when first_batch, or data_format "
		    "tables",
		    ab_stream_label(stream, label, sizeof(label)), DUST_SWEEP_IDS_MAX);
		return AB_BROKEN;
	}
	dust_document_put(dust, &documents->looks, stream, record, id, &batch->body);
	return AB_TAKEN;
}

/* --- look-ups --- */

static bool
is_upsert(const struct ab_batch *batch, size_t i)
{
	return batch->entries[i].kind == KIND_UPSERT;
}

/* The entries of one look-up: from `first` to the one returned, exclusive. */
static size_t
lookup_end(const struct ab_batch *batch, size_t first)
{
	size_t ids = 0;
	size_t bytes = 0;
	size_t i = first;

	for (; i < batch->count && ids < LOOKUP_IDS; i++) {
		if (!is_upsert(batch, i))
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

static enum ab_ask
request_lookup(const struct dust *dust, struct ab_exchange *x, struct ab_request *out)
{
	const struct ab_batch *batch = x->batch;
	const size_t first = lookup_start(batch, x->item);
	const size_t end = lookup_end(batch, first);
	unsigned ids = 0;

	x->items = lookup_count(batch);
	if (x->scratch == NULL)
		x->scratch = ab_calloc(batch->count, sizeof(bool));
	for (size_t i = first; i < end; i++)
		ids += is_upsert(batch, i);
	dust_request_start(dust, out, AB_GET, "documents");
	ab_buf_printf(&out->url, "?limit=%u", ids);
	for (size_t i = first; i < end; i++) {
		const struct ab_view id = ab_batch_entry_key(batch, i);
		if (!is_upsert(batch, i))
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
mark_unchanged(struct ab_exchange *x, const cJSON *document, size_t first, size_t end)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(document, "document_id");
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(document, "tags");
	bool *unchanged = x->scratch;

	if (!cJSON_IsString(id) || !dust_sweep_owns(x->stream, tags))
		return;
	const size_t len = strlen(id->valuestring);
	for (size_t i = first; i < end; i++) {
		const struct ab_view key = ab_batch_entry_key(x->batch, i);
		if (is_upsert(x->batch, i) && key.len == len &&
		    memcmp(key.data, id->valuestring, len) == 0) {
			unchanged[i] = has_hash(tags, x->batch, i);
			return;
		}
	}
}

enum ab_verdict
dust_documents_judge_list(const struct dust *dust, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct ab_error *err)
{
	const enum ab_verdict verdict = dust_judge(dust, x, in, what, err);

	/* A failure of the database behind a list comes as a 400. */
	if (in->status == 400 && dust_refusal_is(in, "data_source_error")) {
		err->kind = AB_TRANSIENT_ERROR;
		return AB_RETRY;
	}
	return verdict;
}

static enum ab_verdict
response_lookup(
    const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the look-up of documents";
	const enum ab_verdict verdict = dust_documents_judge_list(dust, x, in, what, err);
	const size_t first = lookup_start(x->batch, x->item);
	const size_t end = lookup_end(x->batch, first);
	const cJSON *document;

	if (verdict != AB_DONE)
		return verdict;
	cJSON *reply = dust_reply_json(in);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(reply, "documents");
	if (!cJSON_IsArray(list)) {
		cJSON_Delete(reply);
		return dust_unreadable(dust, x, what, err);
	}
	cJSON_ArrayForEach(document, list)
	{
		mark_unchanged(x, document, first, end);
	}
	cJSON_Delete(reply);
	x->step = UPSERT;
	return AB_NEXT;
}

/* --- upserts and deletions --- */

static enum ab_ask
request_upsert(const struct dust *dust, struct ab_exchange *x, struct ab_request *out)
{
	const struct ab_batch *batch = x->batch;
	const bool *unchanged = x->scratch;
	const struct ab_view id = ab_batch_entry_key(batch, x->item);
	const bool upsert = is_upsert(batch, x->item);

	x->items = (unsigned)batch->count;
	if (upsert && unchanged != NULL && unchanged[x->item])
		return AB_SKIP;
	dust_request_start(dust, out, upsert ? AB_POST : AB_DELETE, "documents/");
	ab_url_encode(&out->url, id.data, id.len);
	if (upsert) {
		out->from = ab_batch_start(batch, x->item) + DUST_HASH_HEX;
		out->to = batch->entries[x->item].end;
		out->metered = true;
	}
	return AB_SEND;
}

/* Whether Dust will never take this one document, though it takes others. */
static bool
is_record_refused(const struct ab_reply *in, const struct dust_refusal *refusal)
{
	if (in->status == 413 || strcmp(refusal->type, "data_source_quota_error") == 0)
		return true;
	/* Our own test of the URL should not have let it through. */
	return in->status == 400 && strstr(refusal->message, "`source_url`") != NULL;
}

static enum ab_verdict
response_upsert(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "a document";
	struct dust_refusal refusal;

	if (!is_upsert(x->batch, x->item)) {
		const enum ab_verdict verdict = dust_judge(dust, x, in, "to delete a document", err);
		dust->deletions += verdict == AB_DONE;
		return verdict;
	}
	if (in->status == 429)
		return dust_wait(dust, x, in, what, LIMIT_WAIT_MS, err);
	if (in->status == 413 || in->status == 403 || in->status == 400) {
		dust_refusal_read(&refusal, in);
		if (is_record_refused(in, &refusal)) {
			ab_batch_reject(x->batch, x->item, "%s (HTTP %d)",
			    refusal.message[0] != '\0' ? refusal.message : "Dust refused the document",
			    in->status);
			return AB_DONE;
		}
	}
	return dust_judge(dust, x, in, what, err);
}

/* --- phases --- */

static enum ab_ask
request_step(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	struct dust_documents *documents = x->stream->self;

	switch ((enum step)x->step) {
	case LOOKUP:
		return request_lookup(dust, x, out);
	case UPSERT:
		return request_upsert(dust, x, out);
	case LIST:
		return dust_sweep_list(dust, &documents->sweep, x, out, err);
	case DELETE:
		break;
	}
	return dust_sweep_delete(dust, &documents->sweep, x, out, err);
}

/* Whether a batch has anything to look up. What an overwrite has just deleted may still be listed. */
static bool
wants_lookup(const struct dust *dust, const struct ab_exchange *x)
{
	if (!dust->skip_unchanged || (x->stream->overwrite && dust->first_batch))
		return false;
	for (size_t i = 0; i < x->batch->count; i++) {
		if (is_upsert(x->batch, i))
			return true;
	}
	return false;
}

enum ab_ask
dust_documents_request(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	const struct dust_documents *documents = x->stream->self;

	if (x->phase == AB_BEGIN)
		return AB_SKIP;
	if (x->phase == AB_END && !(x->complete && documents->replacing))
		return AB_SKIP;
	if (x->step == LOOKUP) {
		/* Step 0 is only the place where every exchange starts. */
		if (x->phase == AB_END || (documents->replacing && dust->first_batch))
			x->step = LIST;
		else if (!wants_lookup(dust, x))
			x->step = UPSERT;
	}
	return request_step(dust, x, out, err);
}

/* The sweep is over: of the whole exchange, or with first_batch of what comes before the batch. */
static enum ab_verdict
swept(struct ab_exchange *x)
{
	struct dust_documents *documents = x->stream->self;

	documents->replacing = false;
	dust_sweep_release(&documents->sweep);
	if (x->phase == AB_END)
		return AB_DONE;
	x->step = UPSERT;
	return AB_NEXT;
}

enum ab_verdict
dust_documents_response(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	struct dust_documents *documents = x->stream->self;
	enum ab_verdict verdict;

	switch ((enum step)x->step) {
	case LOOKUP:
		return response_lookup(dust, x, in, err);
	case UPSERT:
		return response_upsert(dust, x, in, err);
	case LIST:
		verdict = dust_sweep_listed(dust, &documents->sweep, x, in, err);
		if (verdict == AB_NEXT)
			x->step = dust_sweep_ready(&documents->sweep) ? DELETE : LIST;
		return verdict == AB_DONE ? swept(x) : verdict;
	case DELETE:
		break;
	}
	verdict = dust_sweep_deleted(dust, &documents->sweep, x, in, err);
	if (verdict == AB_NEXT)
		x->step = LIST;
	return verdict;
}
