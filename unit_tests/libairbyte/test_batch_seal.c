/*
 * What becomes of earlier versions of a key. Bodies are "key" and ordinal: "x3 ".
 */
#include "testing.h"

#include "batch.h"

static const size_t limit = 1 << 16;

/* Of one version each; keys[i] is that of ordinal first + i, ' ' of one without. */
static struct ab_batch *
batch_of(uint64_t first, const char *keys)
{
	struct ab_batch *batch = ab_batch_new(NULL, limit, 7);

	for (uint64_t i = 0; keys[i] != '\0'; i++) {
		char raw[32];
		const int len =
		    snprintf(raw, sizeof(raw), "{%llu}", (unsigned long long)(first + i));
		if (keys[i] != ' ')
			ab_batch_key(batch, &keys[i], 1);
		ab_batch_mark(batch, (uint8_t)(first + i));
		ab_buf_printf(&batch->body, "%c%llu ", keys[i], (unsigned long long)(first + i));
		ab_batch_commit(batch, first + i, (struct ab_view){raw, (size_t)len});
	}
	ab_batch_seal(batch);
	return batch;
}

static void
expect_bodies(const struct ab_batch *batch, const char *bodies)
{
	assert_non_null(batch);
	assert_string_equal(batch->body.data, bodies);
	for (size_t i = 0; i < batch->count; i++) {
		const char *body = batch->body.data + ab_batch_start(batch, i);
		const struct ab_view record = ab_batch_entry_record(batch, i);
		const struct ab_entry *entry = &batch->entries[i];
		assert_int_equal(strtoull(body + 1, NULL, 10), entry->ordinal);
		assert_int_equal(strtoull(record.data + 1, NULL, 10), entry->ordinal);
		assert_int_equal(entry->kind, entry->ordinal);
		if (*body != ' ')
			assert_memory_equal(ab_batch_entry_key(batch, i).data, body, 1);
	}
}

static void
expect_range(const struct ab_batch *batch, uint64_t first, uint64_t last)
{
	assert_int_equal(batch->first, first);
	assert_int_equal(batch->last, last);
}

static size_t
entry_of(const struct ab_batch *batch, char key)
{
	size_t i = 0;

	assert_true(ab_batch_find(batch, &key, 1, &i));
	return i;
}

static void
reject(struct ab_batch *batch, char key)
{
	ab_batch_reject(batch, entry_of(batch, key), "no %c", key);
}

/* Settles a batch and goes on with what it falls back to. */
static struct ab_batch *
fall_back(struct ab_batch *batch)
{
	struct ab_batch *fallback = ab_batch_fallback(batch);

	ab_batch_free(batch);
	return fallback;
}

static void
nothing_is_put_aside_where_no_key_comes_twice(void **unused)
{
	struct ab_batch *batch = batch_of(1, "a b");

	(void)unused;
	assert_null(batch->older);
	ab_batch_reject(batch, 0, "no");
	ab_batch_reject_key(batch, 2, "no");
	assert_null(ab_batch_fallback(batch));
	expect_range(batch, 1, 3);
	ab_batch_free(batch);
}

static void
earlier_versions_are_put_aside_in_their_order(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xyx yx");
	const size_t without = ab_batch_bytes(batch) - ab_batch_bytes(batch->older);

	(void)unused;
	expect_bodies(batch, " 4 y5 x6 ");
	expect_bodies(batch->older, "x1 y2 x3 ");
	assert_null(batch->older->older);
	assert_true(ab_batch_bytes(batch) > without + sizeof(struct ab_batch));
	expect_range(batch, 1, 6);
	ab_batch_free(batch);
}

static void
what_is_put_aside_is_not_found(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xx");

	(void)unused;
	assert_int_equal(batch->entries[entry_of(batch, 'x')].ordinal, 2);
	assert_int_equal(batch->count, 1);
	ab_batch_free(batch);
}

static void
accepted_versions_leave_nothing_to_fall_back_to(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xyx");

	(void)unused;
	assert_null(ab_batch_fallback(batch));
	reject(batch, 'y');
	assert_null(ab_batch_fallback(batch));
	expect_range(batch, 1, 3);
	ab_batch_free(batch);
}

static void
the_version_before_a_rejected_one_takes_its_place(void **unused)
{
	struct ab_batch *batch = batch_of(11, "ayxbyxc");

	(void)unused;
	reject(batch, 'x');
	struct ab_batch *fallback = ab_batch_fallback(batch);
	expect_bodies(fallback, "x13 ");
	assert_int_equal(fallback->opened_ms, 7);
	assert_int_equal(fallback->entries[0].stands_for, 13);
	assert_false(fallback->entries[0].rejected || fallback->entries[0].superseded);
	expect_range(batch, 11, 12);
	expect_range(fallback, 13, 17);
	assert_null(fallback->older);
	assert_null(fall_back(fallback));
	ab_batch_free(batch);
}

static void
versions_are_tried_from_the_newest_to_the_oldest(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xyxyxx");

	(void)unused;
	reject(batch, 'x');
	reject(batch, 'y');
	batch = fall_back(batch);
	expect_bodies(batch, "y2 x5 ");
	expect_range(batch, 1, 6);
	reject(batch, 'x');
	batch = fall_back(batch);
	expect_bodies(batch, "x3 ");
	expect_range(batch, 1, 6);
	reject(batch, 'x');
	batch = fall_back(batch);
	expect_bodies(batch, "x1 ");
	reject(batch, 'x');
	assert_null(fall_back(batch));
}

static void
a_batch_all_of_whose_first_records_fall_back_answers_for_none(void **unused)
{
	struct ab_batch *batch = batch_of(5, "xx");

	(void)unused;
	reject(batch, 'x');
	struct ab_batch *fallback = ab_batch_fallback(batch);
	assert_true(batch->last < batch->first);
	expect_range(fallback, 5, 6);
	ab_batch_free(fallback);
	ab_batch_free(batch);
}

static void
a_refused_key_rejects_all_its_versions(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xyxyx");
	const size_t i = entry_of(batch, 'x');

	(void)unused;
	ab_batch_reject_key(batch, i, "no x");
	reject(batch, 'y');
	struct ab_batch *fallback = ab_batch_fallback(batch);
	assert_string_equal(ab_batch_reason(batch, i), "no x");
	assert_string_equal(ab_batch_reason(batch->older, 0), "no x");
	assert_null(ab_batch_reason(batch->older, 1));
	assert_string_equal(ab_batch_reason(batch->older, 2), "no x");
	expect_bodies(fallback, "y2 ");
	expect_range(batch, 1, 1);
	expect_range(fallback, 2, 5);
	ab_batch_free(fallback);
	ab_batch_free(batch);
}

static void
what_was_said_first_of_a_record_stays(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xx");

	(void)unused;
	ab_batch_reject(batch, 0, "too long");
	ab_batch_reject_key(batch, 0, "unknown");
	assert_string_equal(ab_batch_reason(batch, 0), "too long");
	batch = fall_back(batch);
	expect_bodies(batch, "x1 ");
	ab_batch_reject_key(batch, 0, "unknown");
	ab_batch_reject(batch, 0, "too long");
	assert_string_equal(ab_batch_reason(batch, 0), "unknown");
	ab_batch_free(batch);
}

static void
versions_are_counted(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xy x xz");
	size_t *versions = ab_batch_versions(batch);

	(void)unused;
	expect_bodies(batch, "y2  3  5 x6 z7 ");
	assert_int_equal(batch->count, 5);
	for (size_t i = 0; i < batch->count; i++)
		assert_int_equal(versions[i], batch->entries[i].ordinal == 6 ? 3 : 1);
	free(versions);
	ab_batch_free(batch);
}

static void
without_raw_records_none_fall_back(void **unused)
{
	struct ab_batch *batch = ab_batch_new(NULL, limit, 0);

	(void)unused;
	for (uint64_t ordinal = 1; ordinal <= 2; ordinal++) {
		ab_batch_key(batch, "x", 1);
		ab_buf_printf(&batch->body, "x%u ", (unsigned)ordinal);
		ab_batch_commit(batch, ordinal, (struct ab_view){.data = NULL});
	}
	ab_batch_seal(batch);
	reject(batch, 'x');
	batch = fall_back(batch);
	assert_string_equal(batch->body.data, "x1 ");
	assert_null(ab_batch_entry_record(batch, 0).data);
	ab_batch_free(batch);
}

static void
a_split_takes_older_versions_along(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xyzyxzwx");
	struct ab_batch *second = ab_batch_split(batch);

	(void)unused;
	expect_bodies(batch, "y4 x8 ");
	expect_bodies(batch->older, "x1 y2 x5 ");
	expect_range(batch, 1, 2);
	expect_bodies(second, "z6 w7 ");
	expect_bodies(second->older, "z3 ");
	expect_range(second, 3, 8);
	reject(second, 'z');
	reject(second, 'w');
	second = fall_back(second);
	expect_bodies(second, "z3 ");
	expect_range(second, 3, 8);
	ab_batch_free(second);
	reject(batch, 'x');
	batch = fall_back(batch);
	expect_bodies(batch, "x5 ");
	expect_bodies(batch->older, "x1 ");
	expect_range(batch, 1, 2);
	ab_batch_free(batch);
}

static void
a_half_without_older_versions_keeps_nothing(void **unused)
{
	struct ab_batch *first = batch_of(1, "abxx");
	struct ab_batch *other = batch_of(1, "xxab");
	struct ab_batch *second = ab_batch_split(first);
	struct ab_batch *second_other = ab_batch_split(other);

	(void)unused;
	assert_null(first->older);
	expect_bodies(second->older, "x3 ");
	expect_bodies(other->older, "x1 ");
	assert_null(second_other->older);
	ab_batch_free(first);
	ab_batch_free(second);
	ab_batch_free(other);
	ab_batch_free(second_other);
}

static void
what_falls_back_can_be_split(void **unused)
{
	struct ab_batch *batch = batch_of(1, "xyxyxy");

	(void)unused;
	reject(batch, 'x');
	reject(batch, 'y');
	batch = fall_back(batch);
	struct ab_batch *second = ab_batch_split(batch);
	expect_bodies(batch, "x3 ");
	expect_bodies(batch->older, "x1 ");
	expect_range(batch, 1, 1);
	expect_bodies(second, "y4 ");
	expect_range(second, 2, 6);
	reject(batch, 'x');
	struct ab_batch *fallback = ab_batch_fallback(batch);
	expect_bodies(fallback, "x1 ");
	expect_range(fallback, 1, 1);
	ab_batch_free(fallback);
	ab_batch_free(batch);
	ab_batch_free(second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_put_aside_where_no_key_comes_twice),
	    cmocka_unit_test(earlier_versions_are_put_aside_in_their_order),
	    cmocka_unit_test(what_is_put_aside_is_not_found),
	    cmocka_unit_test(accepted_versions_leave_nothing_to_fall_back_to),
	    cmocka_unit_test(the_version_before_a_rejected_one_takes_its_place),
	    cmocka_unit_test(versions_are_tried_from_the_newest_to_the_oldest),
	    cmocka_unit_test(a_batch_all_of_whose_first_records_fall_back_answers_for_none),
	    cmocka_unit_test(a_refused_key_rejects_all_its_versions),
	    cmocka_unit_test(what_was_said_first_of_a_record_stays),
	    cmocka_unit_test(versions_are_counted),
	    cmocka_unit_test(without_raw_records_none_fall_back),
	    cmocka_unit_test(a_split_takes_older_versions_along),
	    cmocka_unit_test(a_half_without_older_versions_keeps_nothing),
	    cmocka_unit_test(what_falls_back_can_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
