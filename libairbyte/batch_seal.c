/*
 * Sealing, and what is done with sealed batches: they are divided and joined. How a batch is filled
 * is in batch.c.
 */
#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* Where entry i of a batch that is being divided begins: ends before it are overwritten. */
struct place {
	size_t i;
	size_t body;
	size_t records;
};

/* What an in-place pass over a batch has kept so far. */
struct kept {
	size_t count;
	size_t body;
	size_t records;
	size_t keys;
};

/* Moves an entry down behind what was kept. */
static void
keep(struct ab_batch *batch, struct kept *kept, struct place at)
{
	struct ab_entry entry = batch->entries[at.i];
	const size_t body_len = entry.end - at.body;
	const size_t record_len = entry.record_end - at.records;

	memmove(batch->body.data + kept->body, batch->body.data + at.body, body_len);
	memmove(batch->records.data + kept->records, batch->records.data + at.records, record_len);
	memmove(batch->keys.data + kept->keys, batch->keys.data + entry.key_at, entry.key_len);
	kept->body += body_len;
	kept->records += record_len;
	entry.end = kept->body;
	entry.record_end = kept->records;
	entry.key_at = (uint32_t)kept->keys;
	kept->keys += entry.key_len;
	batch->entries[kept->count++] = entry;
}

/* Copies an entry to the end of another batch, which has room for it. */
static void
copy(struct ab_batch *to, const struct ab_batch *from, struct place at)
{
	const struct ab_view key = ab_batch_entry_key(from, at.i);
	const char *reason = ab_batch_reason(from, at.i);
	struct ab_entry entry = from->entries[at.i];

	ab_buf_add(&to->body, from->body.data + at.body, entry.end - at.body);
	ab_buf_add(&to->records, from->records.data + at.records, entry.record_end - at.records);
	entry.end = to->body.len;
	entry.record_end = to->records.len;
	entry.key_at = (uint32_t)to->keys.len;
	ab_buf_add(&to->keys, key.data, key.len);
	entry.reason_at = (uint32_t)to->reasons.len;
	if (reason != NULL)
		ab_buf_add(&to->reasons, reason, strlen(reason) + 1);
	to->entries[to->count++] = entry;
}

static void
cut_to(struct ab_batch *batch, const struct kept *kept)
{
	ab_buf_truncate(&batch->body, kept->body);
	ab_buf_truncate(&batch->records, kept->records);
	ab_buf_truncate(&batch->keys, kept->keys);
	batch->count = kept->count;
}

static bool
is_superseded(const struct ab_entry *entry, uint64_t from)
{
	(void)from;
	return entry->superseded;
}

static bool
stands_behind(const struct ab_entry *entry, uint64_t from)
{
	return entry->stands_for >= from;
}

/* Moves the entries that leave into a new batch; NULL, and nothing is changed, if there are none.
 * Neither has a right table of keys then. */
static struct ab_batch *
take_out(struct ab_batch *batch, bool (*leaves)(const struct ab_entry *, uint64_t), uint64_t from)
{
	struct kept kept = {.count = 0};
	struct place at = {.i = 0};
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		count += leaves(&batch->entries[i], from);
	if (count == 0)
		return NULL;
	struct ab_batch *taken = ab_batch_new(batch->stream, batch->body.limit, batch->opened_ms);
	taken->cap = count;
	taken->entries = ab_malloc(count * sizeof(taken->entries[0]));
	for (; at.i < batch->count; at.i++) {
		/* keep() writes at most up to this entry. */
		const struct ab_entry entry = batch->entries[at.i];
		if (leaves(&entry, from))
			copy(taken, batch, at);
		else
			keep(batch, &kept, at);
		at.body = entry.end;
		at.records = entry.record_end;
	}
	assert(!taken->body.overflowed && !taken->keys.overflowed);
	cut_to(batch, &kept);
	return taken;
}

void
ab_batch_seal(struct ab_batch *batch)
{
	ab_batch_rollback(batch);
	struct ab_batch *older = take_out(batch, is_superseded, 0);
	if (older == NULL)
		return;
	assert(batch->older == NULL);
	batch->older = older;
	ab_batch_index(batch);
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

struct ab_batch *
ab_batch_split(struct ab_batch *batch)
{
	assert(batch->count >= 2);
	const uint64_t from = middle(batch);
	struct ab_batch *second = take_out(batch, stands_behind, from);

	if (batch->older != NULL)
		second->older = take_out(batch->older, stands_behind, from);
	if (batch->older != NULL && batch->older->count == 0) {
		ab_batch_free(batch->older);
		batch->older = NULL;
	}
	ab_batch_index(batch);
	ab_batch_index(second);
	second->sequence = batch->sequence;
	second->first = from;
	second->last = batch->last;
	batch->last = from - 1;
	return second;
}

/* The entry with the last version of the key of entry i of what is put aside. */
static size_t
newest_of(const struct ab_batch *batch, size_t i)
{
	const struct ab_view key = ab_batch_entry_key(batch->older, i);
	size_t newest = 0;
	const bool found = ab_batch_find(batch, key.data, key.len, &newest);

	assert(found);
	return newest;
}

size_t *
ab_batch_versions(const struct ab_batch *batch)
{
	size_t *versions = ab_malloc(batch->count * sizeof(versions[0]));

	for (size_t i = 0; i < batch->count; i++)
		versions[i] = 1;
	for (size_t i = 0; batch->older != NULL && i < batch->older->count; i++)
		versions[newest_of(batch, i)]++;
	return versions;
}

/* Appends entry i of what is put aside as if it came again; *to is made with the first. */
static void
append_again(struct ab_batch **to, const struct ab_batch *batch, size_t i)
{
	const struct ab_batch *from = batch->older;
	const struct ab_entry *entry = &from->entries[i];
	const struct ab_view key = ab_batch_entry_key(from, i);
	const size_t start = ab_batch_start(from, i);

	if (*to == NULL)
		*to = ab_batch_new(batch->stream, batch->body.limit, batch->opened_ms);
	ab_batch_key(*to, key.data, key.len);
	ab_batch_mark(*to, entry->kind);
	ab_buf_add(&(*to)->body, from->body.data + start, entry->end - start);
	ab_batch_commit(*to, entry->ordinal, ab_batch_entry_record(from, i));
}

struct ab_batch *
ab_batch_fallback(struct ab_batch *batch)
{
	struct ab_batch *fallback = NULL;

	if (batch->older == NULL || batch->reasons.len == 0)
		return NULL;
	for (size_t i = 0; i < batch->older->count; i++) {
		const size_t newest = newest_of(batch, i);
		if (batch->entries[newest].key_rejected)
			ab_batch_reject(batch->older, i, "%s", ab_batch_reason(batch, newest));
		else if (batch->entries[newest].rejected)
			append_again(&fallback, batch, i);
	}
	if (fallback == NULL)
		return NULL;
	ab_batch_seal(fallback);
	fallback->sequence = batch->sequence;
	assert(fallback->first >= batch->first && fallback->first <= batch->last);
	fallback->last = batch->last;
	batch->last = fallback->first - 1;
	return fallback;
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
