/*
 * The table of keys holds, per slot, the upper half of the key's hash over the entry's index + 1;
 * an empty slot is 0. A probe compares the half hash before it looks at the entry, and growing
 * needs no key to be hashed again.
 */
#include "batch.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bytes.h"

enum { ENTRIES_FIRST = 16, SLOTS_FIRST = 32 };

static const size_t unbounded = SIZE_MAX / 2;

static_assert(sizeof(struct ab_entry) == 4 * sizeof(uint64_t) + 4 * sizeof(uint32_t),
    "entries have no padding: they are written to disk");

struct ab_batch *
ab_batch_new(struct ab_stream *stream, size_t body_limit, int64_t now_ms)
{
	struct ab_batch *batch = ab_calloc(1, sizeof(*batch));

	batch->stream = stream;
	batch->first = 1;
	batch->opened_ms = now_ms;
	ab_buf_init(&batch->body, body_limit);
	ab_buf_init(&batch->keys, UINT32_MAX);
	ab_buf_init(&batch->records, unbounded);
	ab_buf_init(&batch->reasons, UINT32_MAX);
	return batch;
}

void
ab_batch_free(struct ab_batch *batch)
{
	if (batch == NULL)
		return;
	ab_batch_free(batch->older);
	ab_buf_release(&batch->body);
	ab_buf_release(&batch->keys);
	ab_buf_release(&batch->records);
	ab_buf_release(&batch->reasons);
	free(batch->entries);
	free(batch->slots);
	free(batch);
}

size_t
ab_batch_start(const struct ab_batch *batch, size_t i)
{
	return i > 0 ? batch->entries[i - 1].end : 0;
}

static size_t
record_start(const struct ab_batch *batch, size_t i)
{
	return i > 0 ? batch->entries[i - 1].record_end : 0;
}

struct ab_view
ab_batch_entry_key(const struct ab_batch *batch, size_t i)
{
	const struct ab_entry *entry = &batch->entries[i];

	if (entry->key_len == 0)
		return (struct ab_view){.data = NULL};
	return (struct ab_view){batch->keys.data + entry->key_at, entry->key_len};
}

struct ab_view
ab_batch_entry_record(const struct ab_batch *batch, size_t i)
{
	const size_t start = record_start(batch, i);
	const size_t end = batch->entries[i].record_end;

	if (start == end)
		return (struct ab_view){.data = NULL};
	return (struct ab_view){batch->records.data + start, end - start};
}

/* --- keys --- */

static uint32_t
hash(struct ab_view key)
{
	const uint64_t odd = 0x9E3779B97F4A7C15; /* 2^64 over the golden ratio */
	const char *at = key.data;
	size_t left = key.len;
	uint64_t h = key.len * odd;
	uint64_t word;

	assert(at != NULL);
	for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = (h ^ word) * odd;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, at, left);
	h = (h ^ word) * odd;
	h = (h ^ h >> 32) * odd;
	return (uint32_t)(h >> 32);
}

static uint64_t
slot_of(uint32_t half, size_t i)
{
	return (uint64_t)half << 32 | (uint32_t)(i + 1);
}

static size_t
slot_entry(uint64_t slot)
{
	return (uint32_t)slot - 1;
}

/* The slot that holds the key, or the empty one where it belongs; the table must not be full. */
static uint64_t *
find_slot(const struct ab_batch *batch, struct ab_view key, uint32_t half)
{
	const size_t mask = batch->slots_cap - 1;

	assert(key.data != NULL);
	for (size_t at = half & mask;; at = (at + 1) & mask) {
		uint64_t *slot = &batch->slots[at];
		if (*slot == 0)
			return slot;
		if (*slot >> 32 != half)
			continue;
		const struct ab_entry *other = &batch->entries[slot_entry(*slot)];
		if (other->key_len == key.len &&
		    ab_bytes_same(batch->keys.data + other->key_at, key.data, key.len))
			return slot;
	}
}

bool
ab_batch_find(const struct ab_batch *batch, const char *bytes, size_t len, size_t *i)
{
	const struct ab_view key = {bytes, len};

	if (batch->slots == NULL || len == 0)
		return false;
	const uint64_t *slot = find_slot(batch, key, hash(key));
	if (*slot == 0)
		return false;
	*i = slot_entry(*slot);
	return true;
}

/* For a key that is known not to be in the table. */
static void
place_slot(uint64_t *slots, size_t cap, uint64_t slot)
{
	size_t at = (size_t)(slot >> 32) & (cap - 1);

	while (slots[at] != 0)
		at = (at + 1) & (cap - 1);
	slots[at] = slot;
}

/* At most three quarters full, counting every entry as a key. */
static void
grow_slots(struct ab_batch *batch)
{
	if (batch->slots_cap / 4 * 3 > batch->count)
		return;
	size_t cap = batch->slots_cap > 0 ? batch->slots_cap : SLOTS_FIRST;
	while (cap / 4 * 3 <= batch->count)
		cap *= 2;
	uint64_t *slots = ab_calloc(cap, sizeof(slots[0]));
	for (size_t i = 0; i < batch->slots_cap; i++) {
		if (batch->slots[i] != 0)
			place_slot(slots, cap, batch->slots[i]);
	}
	free(batch->slots);
	batch->slots = slots;
	batch->slots_cap = cap;
}

void
ab_batch_index(struct ab_batch *batch)
{
	free(batch->slots);
	batch->slots = NULL;
	batch->slots_cap = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct ab_view key = ab_batch_entry_key(batch, i);
		if (key.len == 0)
			continue;
		if (batch->slots == NULL)
			grow_slots(batch);
		place_slot(batch->slots, batch->slots_cap, slot_of(hash(key), i));
	}
}

bool
ab_batch_shares_key(const struct ab_batch *a, const struct ab_batch *b)
{
	const struct ab_batch *few = a->count < b->count ? a : b;
	const struct ab_batch *many = few == a ? b : a;

	if (many->slots == NULL || few->slots == NULL)
		return false;
	for (size_t i = 0; i < few->count; i++) {
		const struct ab_view key = ab_batch_entry_key(few, i);
		if (key.len > 0 && *find_slot(many, key, hash(key)) != 0)
			return true;
	}
	return false;
}

/* --- appending --- */

void
ab_batch_key(struct ab_batch *batch, const char *bytes, size_t len)
{
	assert(len > 0 && len <= AB_BATCH_KEY_MAX);
	if (batch->pending.key_len > 0)
		ab_buf_truncate(&batch->keys, batch->pending.key_at);
	batch->pending.key_at = (uint32_t)batch->keys.len;
	batch->pending.key_len = (uint32_t)len;
	ab_buf_add(&batch->keys, bytes, len);
}

void
ab_batch_mark(struct ab_batch *batch, uint8_t kind)
{
	batch->pending.kind = kind;
}

static void
answer_for(struct ab_batch *batch, uint64_t ordinal)
{
	const bool none = batch->last < batch->first;

	assert(ordinal > 0 && (none || ordinal > batch->last));
	if (none)
		batch->first = ordinal;
	batch->last = ordinal;
}

/* The newest entry takes the place of an earlier one with the same key. */
static void
supersede(struct ab_batch *batch)
{
	const size_t i = batch->count - 1;
	const struct ab_view key = ab_batch_entry_key(batch, i);

	grow_slots(batch);
	const uint32_t half = hash(key);
	uint64_t *slot = find_slot(batch, key, half);
	if (*slot != 0) {
		struct ab_entry *earlier = &batch->entries[slot_entry(*slot)];
		earlier->superseded = true;
		batch->entries[i].stands_for = earlier->stands_for;
	}
	*slot = slot_of(half, i);
}

void
ab_batch_commit(struct ab_batch *batch, uint64_t ordinal, struct ab_view raw)
{
	assert(!batch->body.overflowed && !batch->keys.overflowed && batch->count < UINT32_MAX - 1);
	answer_for(batch, ordinal);
	if (batch->count == batch->cap) {
		batch->cap = batch->cap > 0 ? batch->cap * 2 : ENTRIES_FIRST;
		batch->entries = ab_realloc(batch->entries, batch->cap * sizeof(batch->entries[0]));
	}
	ab_buf_add(&batch->records, raw.data, raw.len);
	struct ab_entry *entry = &batch->entries[batch->count++];
	*entry = batch->pending;
	entry->ordinal = entry->stands_for = ordinal;
	entry->end = batch->body.len;
	entry->record_end = batch->records.len;
	batch->pending = (struct ab_entry){.key_len = 0};
	if (entry->key_len > 0)
		supersede(batch);
}

void
ab_batch_rollback(struct ab_batch *batch)
{
	ab_buf_truncate(&batch->body, ab_batch_start(batch, batch->count));
	if (batch->pending.key_len > 0)
		ab_buf_truncate(&batch->keys, batch->pending.key_at);
	batch->pending = (struct ab_entry){.key_len = 0};
}

void
ab_batch_skip(struct ab_batch *batch, uint64_t ordinal)
{
	ab_batch_rollback(batch);
	answer_for(batch, ordinal);
}

/* --- what the service said --- */

void
ab_batch_reject(struct ab_batch *batch, size_t i, const char *format, ...)
{
	struct ab_entry *entry = &batch->entries[i];
	char text[AB_BATCH_REASON_MAX + 1];
	va_list args;

	if (entry->rejected)
		return;
	va_start(args, format);
	const int rc = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	size_t len = rc > 0 ? (size_t)rc : 0;
	if (len > AB_BATCH_REASON_MAX - 1) {
		/* Not within a UTF-8 sequence: the reason becomes part of a JSON text. */
		len = AB_BATCH_REASON_MAX - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	text[len] = '\0';
	entry->rejected = true;
	entry->reason_at = (uint32_t)batch->reasons.len;
	ab_buf_add(&batch->reasons, text, len + 1);
	assert(!batch->reasons.overflowed);
}

void
ab_batch_reject_key(struct ab_batch *batch, size_t i, const char *reason)
{
	if (batch->entries[i].rejected)
		return;
	ab_batch_reject(batch, i, "%s", reason);
	batch->entries[i].key_rejected = true;
}

const char *
ab_batch_reason(const struct ab_batch *batch, size_t i)
{
	const struct ab_entry *entry = &batch->entries[i];

	return entry->rejected ? batch->reasons.data + entry->reason_at : NULL;
}

size_t
ab_batch_bytes(const struct ab_batch *batch)
{
	return sizeof(*batch) + batch->body.cap + batch->keys.cap + batch->records.cap +
	       batch->reasons.cap + batch->cap * sizeof(batch->entries[0]) +
	       batch->slots_cap * sizeof(batch->slots[0]) +
	       (batch->older != NULL ? ab_batch_bytes(batch->older) : 0);
}
