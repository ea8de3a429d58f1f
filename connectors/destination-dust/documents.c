/*
 * Steps of a batch: LOOKUP asks which of its documents are there already, many in one request, and
 * UPSERT writes the others, each in a request of its own, and deletes; in an overwrite that cannot
 * be resumed the end does the deleting. Steps of an overwrite's end:
 * LIST and DELETE in turn (sweep.h). With overwrite_when first_batch those come before the first
 * batch's UPSERT instead.
 */
#include "documents.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "lookup.h"
#include "reply.h"

enum step { LOOKUP, UPSERT, LIST, DELETE };

/* --- streams --- */

void
dust_documents_open(const struct dust *dust, struct ab_stream *streams, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct dust_documents *documents = ab_calloc(1, sizeof(*documents));
		dust_looks_init(&documents->looks, &streams[i]);
		dust_sweep_init(&documents->sweep);
		documents->replacing = streams[i].overwrite;
		streams[i].self = documents;
		for (size_t j = 0; j < dust->tag_field_count; j++) {
			if (!dust_tag_field_good(dust->tag_fields[j].text))
				ab_note(&streams[i], DUST_NOTE_TAG_FIELD,
				    "tag_fields: %s is left out, as its tags could pass for tags "
				    "of the connector or of Dust",
				    dust->tag_fields[j].text);
		}
	}
}

void
dust_documents_close(struct dust_documents *documents)
{
	dust_looks_release(&documents->looks);
	dust_sweep_release(&documents->sweep);
	free(documents);
}

/* Whether old documents stay until the stream has ended well. */
static bool
is_swept_at_end(const struct dust *dust, const struct ab_stream *stream)
{
	return stream->overwrite && !dust->first_batch;
}

enum ab_taken
dust_documents_append(
    struct dust *dust, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	struct ab_stream *stream = batch->stream;
	struct dust_documents *documents = stream->self;
	char label[256];

	if (dust_id_of_record(dust, stream, false, record, err) != 0)
		return AB_BROKEN;
	const struct ab_view id = {dust->id.text.data, dust->id.text.len};
	ab_batch_key(batch, id.data, id.len);
	if (dust_is_deletion(stream, record)) {
		if (is_swept_at_end(dust, stream))
			dust_sweep_forget(&documents->sweep, id.data, id.len);
		ab_batch_mark(batch, DUST_KIND_DELETE);
		return AB_TAKEN;
	}
	if (is_swept_at_end(dust, stream) && !dust_sweep_keep(&documents->sweep, id.data, id.len)) {
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

/* --- upserts and deletions --- */

static enum ab_ask
request_upsert(struct dust *dust, struct ab_exchange *x, struct ab_request *out)
{
	const struct ab_batch *batch = x->batch;
	const bool *unchanged = x->scratch;
	const struct ab_view id = ab_batch_entry_key(batch, x->item);
	const bool upsert = dust_is_upsert(batch, x->item);

	x->items = (unsigned)batch->count;
	if (upsert && unchanged != NULL && unchanged[x->item])
		return AB_SKIP;
	/* Until the stream has ended well nothing is taken away: the sweep will do it. But it keeps
	 * what an attempt wrote that is resumed. */
	if (!upsert && is_swept_at_end(dust, x->stream) && !x->stream->resumable)
		return AB_SKIP;
	if (dust->skip_unchanged)
		dust_touched_add(&dust->touched, id.data, id.len);
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

	if (!dust_is_upsert(x->batch, x->item)) {
		const enum ab_verdict verdict =
		    dust_judge(dust, x, in, "the deletion of a document", err);
		dust->deletions += verdict == AB_DONE;
		return verdict;
	}
	if (in->status == 413 || in->status == 403 || in->status == 400) {
		dust_refusal_read(&refusal, in);
		if (is_record_refused(in, &refusal)) {
			ab_batch_reject(x->batch, x->item, "%s (HTTP %d)",
			    refusal.message[0] != '\0' ? refusal.message
						       : "Dust refused the document",
			    in->status);
			return AB_DONE;
		}
	}
	return dust_judge(dust, x, in, what, err);
}

/* --- phases --- */

static enum ab_ask
request_step(struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	struct dust_documents *documents = x->stream->self;

	switch ((enum step)x->step) {
	case LOOKUP:
		return dust_lookup_request(dust, x, out);
	case UPSERT:
		return request_upsert(dust, x, out);
	case LIST:
		return dust_sweep_list(dust, &documents->sweep, x, out, err);
	case DELETE:
		break;
	}
	return dust_sweep_delete(dust, &documents->sweep, x, out, err);
}

/* Whether a batch has anything to look up. What an overwrite has just deleted may still be listed.
 */
static bool
wants_lookup(const struct dust *dust, const struct ab_exchange *x)
{
	if (!dust->skip_unchanged || (x->stream->overwrite && dust->first_batch))
		return false;
	for (size_t i = 0; i < x->batch->count; i++) {
		if (dust_is_upsert(x->batch, i))
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
	x->stream->emptied = x->phase == AB_BATCH;
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
		verdict = dust_lookup_response(dust, x, in, err);
		if (verdict == AB_NEXT)
			x->step = UPSERT;
		return verdict;
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
