/*
 * Sealing, and what is done with sealed batches: they are divided and joined. How a batch is filled
 * is in batch.c.
 */
#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* How far an in-place pass over a batch has come: what it has kept so far. */
struct kept {
	size_t count;
	size_t body;
	size_t records;
	size_t keys;
};

/* Moves entry i, which begins at body and records, down behind what was kept. */
static void
keep(struct ab_batch *batch, struct kept *kept, size_t i, size_t body, size_t records)
{
	struct ab_entry entry = batch->entries[i];
	const size_t body_len = entry.end - body;
	const size_t record_len = entry.record_end - records;

	memmove(batch->body.data + kept->body, batch->body.data + body, body_len);
	memmove(batch->records.data + kept->records, batch->records.data + records, record_len);
	memmove(batch->keys.data + kept->keys, batch->keys.data + entry.key_at, entry.key_len);
	kept->body += body_len;
	kept->records += record_len;
	entry.end = kept->body;
	entry.record_end = kept->records;
	entry.key_at = (uint32_t)kept->keys;
	kept->keys += entry.key_len;
	batch->entries[kept->count++] = entry;
}

static void
cut_to(struct ab_batch *batch, const struct kept *kept)
{
	ab_buf_truncate(&batch->body, kept->body);
	ab_buf_truncate(&batch->records, kept->records);
	ab_buf_truncate(&batch->keys, kept->keys);
	batch->count = kept->count;
	ab_batch_index(batch);
}

static bool
has_superseded(const struct ab_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->entries[i].superseded)
			return true;
	}
	return false;
}

void
ab_batch_seal(struct ab_batch *batch)
{
	struct kept kept = {.count = 0};
	size_t body = 0;
	size_t records = 0;

	ab_batch_rollback(batch);
	if (!has_superseded(batch))
		return;
	for (size_t i = 0; i < batch->count; i++) {
		/* keep() writes at most up to entry i. */
		const struct ab_entry entry = batch->entries[i];
		if (!entry.superseded)
			keep(batch, &kept, i, body, records);
		body = entry.end;
		records = entry.record_end;
	}
	cut_to(batch, &kept);
}

static int
compare_ordinals(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a;
	const uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The ordinal with which the second half begins. */
static uint64_t
middle(const struct ab_batch *batch)
{
	uint64_t *ordinals = ab_malloc(batch->count * sizeof(ordinals[0]));

	for (size_t i = 0; i < batch->count; i++)
		ordinals[i] = batch->entries[i].stands_for;
	qsort(ordinals, batch->count, sizeof(ordinals[0]), compare_ordinals);
	const uint64_t ordinal = ordinals[batch->count / 2];
	free(ordinals);
	return ordinal;
}

static void
copy_entry(struct ab_batch *to, const struct ab_batch *from, size_t i)
{
	const struct ab_view key = ab_batch_entry_key(from, i);
	const struct ab_view record = ab_batch_entry_record(from, i);
	const char *reason = ab_batch_reason(from, i);
	struct ab_entry entry = from->entries[i];

	ab_buf_add(&to->body, from->body.data + ab_batch_start(from, i),
	    entry.end - ab_batch_start(from, i));
	ab_buf_add(&to->records, record.data, record.len);
	entry.end = to->body.len;
	entry.record_end = to->records.len;
	entry.key_at = (uint32_t)to->keys.len;
	ab_buf_add(&to->keys, key.data, key.len);
	entry.reason_at = (uint32_t)to->reasons.len;
	if (reason != NULL)
		ab_buf_add(&to->reasons, reason, strlen(reason) + 1);
	to->entries[to->count++] = entry;
}

struct ab_batch *
ab_batch_split(struct ab_batch *batch)
{
	assert(batch->count >= 2);
	const uint64_t from = middle(batch);
	struct ab_batch *second = ab_batch_new(batch->stream, batch->body.limit, batch->opened_ms);
	struct kept kept = {.count = 0};

	second->cap = batch->count - batch->count / 2;
	second->entries = ab_malloc(second->cap * sizeof(second->entries[0]));
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->entries[i].stands_for >= from)
			copy_entry(second, batch, i);
	}
	size_t body = 0;
	size_t records = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct ab_entry entry = batch->entries[i];
		if (entry.stands_for < from)
			keep(batch, &kept, i, body, records);
		body = entry.end;
		records = entry.record_end;
	}
	cut_to(batch, &kept);
	ab_batch_index(second);
	second->first = from;
	second->last = batch->last;
	batch->last = from - 1;
	return second;
}

bool
ab_batch_merge(struct ab_batch *batch, struct ab_batch *more, size_t records, size_t body_bytes)
{
	const size_t body = batch->body.len;
	const size_t raw = batch->records.len;

	if (batch->count + more->count > records || body + more->body.len > body_bytes ||
	    batch->keys.len > 0 || more->keys.len > 0 || more->first != batch->last + 1)
		return false;
	ab_buf_add(&batch->body, more->body.data, more->body.len);
	ab_buf_add(&batch->records, more->records.data, more->records.len);
	assert(!batch->body.overflowed && !batch->records.overflowed);
	if (batch->cap < batch->count + more->count) {
		batch->cap = batch->count + more->count;
		batch->entries = ab_realloc(batch->entries, batch->cap * sizeof(batch->entries[0]));
	}
	for (size_t i = 0; i < more->count; i++) {
		struct ab_entry *entry = &batch->entries[batch->count++];
		*entry = more->entries[i];
		entry->end += body;
		entry->record_end += raw;
	}
	batch->last = more->last;
	ab_batch_free(more);
	return true;
}
