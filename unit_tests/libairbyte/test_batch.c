#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "batch.h"

static const size_t mebibyte = (size_t)1 << 20;
static const struct ab_view no_record = {.data = NULL};

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct ab_view
view_of(const char *text)
{
	return (struct ab_view){text, strlen(text)};
}

/* key == NULL: none. */
static void
append(struct ab_batch *batch, uint64_t ordinal, const char *key, const char *body)
{
	if (key != NULL)
		ab_batch_key(batch, key, strlen(key));
	ab_buf_add_text(&batch->body, body);
	ab_batch_commit(batch, ordinal, no_record);
}

static void
expect_view(struct ab_view view, const char *text)
{
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.data, text, view.len);
}

static void
expect_body(const struct ab_batch *batch, const char *text)
{
	assert_int_equal(batch->body.len, strlen(text));
	assert_string_equal(batch->body.data, text);
}

static void
an_empty_batch_answers_for_nothing(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 7);

	(void)unused;
	assert_true(batch->last < batch->first);
	assert_int_equal(batch->opened_ms, 7);
	ab_batch_seal(batch);
	assert_int_equal(batch->count, 0);
	ab_batch_free(batch);
	ab_batch_free(NULL);
}

static void
entries_know_where_they_begin_and_end(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	append(batch, 5, NULL, "abc");
	append(batch, 6, NULL, "");
	append(batch, 7, NULL, "de");
	assert_int_equal(batch->count, 3);
	assert_int_equal(batch->first, 5);
	assert_int_equal(batch->last, 7);
	assert_int_equal(ab_batch_start(batch, 0), 0);
	assert_int_equal(ab_batch_start(batch, 1), 3);
	assert_int_equal(ab_batch_start(batch, 2), 3);
	assert_int_equal(batch->entries[2].end, 5);
	assert_null(ab_batch_entry_key(batch, 0).data);
	assert_null(ab_batch_entry_record(batch, 0).data);
	expect_body(batch, "abcde");
	ab_batch_free(batch);
}

static void
a_rollback_takes_back_body_key_and_mark(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 10, 0);

	(void)unused;
	append(batch, 1, "k1", "abc");
	ab_batch_key(batch, "k2", 2);
	ab_batch_mark(batch, 3);
	ab_buf_add_text(&batch->body, "this does not fit");
	assert_true(batch->body.overflowed);
	ab_batch_rollback(batch);
	append(batch, 2, NULL, "de");
	assert_int_equal(batch->entries[1].kind, 0);
	assert_null(ab_batch_entry_key(batch, 1).data);
	assert_int_equal(batch->keys.len, 2);
	expect_body(batch, "abcde");
	ab_batch_free(batch);
}

static void
a_second_key_replaces_the_first(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	ab_batch_key(batch, "wrong", 5);
	append(batch, 1, "right", "a");
	expect_view(ab_batch_entry_key(batch, 0), "right");
	assert_int_equal(batch->keys.len, 5);
	ab_batch_free(batch);
}

static void
skipped_ordinals_are_answered_for(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	ab_buf_add_text(&batch->body, "half a reco");
	ab_batch_skip(batch, 8);
	append(batch, 9, NULL, "a");
	ab_batch_skip(batch, 10);
	ab_buf_add_text(&batch->body, "half a reco");
	ab_batch_seal(batch);
	assert_int_equal(batch->first, 8);
	assert_int_equal(batch->last, 10);
	assert_int_equal(batch->count, 1);
	expect_body(batch, "a");
	ab_batch_free(batch);
}

static void
the_last_version_of_a_key_is_kept(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	append(batch, 1, "x", "x1 ");
	append(batch, 2, "y", "y1 ");
	append(batch, 3, NULL, "n1 ");
	append(batch, 4, "x", "x2 ");
	ab_batch_mark(batch, 9);
	append(batch, 5, "x", "x3 ");
	append(batch, 6, NULL, "n2 ");
	ab_batch_seal(batch);
	assert_int_equal(batch->count, 4);
	expect_body(batch, "y1 n1 x3 n2 ");
	expect_view(ab_batch_entry_key(batch, 0), "y");
	expect_view(ab_batch_entry_key(batch, 2), "x");
	assert_int_equal(batch->entries[2].ordinal, 5);
	assert_int_equal(batch->entries[2].stands_for, 1);
	assert_int_equal(batch->entries[2].kind, 9);
	assert_int_equal(batch->first, 1);
	assert_int_equal(batch->last, 6);
	assert_int_equal(batch->keys.len, 2);
	ab_batch_free(batch);
}

static void
raw_records_are_kept_and_removed_with_their_entries(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	ab_batch_key(batch, "x", 1);
	ab_batch_commit(batch, 1, view_of("{1}"));
	ab_batch_key(batch, "y", 1);
	ab_batch_commit(batch, 2, view_of("{22}"));
	ab_batch_key(batch, "x", 1);
	ab_batch_commit(batch, 3, view_of("{333}"));
	ab_batch_seal(batch);
	expect_view(ab_batch_entry_record(batch, 0), "{22}");
	expect_view(ab_batch_entry_record(batch, 1), "{333}");
	assert_int_equal(batch->records.len, 9);
	ab_batch_free(batch);
}

static void
the_first_reason_stays(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	append(batch, 1, NULL, "a");
	append(batch, 2, NULL, "b");
	ab_batch_seal(batch);
	assert_null(ab_batch_reason(batch, 1));
	ab_batch_reject(batch, 1, "field %s is %d", "age", -1);
	ab_batch_reject(batch, 1, "something else");
	ab_batch_reject(batch, 0, "no");
	assert_string_equal(ab_batch_reason(batch, 0), "no");
	assert_string_equal(ab_batch_reason(batch, 1), "field age is -1");
	ab_batch_free(batch);
}

static void
a_long_reason_is_cut_between_characters(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);
	char text[3 * AB_BATCH_REASON_MAX + 2] = "";

	(void)unused;
	for (size_t shift = 0; shift < 3; shift++) {
		for (size_t i = 0; i < shift; i++)
			text[i] = 'a';
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xE2\x82\xAC", 4);
		append(batch, shift + 1, NULL, "a");
		ab_batch_reject(batch, shift, "%s", text);
		const char *reason = ab_batch_reason(batch, shift);
		const size_t len = strlen(reason);
		assert_true(len < AB_BATCH_REASON_MAX && len > AB_BATCH_REASON_MAX - 4);
		assert_int_equal((len - shift) % 3, 0);
		assert_memory_equal(reason, text, len);
	}
	ab_batch_free(batch);
}

/* A sealed batch of these records; the n-th is raw text of its own too. */
static struct ab_batch *
batch_of(uint64_t first, const char *const bodies[], size_t count)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	for (size_t i = 0; i < count; i++) {
		ab_buf_add_text(&batch->body, bodies[i]);
		ab_batch_commit(batch, first + i, view_of(bodies[i]));
	}
	ab_batch_seal(batch);
	return batch;
}

static void
batches_that_follow_each_other_become_one(void **unused)
{
	static const char *const bodies[] = {"a,", "bb,", "", "ccc,"};
	struct ab_batch *batch = batch_of(7, bodies, 2);

	(void)unused;
	assert_true(ab_batch_merge(batch, batch_of(9, bodies + 2, 2), 4, 9));
	assert_int_equal(batch->count, 4);
	expect_body(batch, "a,bb,ccc,");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(batch->entries[i].ordinal, 7 + i);
		assert_int_equal(
		    batch->entries[i].end - ab_batch_start(batch, i), strlen(bodies[i]));
		if (i != 2)
			expect_view(ab_batch_entry_record(batch, i), bodies[i]);
	}
	assert_int_equal(batch->first, 7);
	assert_int_equal(batch->last, 10);
	struct ab_batch *second = ab_batch_split(batch);
	expect_body(batch, "a,bb,");
	expect_body(second, "ccc,");
	assert_int_equal(second->first, 9);
	ab_batch_free(second);
	ab_batch_free(batch);
}

static void
batches_that_must_stay_apart_do(void **unused)
{
	static const char *const bodies[] = {"a,", "bb,"};
	struct ab_batch *batch = batch_of(1, bodies, 2);
	struct ab_batch *next = batch_of(3, bodies, 2);
	struct ab_batch *later = batch_of(4, bodies, 1);
	struct ab_batch *keyed = ab_batch_new(NULL, 100, 0);

	(void)unused;
	append(keyed, 3, "k", "x");
	ab_batch_seal(keyed);
	assert_false(ab_batch_merge(batch, next, 3, 100));
	assert_false(ab_batch_merge(batch, next, 100, 9));
	/* Ordinal 3 was answered for by somebody else. */
	assert_false(ab_batch_merge(batch, later, 100, 100));
	assert_false(ab_batch_merge(batch, keyed, 100, 100));
	assert_int_equal(batch->count, 2);
	expect_body(batch, "a,bb,");
	assert_true(ab_batch_merge(batch, next, 4, 10));
	ab_batch_free(batch);
	ab_batch_free(later);
	ab_batch_free(keyed);
}

static void
a_split_divides_entries_and_ordinals(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	ab_batch_skip(batch, 10);
	append(batch, 11, "a", "a ");
	append(batch, 12, NULL, "b ");
	ab_batch_skip(batch, 13);
	append(batch, 14, "c", "c ");
	append(batch, 15, NULL, "d ");
	append(batch, 16, NULL, "e ");
	ab_batch_skip(batch, 17);
	ab_batch_seal(batch);
	ab_batch_reject(batch, 0, "why a");
	ab_batch_reject(batch, 3, "why d");
	struct ab_batch *second = ab_batch_split(batch);
	expect_body(batch, "a b ");
	expect_body(second, "c d e ");
	assert_int_equal(batch->first, 10);
	assert_int_equal(batch->last, 13);
	assert_int_equal(second->first, 14);
	assert_int_equal(second->last, 17);
	expect_view(ab_batch_entry_key(second, 0), "c");
	assert_string_equal(ab_batch_reason(batch, 0), "why a");
	assert_string_equal(ab_batch_reason(second, 1), "why d");
	assert_null(ab_batch_reason(second, 0));
	ab_batch_free(batch);
	ab_batch_free(second);
}

/* Record 1 is safe only when its last version, 5, is: that half must answer for 1. */
static void
a_split_never_parts_a_record_from_its_last_version(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 100, 0);

	(void)unused;
	append(batch, 1, "x", "x1 ");
	append(batch, 2, NULL, "a ");
	append(batch, 3, NULL, "b ");
	append(batch, 4, NULL, "c ");
	append(batch, 5, "x", "x2 ");
	ab_batch_seal(batch);
	struct ab_batch *second = ab_batch_split(batch);
	expect_body(batch, "a x2 ");
	expect_body(second, "b c ");
	assert_int_equal(batch->first, 1);
	assert_int_equal(batch->last, 2);
	assert_int_equal(second->first, 3);
	assert_int_equal(second->last, 5);
	ab_batch_free(batch);
	ab_batch_free(second);
}

static void
batches_share_a_key_only_if_both_have_it(void **unused)
{
	struct ab_batch *a = ab_batch_new(NULL, 100, 0);
	struct ab_batch *b = ab_batch_new(NULL, 100, 0);
	struct ab_batch *none = ab_batch_new(NULL, 100, 0);

	(void)unused;
	append(a, 1, "one", "1");
	append(a, 2, "two", "2");
	append(a, 3, NULL, "3");
	append(b, 4, "twoo", "4");
	append(b, 5, "tw", "5");
	append(none, 6, NULL, "6");
	assert_false(ab_batch_shares_key(a, b));
	assert_false(ab_batch_shares_key(a, none));
	assert_false(ab_batch_shares_key(none, none));
	append(b, 6, "two", "6");
	assert_true(ab_batch_shares_key(a, b));
	assert_true(ab_batch_shares_key(b, a));
	ab_batch_free(a);
	ab_batch_free(b);
	ab_batch_free(none);
}

static void
a_small_batch_takes_little_memory(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, 64 * mebibyte, 0);

	(void)unused;
	assert_true(ab_batch_bytes(batch) < 1024);
	append(batch, 1, "key", "body");
	assert_true(ab_batch_bytes(batch) < 4096);
	ab_batch_free(batch);
}

static void
a_large_body_is_held(void **unused)
{
	const size_t size = 64 * mebibyte;
	struct ab_batch *batch = ab_batch_new(NULL, size, 0);
	char *record = malloc(mebibyte);

	(void)unused;
	assert_non_null(record);
	memset(record, 'x', mebibyte);
	for (uint64_t i = 1; i <= 64; i++) {
		ab_buf_add(&batch->body, record, mebibyte);
		ab_batch_commit(batch, i, no_record);
	}
	ab_buf_add_char(&batch->body, 'x');
	assert_true(batch->body.overflowed);
	ab_batch_rollback(batch);
	ab_batch_seal(batch);
	assert_int_equal(batch->body.len, size);
	assert_true(ab_batch_bytes(batch) < size + mebibyte);
	ab_batch_free(batch);
	free(record);
}

/* --- against a model that compares every record with every other --- */

enum { RECORDS_MAX = 400 };

static uint64_t seed_in_use; /* 0: none */

static int
tell_seed(void **unused)
{
	(void)unused;
	if (seed_in_use != 0)
		print_message("seed %llu\n", (unsigned long long)seed_in_use);
	seed_in_use = 0;
	return 0;
}

struct modelled {
	char key[24]; /* "": none */
	char body[16];
	char raw[16];
	uint8_t kind;
	bool skipped;
};

struct model {
	uint64_t random;
	uint64_t first; /* the ordinal of records[0] */
	size_t count;
	struct modelled records[RECORDS_MAX];
};

static struct modelled *
record_of(struct model *model, uint64_t ordinal)
{
	assert_in_range(ordinal, model->first, model->first + model->count - 1);
	return &model->records[ordinal - model->first];
}

static bool
same_key(const struct modelled *a, const struct modelled *b)
{
	return !a->skipped && !b->skipped && a->key[0] != '\0' && strcmp(a->key, b->key) == 0;
}

static bool
is_last_version(const struct model *model, size_t i)
{
	for (size_t j = i + 1; j < model->count; j++) {
		if (same_key(&model->records[i], &model->records[j]))
			return false;
	}
	return !model->records[i].skipped;
}

static void
add_random_record(struct model *model, struct ab_batch *batch, unsigned keys)
{
	struct modelled *record = &model->records[model->count];
	const uint64_t shape = next_random(&model->random);
	const uint64_t ordinal = model->first + model->count++;

	if (shape % 10 == 0) { /* begun, and taken back */
		ab_batch_key(batch, "taken back", 10);
		ab_buf_add_text(&batch->body, "taken back");
		if (shape % 20 == 0)
			ab_batch_rollback(batch);
	}
	if (shape % 30 == 10) {
		record->skipped = true;
		ab_batch_skip(batch, ordinal);
		return;
	}
	if (shape % 20 == 10)
		ab_batch_rollback(batch);
	record->kind = (uint8_t)(shape >> 8 & 3);
	if (keys > 0 && (shape >> 16) % 8 != 0)
		snprintf(record->key, sizeof(record->key), "k%llu",
		    (unsigned long long)(shape >> 20) % keys);
	snprintf(record->body, sizeof(record->body), "%.*s<%llu>", (int)(shape >> 12 & 7),
	    "#######", (unsigned long long)ordinal);
	if ((shape >> 50) % 4 != 0)
		snprintf(record->raw, sizeof(record->raw), "{%llu}", (unsigned long long)ordinal);
	if (record->key[0] != '\0')
		ab_batch_key(batch, record->key, strlen(record->key));
	if (record->kind != 0)
		ab_batch_mark(batch, record->kind);
	ab_buf_add_text(&batch->body, record->body);
	ab_batch_commit(batch, ordinal, view_of(record->raw));
}

static void
expect_entry(struct model *model, const struct ab_batch *batch, size_t i)
{
	const struct ab_entry *entry = &batch->entries[i];
	const struct modelled *record = record_of(model, entry->ordinal);
	const size_t start = ab_batch_start(batch, i);

	assert_false(entry->superseded);
	assert_int_equal(entry->kind, record->kind);
	expect_view((struct ab_view){batch->body.data + start, entry->end - start}, record->body);
	expect_view(ab_batch_entry_key(batch, i), record->key);
	expect_view(ab_batch_entry_record(batch, i), record->raw);
}

/* All versions of the record of an entry lie in the ordinals the batch answers for. */
static void
expect_all_versions_within(struct model *model, const struct ab_batch *batch, size_t i)
{
	const struct modelled *record = record_of(model, batch->entries[i].ordinal);
	uint64_t earliest = batch->entries[i].ordinal;

	for (size_t j = model->count; j-- > 0;) {
		if (same_key(&model->records[j], record))
			earliest = model->first + j;
	}
	assert_int_equal(batch->entries[i].stands_for, earliest);
	assert_in_range(earliest, batch->first, batch->last);
}

/* Halves a batch again and again; returns how many entries its parts have. */
static size_t
expect_parts(struct model *model, struct ab_batch *whole)
{
	struct ab_batch *stack[RECORDS_MAX];
	size_t depth = 0;
	size_t entries = 0;

	stack[depth++] = whole;
	while (depth > 0) {
		struct ab_batch *part = stack[depth - 1];
		for (size_t i = 0; i < part->count; i++) {
			expect_entry(model, part, i);
			expect_all_versions_within(model, part, i);
		}
		if (part->count < 2) {
			entries += part->count;
			depth--;
			ab_batch_free(part);
			continue;
		}
		const size_t count = part->count;
		const uint64_t last = part->last;
		struct ab_batch *second = ab_batch_split(part);
		assert_int_equal(part->count, count / 2);
		assert_int_equal(second->count, count - count / 2);
		assert_int_equal(part->last + 1, second->first);
		assert_int_equal(second->last, last);
		assert_false(ab_batch_shares_key(part, second));
		assert_int_equal(ab_batch_shares_key(second, second), second->keys.len > 0);
		stack[depth++] = second;
	}
	return entries;
}

static void
expect_sealed(struct model *model, const struct ab_batch *batch)
{
	size_t entry = 0;

	for (size_t i = 0; i < model->count; i++) {
		if (!is_last_version(model, i))
			continue;
		assert_true(entry < batch->count);
		assert_int_equal(batch->entries[entry].ordinal, model->first + i);
		expect_entry(model, batch, entry++);
	}
	assert_int_equal(batch->count, entry);
	assert_int_equal(batch->first, model->first);
	assert_int_equal(batch->last, model->first + model->count - 1);
}

static bool
model_shares_key(const struct model *a, const struct model *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			if (same_key(&a->records[i], &b->records[j]))
				return true;
		}
	}
	return false;
}

static struct ab_batch *
random_batch(struct model *model, uint64_t seed)
{
	static const unsigned keys[] = {0, 1, 3, 20, 1000, 100000};
	struct ab_batch *batch = ab_batch_new(NULL, mebibyte, 0);

	*model = (struct model){.random = seed * 0x9E3779B97F4A7C15};
	model->first = 1 + next_random(&model->random) % 1000;
	const size_t count = 1 + next_random(&model->random) % RECORDS_MAX;
	const unsigned choice = keys[next_random(&model->random) % 6];
	for (size_t i = 0; i < count; i++)
		add_random_record(model, batch, choice);
	ab_batch_seal(batch);
	return batch;
}

static void
random_batches_are_as_the_model_says(void **unused)
{
	struct model *model = ab_malloc(sizeof(*model));

	(void)unused;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		seed_in_use = seed;
		struct ab_batch *batch = random_batch(model, seed);
		expect_sealed(model, batch);
		const size_t count = batch->count;
		assert_int_equal(expect_parts(model, batch), count);
	}
	seed_in_use = 0;
	free(model);
}

static void
random_batches_share_keys_as_the_model_says(void **unused)
{
	struct model *a = ab_malloc(sizeof(*a));
	struct model *b = ab_malloc(sizeof(*b));
	size_t shared = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		seed_in_use = seed;
		struct ab_batch *x = random_batch(a, 2 * seed);
		struct ab_batch *y = random_batch(b, 2 * seed + 1);
		const bool shares = model_shares_key(a, b);
		assert_int_equal(ab_batch_shares_key(x, y), shares);
		shared += shares ? 1 : 0;
		ab_batch_free(x);
		ab_batch_free(y);
	}
	assert_in_range(shared, 80, 320);
	seed_in_use = 0;
	free(a);
	free(b);
}

/* Keys of all lengths that differ in their last byte only. */
static void
keys_of_all_lengths_are_told_apart(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, mebibyte, 0);
	char key[300];
	uint64_t ordinal = 0;

	(void)unused;
	memset(key, 0, sizeof(key));
	for (size_t round = 0; round < 2; round++) {
		for (size_t len = 1; len <= sizeof(key); len++) {
			for (char last = 0; last < 4; last++) {
				key[len - 1] = last;
				ab_batch_key(batch, key, len);
				ab_buf_add_char(&batch->body, 'x');
				ab_batch_commit(batch, ++ordinal, no_record);
			}
			key[len - 1] = 0;
		}
	}
	ab_batch_seal(batch);
	assert_int_equal(batch->count, 4 * sizeof(key));
	assert_int_equal(batch->entries[0].ordinal, 4 * sizeof(key) + 1);
	ab_batch_free(batch);
}

static void
a_key_is_found_as_soon_as_it_is_committed(void **state)
{
	struct ab_batch *batch = ab_batch_new(NULL, 1 << 20, 0);
	size_t i = 7;

	(void)state;
	assert_false(ab_batch_find(batch, "a", 1, &i));
	for (uint64_t ordinal = 1; ordinal <= 100; ordinal++) {
		char key[8];
		const int len = snprintf(key, sizeof(key), "%u", (unsigned)(ordinal % 60));
		ab_batch_key(batch, key, (size_t)len);
		if (ordinal < 60)
			assert_false(ab_batch_find(batch, key, (size_t)len, &i));
		ab_buf_add_text(&batch->body, "x");
		ab_batch_commit(batch, ordinal, (struct ab_view){0});
	}
	assert_false(ab_batch_find(batch, "60", 2, &i));
	assert_false(ab_batch_find(batch, "", 0, &i));
	assert_true(ab_batch_find(batch, "59", 2, &i));
	assert_int_equal(batch->entries[i].ordinal, 59);
	assert_true(ab_batch_find(batch, "1", 1, &i));
	assert_int_equal(batch->entries[i].ordinal, 61);
	ab_batch_seal(batch);
	assert_true(ab_batch_find(batch, "1", 1, &i));
	assert_int_equal(batch->entries[i].ordinal, 61);
	ab_batch_free(batch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_found_as_soon_as_it_is_committed),
	    cmocka_unit_test(an_empty_batch_answers_for_nothing),
	    cmocka_unit_test(entries_know_where_they_begin_and_end),
	    cmocka_unit_test(a_rollback_takes_back_body_key_and_mark),
	    cmocka_unit_test(a_second_key_replaces_the_first),
	    cmocka_unit_test(skipped_ordinals_are_answered_for),
	    cmocka_unit_test(the_last_version_of_a_key_is_kept),
	    cmocka_unit_test(raw_records_are_kept_and_removed_with_their_entries),
	    cmocka_unit_test(the_first_reason_stays),
	    cmocka_unit_test(a_long_reason_is_cut_between_characters),
	    cmocka_unit_test(batches_that_follow_each_other_become_one),
	    cmocka_unit_test(batches_that_must_stay_apart_do),
	    cmocka_unit_test(a_split_divides_entries_and_ordinals),
	    cmocka_unit_test(a_split_never_parts_a_record_from_its_last_version),
	    cmocka_unit_test(batches_share_a_key_only_if_both_have_it),
	    cmocka_unit_test(a_small_batch_takes_little_memory),
	    cmocka_unit_test(a_large_body_is_held),
	    cmocka_unit_test_teardown(random_batches_are_as_the_model_says, tell_seed),
	    cmocka_unit_test_teardown(random_batches_share_keys_as_the_model_says, tell_seed),
	    cmocka_unit_test(keys_of_all_lengths_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
