#include "testing.h"

#include "alloc.h"
#include "state_text.h"

static const size_t mebibyte = (size_t)1 << 20;

static struct ab_state_texts texts;
static struct ab_buf line;
static struct ab_error err;

static int
set_up(void **state)
{
	(void)state;
	ab_state_texts_init(&texts);
	ab_buf_init(&line, 8 * mebibyte);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_buf_release(&line);
	ab_state_texts_release(&texts);
	return 0;
}

/* Keeps a text and gives it back, with 5 records accepted and 2 rejected. */
static void
expect_back(const struct ab_state_text *text, const char *expected)
{
	struct ab_kept_text kept;

	assert_int_equal(ab_state_texts_keep(&texts, text, &kept, &err), 0);
	assert_int_equal(ab_state_texts_put(&texts, &kept, 5, 2, &line, &err), 0);
	assert_string_equal(line.data, expected);
	ab_buf_reset(&line);
	ab_state_texts_forget(&texts, &kept);
	assert_int_equal(texts.bytes, 0);
}

#define STATS "\"destinationStats\":{\"recordCount\":5.0,\"rejectedRecordCount\":2.0}"

static void
what_is_cut_is_replaced(void **state)
{
	static const char text[] = "{\"destinationStats\":null,\"id\":7}";

	(void)state;
	expect_back(
	    &(struct ab_state_text){.line = {text, sizeof(text) - 1}, .cut_at = 1, .cut_len = 23},
	    "{" STATS ",\"id\":7}");
}

static void
where_nothing_is_cut_it_is_added(void **state)
{
	static const char text[] = "{\"id\":7}";

	(void)state;
	expect_back(
	    &(struct ab_state_text){.line = {text, sizeof(text) - 1}, .cut_at = 7, .comma = true},
	    "{\"id\":7," STATS "}");
}

static void
a_bare_text_leaves_as_it_is(void **state)
{
	static const char text[] = "{\"bookmarks\": {}}";

	(void)state;
	expect_back(&(struct ab_state_text){.line = {text, sizeof(text) - 1}, .bare = true}, text);
}

static void
the_largest_counts_have_room(void **state)
{
	static const char text[] = "{\"id\":7}";
	const struct ab_state_text where = {
	    .line = {text, sizeof(text) - 1}, .cut_at = 7, .comma = true};
	struct ab_kept_text kept;

	(void)state;
	assert_int_equal(ab_state_texts_keep(&texts, &where, &kept, &err), 0);
	assert_int_equal(ab_state_texts_put(&texts, &kept, UINT64_MAX, UINT64_MAX, &line, &err), 0);
	assert_string_equal(line.data,
	    "{\"id\":7,\"destinationStats\":{\"recordCount\":18446744073709551615.0,"
	    "\"rejectedRecordCount\":18446744073709551615.0}}");
	ab_state_texts_forget(&texts, &kept);
}

static void
a_line_has_room_to_the_byte(void **state)
{
	static const char text[] = "{}";
	const struct ab_state_text where = {.line = {text, sizeof(text) - 1}, .cut_at = 1};
	const size_t whole = sizeof(text) - 1 + sizeof(STATS) - 1;
	struct ab_kept_text kept;
	struct ab_buf narrow;

	(void)state;
	assert_int_equal(ab_state_texts_keep(&texts, &where, &kept, &err), 0);
	ab_buf_init(&narrow, whole + 1);
	ab_buf_add_text(&narrow, "xx");
	assert_int_equal(ab_state_texts_put(&texts, &kept, 5, 2, &narrow, &err), -1);
	assert_string_equal(narrow.data, "xx");
	ab_buf_truncate(&narrow, 1);
	assert_int_equal(ab_state_texts_put(&texts, &kept, 5, 2, &narrow, &err), 0);
	assert_string_equal(narrow.data, "x{" STATS "}");
	ab_buf_release(&narrow);
	ab_state_texts_forget(&texts, &kept);
}

/* --- texts that wait in a file --- */

/* A text of so many bytes, all of them c. */
static int
keep(size_t len, char c, struct ab_kept_text *kept)
{
	char *bytes = ab_malloc(len);
	const struct ab_state_text text = {.line = {bytes, len}, .bare = true};

	memset(bytes, c, len);
	const int rc = ab_state_texts_keep(&texts, &text, kept, &err);
	free(bytes);
	return rc;
}

static void
expect_all(const struct ab_kept_text *kept, size_t len, char c)
{
	ab_buf_reset(&line);
	assert_int_equal(ab_state_texts_put(&texts, kept, 0, 0, &line, &err), 0);
	assert_int_equal(line.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(line.data[i], c);
}

static void
beyond_four_mebibytes_texts_wait_in_a_file(void **state)
{
	struct ab_kept_text kept[10];

	(void)state;
	for (size_t i = 0; i < COUNT(kept); i++) {
		assert_int_equal(keep(mebibyte, (char)('a' + i), &kept[i]), 0);
		assert_true(texts.bytes <= 4 * mebibyte);
		assert_int_equal(kept[i].in_file, i >= 4);
	}
	for (size_t i = 0; i < COUNT(kept); i++)
		expect_all(&kept[i], mebibyte, (char)('a' + i));
	for (size_t i = 0; i < COUNT(kept); i++)
		ab_state_texts_forget(&texts, &kept[i]);
}

static void
a_file_of_which_all_left_is_written_from_its_start(void **state)
{
	struct ab_kept_text kept;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(keep(5 * mebibyte, 'a', &kept), 0);
		assert_int_equal(kept.at.offset, 0);
		ab_state_texts_forget(&texts, &kept);
	}
	assert_int_equal(texts.file.end, 5 * mebibyte);
}

static void
a_text_that_finds_no_room_is_refused_and_leaves_nothing(void **state)
{
	struct ab_kept_text kept;

	(void)state;
	assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
	assert_int_equal(keep(5 * mebibyte, 'a', &kept), -1);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_non_null(strstr(err.message, "cannot make a temporary file in /nonexistent"));
	assert_int_equal(texts.in_file, 0);
}

static void
a_text_that_cannot_be_read_back_is_an_error(void **state)
{
	struct ab_kept_text kept;

	(void)state;
	assert_int_equal(keep(5 * mebibyte, 'a', &kept), 0);
	assert_int_equal(ftruncate(texts.file.fd, (off_t)(5 * mebibyte - 1)), 0);
	ab_buf_add_text(&line, "before");
	assert_int_equal(ab_state_texts_put(&texts, &kept, 0, 0, &line, &err), -1);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_string_equal(line.data, "before");
	ab_state_texts_forget(&texts, &kept);
}

static void
a_line_without_room_is_an_error_and_stays_as_it_was(void **state)
{
	struct ab_kept_text kept;

	(void)state;
	ab_buf_release(&line);
	ab_buf_init(&line, 20);
	ab_buf_add_text(&line, "before");
	assert_int_equal(keep(15, 'a', &kept), 0);
	assert_int_equal(ab_state_texts_put(&texts, &kept, 0, 0, &line, &err), -1);
	assert_string_equal(err.message, "a state of 15 bytes is too long to be sent back");
	assert_string_equal(line.data, "before");
	ab_state_texts_forget(&texts, &kept);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(what_is_cut_is_replaced),
	    CASE(where_nothing_is_cut_it_is_added),
	    CASE(a_bare_text_leaves_as_it_is),
	    CASE(the_largest_counts_have_room),
	    CASE(a_line_has_room_to_the_byte),
	    CASE(beyond_four_mebibytes_texts_wait_in_a_file),
	    CASE(a_file_of_which_all_left_is_written_from_its_start),
	    CASE(a_text_that_finds_no_room_is_refused_and_leaves_nothing),
	    CASE(a_text_that_cannot_be_read_back_is_an_error),
	    CASE(a_line_without_room_is_an_error_and_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
