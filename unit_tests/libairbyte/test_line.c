#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line.h"

static const size_t mebibyte = (size_t)1 << 20;

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A descriptor of a nameless file that holds these bytes. */
static int
file_with(const char *bytes, size_t len)
{
	char path[] = "/tmp/test_line-XXXXXX";
	const int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	unlink(path);
	for (size_t at = 0; at < len;) {
		const ssize_t rc = write(fd, bytes + at, len - at);
		assert_true(rc > 0);
		at += (size_t)rc;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int
file_with_text(const char *text)
{
	return file_with(text, strlen(text));
}

static void
open_pipe(int ends[2])
{
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
}

static void
put(int fd, const char *bytes, size_t len)
{
	assert_int_equal(write(fd, bytes, len), len);
}

/* Reads until a line can be lent or the input ended. */
static bool
next_line(struct ab_line *line, struct ab_view *out)
{
	struct ab_error err;

	while (!ab_line_peek(line, out)) {
		if (line->eof)
			return false;
		assert_int_equal(ab_line_fill(line, &err), 1);
	}
	return true;
}

static void
expect_line(struct ab_line *line, const char *text, uint64_t number)
{
	struct ab_view view;

	assert_true(next_line(line, &view));
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.data, text, view.len);
	assert_int_equal(line->number, number);
	ab_line_consume(line);
}

static void
expect_end(struct ab_line *line)
{
	struct ab_view view;

	assert_false(next_line(line, &view));
	assert_true(line->eof);
	close(line->fd);
	ab_line_release(line);
}

static void
lines_are_lent_in_order_with_their_numbers(void **unused)
{
	struct ab_line line;

	(void)unused;
	ab_line_init(&line, file_with_text("one\ntwo\nthree\n"), 100);
	expect_line(&line, "one", 1);
	expect_line(&line, "two", 2);
	expect_line(&line, "three", 3);
	expect_end(&line);
}

static void
a_last_line_without_a_newline_is_lent_at_the_end(void **unused)
{
	struct ab_line line;
	struct ab_view view;
	struct ab_error err;

	(void)unused;
	ab_line_init(&line, file_with_text("one\ntwo"), 100);
	expect_line(&line, "one", 1);
	assert_false(ab_line_peek(&line, &view));
	assert_int_equal(ab_line_fill(&line, &err), 1);
	assert_true(line.eof);
	expect_line(&line, "two", 2);
	expect_end(&line);
}

static void
empty_lines_are_lent(void **unused)
{
	struct ab_line line;

	(void)unused;
	ab_line_init(&line, file_with_text("\n\na\n\n"), 100);
	expect_line(&line, "", 1);
	expect_line(&line, "", 2);
	expect_line(&line, "a", 3);
	expect_line(&line, "", 4);
	expect_end(&line);
}

static void
an_empty_input_has_no_line(void **unused)
{
	struct ab_line line;
	struct ab_error err;

	(void)unused;
	ab_line_init(&line, file_with_text(""), 100);
	assert_int_equal(ab_line_fill(&line, &err), 1);
	assert_int_equal(ab_line_fill(&line, &err), 1);
	expect_end(&line);
}

static void
peek_lends_the_same_line_until_it_is_consumed(void **unused)
{
	struct ab_line line;
	struct ab_view view;

	(void)unused;
	ab_line_init(&line, file_with_text("one\ntwo"), 100);
	for (int i = 0; i < 3; i++) {
		assert_true(next_line(&line, &view));
		assert_memory_equal(view.data, "one", view.len);
		assert_int_equal(line.number, 1);
	}
	ab_line_consume(&line);
	for (int i = 0; i < 3; i++) {
		assert_true(next_line(&line, &view));
		assert_memory_equal(view.data, "two", view.len);
		assert_int_equal(line.number, 2);
	}
	ab_line_consume(&line);
	expect_end(&line);
}

static void
a_descriptor_without_data_gives_nothing(void **unused)
{
	struct ab_line line;
	struct ab_view view;
	struct ab_error err;
	int ends[2];

	(void)unused;
	open_pipe(ends);
	ab_line_init(&line, ends[0], 100);
	assert_int_equal(ab_line_fill(&line, &err), 0);
	put(ends[1], "ab", 2);
	assert_int_equal(ab_line_fill(&line, &err), 1);
	assert_int_equal(ab_line_fill(&line, &err), 0);
	assert_false(ab_line_peek(&line, &view));
	put(ends[1], "c\nd", 3);
	assert_int_equal(ab_line_fill(&line, &err), 1);
	expect_line(&line, "abc", 1);
	close(ends[1]);
	expect_line(&line, "d", 2);
	expect_end(&line);
}

static void
nothing_is_read_while_a_whole_line_waits(void **unused)
{
	struct ab_line line;
	struct ab_error err;
	int ends[2];

	(void)unused;
	open_pipe(ends);
	ab_line_init(&line, ends[0], 100);
	put(ends[1], "one\n", 4);
	assert_int_equal(ab_line_fill(&line, &err), 1);
	close(ends[1]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ab_line_fill(&line, &err), 1);
	assert_false(line.eof);
	expect_line(&line, "one", 1);
	expect_end(&line);
}

static void
a_line_of_the_greatest_length_is_lent(void **unused)
{
	struct ab_line line;

	(void)unused;
	ab_line_init(&line, file_with_text("12345678\n12345678"), 8);
	expect_line(&line, "12345678", 1);
	expect_line(&line, "12345678", 2);
	expect_end(&line);
}

static void
expect_refusal(struct ab_line *line, const char *message)
{
	struct ab_view view;
	struct ab_error err;
	int rc = 1;

	while (rc == 1) {
		assert_false(ab_line_peek(line, &view));
		assert_false(line->eof);
		rc = ab_line_fill(line, &err);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(err.kind, AB_CONFIG_ERROR);
	assert_string_equal(err.message, message);
}

static void
a_longer_line_is_refused_after_those_before_it_were_lent(void **unused)
{
	static const char *const inputs[] = {
	    "a\nb\n123456789\nc\n",
	    "a\nb\n123456789",
	    "a\nb\n1234567890123456\n",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct ab_line line;
		ab_line_init(&line, file_with_text(inputs[i]), 8);
		expect_line(&line, "a", 1);
		expect_line(&line, "b", 2);
		expect_refusal(&line, "line 3 of the input is longer than the 8 bytes allowed");
		ab_line_discard(&line);
		expect_end(&line);
	}
}

static void
an_endless_line_is_refused_before_it_fills_the_memory(void **unused)
{
	struct ab_line line;
	const int fd = open("/dev/zero", O_RDONLY);

	(void)unused;
	assert_int_not_equal(fd, -1);
	ab_line_init(&line, fd, 6 * mebibyte);
	expect_refusal(&line, "line 1 of the input is longer than the 6291456 bytes allowed");
	assert_true(line.cap <= 6 * mebibyte + mebibyte / 2);
	close(fd);
	ab_line_release(&line);
}

static void
an_input_error_is_reported(void **unused)
{
	struct ab_line line;
	struct ab_error err;
	const int fd = open("/tmp", O_RDONLY);

	(void)unused;
	assert_int_not_equal(fd, -1);
	ab_line_init(&line, fd, 100);
	assert_int_equal(ab_line_fill(&line, &err), -1);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_string_equal(err.message, "cannot read the input: Is a directory");
	close(fd);
	ab_line_release(&line);
}

static void
short_lines_do_not_make_the_buffer_grow(void **unused)
{
	static char text[5 << 20];
	struct ab_line line;
	struct ab_view view;
	size_t lines = 0;

	(void)unused;
	memset(text, 'x', sizeof(text));
	for (size_t i = 99; i < sizeof(text); i += 100)
		text[i] = '\n';
	ab_line_init(&line, file_with(text, sizeof(text)), 64 * mebibyte);
	for (; next_line(&line, &view); lines++) {
		ab_line_consume(&line);
		assert_true(line.cap <= mebibyte / 2);
	}
	assert_int_equal(lines, (sizeof(text) + 99) / 100);
	expect_end(&line);
}

/* A huge line between two small ones, as a file: few copies, little more memory than its length. */
static void
the_buffer_grows_for_a_huge_line_and_shrinks_after_it(void **unused)
{
	const size_t huge = 20 * mebibyte;
	char *text = malloc(huge + 4);
	struct ab_line line;
	struct ab_view view;

	(void)unused;
	assert_non_null(text);
	memset(text, 'x', huge + 4);
	text[1] = text[huge + 2] = '\n';
	ab_line_init(&line, file_with(text, huge + 4), 64 * mebibyte);
	expect_line(&line, "x", 1);
	assert_true(next_line(&line, &view));
	assert_int_equal(view.len, huge);
	assert_true(line.cap >= huge && line.cap <= huge + huge / 2 + mebibyte);
	ab_line_consume(&line);
	expect_line(&line, "x", 3);
	assert_true(line.cap <= mebibyte);
	expect_end(&line);
	free(text);
}

static void
a_huge_line_in_small_pieces_is_scanned_once(void **unused)
{
	const size_t pieces = 320;
	static char piece[1 << 16];
	struct ab_line line;
	struct ab_view view;
	struct ab_error err;
	int ends[2];

	(void)unused;
	memset(piece, 'x', sizeof(piece));
	open_pipe(ends);
	ab_line_init(&line, ends[0], 32 * mebibyte);
	for (size_t i = 0; i < pieces; i++) {
		put(ends[1], piece, sizeof(piece));
		assert_int_equal(ab_line_fill(&line, &err), 1);
		assert_int_equal(line.scanned, i * sizeof(piece));
		assert_false(ab_line_peek(&line, &view));
		assert_int_equal(line.scanned, line.end);
	}
	close(ends[1]);
	assert_true(next_line(&line, &view));
	assert_int_equal(view.len, pieces * sizeof(piece));
	ab_line_consume(&line);
	expect_end(&line);
}

static void
what_was_read_can_be_discarded(void **unused)
{
	struct ab_line line;
	struct ab_error err;
	int ends[2];

	(void)unused;
	open_pipe(ends);
	ab_line_init(&line, ends[0], 4);
	for (int i = 0; i < 100; i++) {
		put(ends[1], "much too long", 13);
		assert_int_equal(ab_line_fill(&line, &err), 1);
		ab_line_discard(&line);
	}
	close(ends[1]);
	expect_end(&line);
}

/* A text of random lines, some of them long. */
static size_t
random_text(uint64_t *random, char *text, size_t max)
{
	size_t len = 0;

	while (len < max) {
		const uint64_t shape = next_random(random) % 100;
		const size_t most = shape < 2 ? max : shape < 10 ? 1 << 16 : 200;
		size_t line_len = next_random(random) % most;
		if (line_len > max - len)
			line_len = max - len;
		memset(text + len, (int)('a' + next_random(random) % 26), line_len);
		len += line_len;
		if (len < max)
			text[len++] = '\n';
	}
	return len;
}

/* Feeds text through a pipe in pieces of random size and compares all lines. */
static void
feed_and_compare(uint64_t *random, const char *text, size_t len)
{
	struct ab_line line;
	struct ab_view view;
	struct ab_error err;
	size_t fed = 0;
	size_t seen = 0;
	int ends[2];

	open_pipe(ends);
	ab_line_init(&line, ends[0], len);
	while (!line.eof) {
		size_t piece = 1 + next_random(random) % (1 << (next_random(random) % 17));
		if (piece > len - fed)
			piece = len - fed;
		if (piece > 0)
			put(ends[1], text + fed, piece);
		fed += piece;
		if (fed == len && ends[1] != -1) {
			close(ends[1]);
			ends[1] = -1;
		}
		assert_int_equal(ab_line_fill(&line, &err), 1);
		while (ab_line_peek(&line, &view)) {
			assert_true(view.len <= len - seen);
			assert_memory_equal(view.data, text + seen, view.len);
			seen += view.len;
			if (seen < len)
				assert_int_equal(text[seen++], '\n');
			ab_line_consume(&line);
		}
	}
	assert_int_equal(seen, len);
	expect_end(&line);
}

static void
random_lines_in_random_pieces_come_out_as_they_went_in(void **unused)
{
	const size_t max = 3 * mebibyte;
	char *text = malloc(max);

	(void)unused;
	assert_non_null(text);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t random = seed * 0x9E3779B97F4A7C15;
		const size_t len = random_text(&random, text, 1 + next_random(&random) % max);
		feed_and_compare(&random, text, len);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_lent_in_order_with_their_numbers),
	    cmocka_unit_test(a_last_line_without_a_newline_is_lent_at_the_end),
	    cmocka_unit_test(empty_lines_are_lent),
	    cmocka_unit_test(an_empty_input_has_no_line),
	    cmocka_unit_test(peek_lends_the_same_line_until_it_is_consumed),
	    cmocka_unit_test(a_descriptor_without_data_gives_nothing),
	    cmocka_unit_test(nothing_is_read_while_a_whole_line_waits),
	    cmocka_unit_test(a_line_of_the_greatest_length_is_lent),
	    cmocka_unit_test(a_longer_line_is_refused_after_those_before_it_were_lent),
	    cmocka_unit_test(an_endless_line_is_refused_before_it_fills_the_memory),
	    cmocka_unit_test(an_input_error_is_reported),
	    cmocka_unit_test(short_lines_do_not_make_the_buffer_grow),
	    cmocka_unit_test(the_buffer_grows_for_a_huge_line_and_shrinks_after_it),
	    cmocka_unit_test(a_huge_line_in_small_pieces_is_scanned_once),
	    cmocka_unit_test(what_was_read_can_be_discarded),
	    cmocka_unit_test(random_lines_in_random_pieces_come_out_as_they_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
