#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog.h"
#include "spool.h"

static const size_t mebibyte = (size_t)1 << 20;

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static char directory[64]; /* TMPDIR of each case */

static int
make_directory(void **unused)
{
	(void)unused;
	snprintf(directory, sizeof(directory), "/tmp/test_spool-XXXXXX");
	return mkdtemp(directory) == NULL || setenv("TMPDIR", directory, 1) != 0 ? -1 : 0;
}

/* Fails if anything was left behind. */
static int
remove_directory(void **unused)
{
	(void)unused;
	return rmdir(directory);
}

static void
add_random_record(struct ab_batch *batch, uint64_t *random, uint64_t ordinal)
{
	char text[256];
	const uint64_t shape = next_random(random);

	if (shape % 11 == 0) {
		ab_batch_skip(batch, ordinal);
		return;
	}
	if (shape % 3 != 0) {
		const int len = snprintf(
		    text, sizeof(text), "key %llu", (unsigned long long)(shape >> 8) % 1000);
		ab_batch_key(batch, text, (size_t)len);
	}
	if (shape % 5 == 0)
		ab_batch_mark(batch, (uint8_t)(shape >> 20));
	ab_buf_printf(&batch->body, "{\"id\":%llu,\"name\":\"row number %llu\"}",
	    (unsigned long long)shape, (unsigned long long)ordinal);
	const int len = shape % 7 == 0 ? 0
				       : snprintf(text, sizeof(text), "{\"raw\":%llu}",
					     (unsigned long long)shape >> 30);
	ab_batch_commit(batch, ordinal, (struct ab_view){text, (size_t)len});
}

/* The same seed gives the same batch. */
static struct ab_batch *
random_batch(struct ab_stream *stream, uint64_t seed)
{
	uint64_t random = seed * 0x9E3779B97F4A7C15;
	struct ab_batch *batch =
	    ab_batch_new(stream, mebibyte + seed, (int64_t)(next_random(&random) % 1000000));
	const uint64_t first = 1 + next_random(&random) % 1000000;
	const uint64_t count = next_random(&random) % 300;

	for (uint64_t i = 0; i < count; i++)
		add_random_record(batch, &random, first + i);
	ab_batch_seal(batch);
	for (size_t i = 0; i < batch->count; i++) {
		if (next_random(&random) % 9 == 0)
			ab_batch_reject_key(batch, i, i % 4 == 0 ? "gone" : "not there");
	}
	return batch;
}

static void
expect_same_buf(const struct ab_buf *a, const struct ab_buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len + 1);
	assert_int_equal(a->limit, b->limit);
	assert_false(a->overflowed);
}

static void
expect_same_entry(const struct ab_batch *a, const struct ab_batch *b, size_t i)
{
	assert_memory_equal(&a->entries[i], &b->entries[i], sizeof(a->entries[i]));
	if (a->entries[i].rejected)
		assert_string_equal(ab_batch_reason(a, i), ab_batch_reason(b, i));
}

static void
expect_same_content(const struct ab_batch *a, const struct ab_batch *b)
{
	assert_ptr_equal(a->stream, b->stream);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->last, b->last);
	assert_int_equal(a->opened_ms, b->opened_ms);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		expect_same_entry(a, b, i);
	expect_same_buf(&a->body, &b->body);
	expect_same_buf(&a->keys, &b->keys);
	expect_same_buf(&a->records, &b->records);
	expect_same_buf(&a->reasons, &b->reasons);
	assert_null(a->next);
}

static void
expect_same(struct ab_batch *a, struct ab_batch *b)
{
	expect_same_content(a, b);
	assert_int_equal(ab_batch_shares_key(a, b), a->keys.len > 0);
	assert_int_equal(a->older == NULL, b->older == NULL);
	if (a->older != NULL)
		expect_same_content(a->older, b->older);
	ab_batch_free(a);
	ab_batch_free(b);
}

static struct ab_batch *
take(struct ab_spool *spool, struct ab_stream *stream)
{
	struct ab_batch *batch = NULL;
	struct ab_error err;

	if (ab_spool_take(spool, stream, &batch, &err) != 0)
		fail_msg("%s", err.message);
	return batch;
}

static void
put(struct ab_spool *spool, struct ab_batch *batch)
{
	struct ab_error err;

	if (ab_spool_put(spool, batch, &err) != 0)
		fail_msg("%s", err.message);
}

static void
a_new_spool_is_empty(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();

	(void)unused;
	assert_null(take(spool, &stream));
	assert_int_equal(ab_spool_waiting(spool, &stream), 0);
	ab_spool_free(spool);
	ab_spool_free(NULL);
}

static void
a_batch_comes_back_as_it_went_in(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();

	(void)unused;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		put(spool, random_batch(&stream, seed));
		assert_int_equal(ab_spool_waiting(spool, &stream), 1);
		expect_same(take(spool, &stream), random_batch(&stream, seed));
		assert_int_equal(ab_spool_waiting(spool, &stream), 0);
		assert_null(take(spool, &stream));
	}
	ab_spool_free(spool);
}

static void
a_batch_without_entries_comes_back(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();
	struct ab_batch *batch = ab_batch_new(&stream, 100, 5);

	(void)unused;
	ab_batch_skip(batch, 7);
	ab_batch_skip(batch, 8);
	ab_batch_seal(batch);
	put(spool, batch);
	batch = take(spool, &stream);
	assert_int_equal(batch->count, 0);
	assert_int_equal(batch->first, 7);
	assert_int_equal(batch->last, 8);
	assert_int_equal(batch->body.len, 0);
	ab_batch_free(batch);
	ab_spool_free(spool);
}

static void
batches_of_many_streams_come_back_in_order(void **unused)
{
	enum { STREAMS = 20, BATCHES = 300 };
	struct ab_stream streams[STREAMS];
	uint64_t put_seeds[STREAMS][BATCHES];
	size_t puts[STREAMS] = {0};
	size_t takes[STREAMS] = {0};
	struct ab_spool *spool = ab_spool_new();
	uint64_t random = 0x9E3779B97F4A7C15;

	(void)unused;
	for (size_t i = 0; i < STREAMS; i++)
		streams[i] = (struct ab_stream){.index = i};
	for (uint64_t seed = 1; seed <= BATCHES;) {
		const size_t i = next_random(&random) % STREAMS;
		assert_int_equal(ab_spool_waiting(spool, &streams[i]), puts[i] - takes[i]);
		if (next_random(&random) % 3 != 0) {
			put_seeds[i][puts[i]++] = seed;
			put(spool, random_batch(&streams[i], seed++));
		} else if (takes[i] < puts[i]) {
			expect_same(take(spool, &streams[i]),
			    random_batch(&streams[i], put_seeds[i][takes[i]++]));
		}
	}
	for (size_t i = 0; i < STREAMS; i++) {
		while (takes[i] < puts[i])
			expect_same(take(spool, &streams[i]),
			    random_batch(&streams[i], put_seeds[i][takes[i]++]));
		assert_null(take(spool, &streams[i]));
	}
	ab_spool_free(spool);
}

static struct ab_batch *
large_batch(struct ab_stream *stream, size_t size, bool noise)
{
	struct ab_batch *batch = ab_batch_new(stream, size, 0);
	uint64_t random = 1;

	for (size_t at = 0; at < size; at += sizeof(random)) {
		if (noise)
			next_random(&random);
		ab_buf_add(&batch->body, &random, sizeof(random));
	}
	ab_batch_commit(batch, 1, (struct ab_view){.data = NULL});
	ab_batch_seal(batch);
	return batch;
}

static void
large_batches_come_back(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();

	(void)unused;
	put(spool, large_batch(&stream, 5 * mebibyte, true));
	put(spool, large_batch(&stream, 32 * mebibyte, false));
	expect_same(take(spool, &stream), large_batch(&stream, 5 * mebibyte, true));
	expect_same(take(spool, &stream), large_batch(&stream, 32 * mebibyte, false));
	ab_spool_free(spool);
}

static void
a_batch_that_came_back_can_be_split(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();

	(void)unused;
	put(spool, random_batch(&stream, 3));
	struct ab_batch *a = take(spool, &stream);
	struct ab_batch *b = random_batch(&stream, 3);
	struct ab_batch *a_second = ab_batch_split(a);
	struct ab_batch *b_second = ab_batch_split(b);
	expect_same(a, b);
	expect_same(a_second, b_second);
	ab_spool_free(spool);
}

/* --- failures --- */

static void
expect_put_to_fail(const char *message)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();
	struct ab_error err;

	assert_int_equal(ab_spool_put(spool, random_batch(&stream, 1), &err), -1);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_string_equal(err.message, message);
	assert_int_equal(ab_spool_waiting(spool, &stream), 0);
	ab_spool_free(spool);
}

static void
a_missing_directory_is_named(void **unused)
{
	(void)unused;
	setenv("TMPDIR", "/nonexistent/folder", 1);
	expect_put_to_fail("cannot make a temporary file in /nonexistent/folder: No such file or "
			   "directory; set TMPDIR to a directory that can be written to");
	setenv("TMPDIR", "/dev/null", 1);
	expect_put_to_fail("cannot make a temporary file in /dev/null: Not a directory; set TMPDIR "
			   "to a directory that can be written to");
}

static void
a_directory_without_permission_is_named(void **unused)
{
	char message[256];

	(void)unused;
	const bool root = geteuid() == 0;
	if (root && seteuid(65534) != 0)
		skip();
	if (!root)
		assert_int_equal(chmod(directory, S_IRUSR | S_IXUSR), 0);
	snprintf(message, sizeof(message),
	    "cannot make a temporary file in %s: Permission denied; set TMPDIR to a directory that "
	    "can be written to",
	    directory);
	expect_put_to_fail(message);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void
without_tmpdir_it_is_tmp(void **unused)
{
	struct ab_stream stream = {.index = 0};

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct ab_spool *spool = ab_spool_new();
		assert_int_equal(i == 0 ? unsetenv("TMPDIR") : setenv("TMPDIR", "", 1), 0);
		put(spool, random_batch(&stream, 1));
		expect_same(take(spool, &stream), random_batch(&stream, 1));
		ab_spool_free(spool);
	}
}

/* A limit on the size of files stands for a full disk. */
static void
limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_full_disk_is_reported_and_loses_nothing_that_was_put(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();
	struct ab_error err;
	char message[256];
	int rc = 0;

	(void)unused;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit_files(3 * mebibyte + 12345);
	uint64_t stored = 0;
	for (; rc == 0; stored += rc == 0 ? 1 : 0)
		rc = ab_spool_put(spool, large_batch(&stream, mebibyte, true), &err);
	limit_files(RLIM_INFINITY);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	snprintf(message, sizeof(message),
	    "no room left in %s after 3 MB of temporary data of this run; give it more room, or "
	    "set TMPDIR to a directory that has it",
	    directory);
	assert_string_equal(err.message, message);
	assert_int_equal(ab_spool_waiting(spool, &stream), stored);
	put(spool, random_batch(&stream, 1));
	for (uint64_t i = 0; i < stored; i++)
		expect_same(take(spool, &stream), large_batch(&stream, mebibyte, true));
	expect_same(take(spool, &stream), random_batch(&stream, 1));
	ab_spool_free(spool);
}

/* The descriptor the next open will get. */
static int
next_descriptor(void)
{
	const int fd = dup(STDIN_FILENO);

	assert_int_not_equal(fd, -1);
	close(fd);
	return fd;
}

static void
expect_damage(struct ab_spool *spool, struct ab_stream *stream, const char *what)
{
	struct ab_batch *batch = NULL;
	struct ab_error err = {.message = ""};

	assert_int_equal(ab_spool_take(spool, stream, &batch, &err), -1);
	assert_null(batch);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_non_null(strstr(err.message, what));
	assert_int_equal(ab_spool_waiting(spool, stream), 1);
}

static void
each_damaged_byte_is_noticed(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();
	const int fd = next_descriptor();
	struct stat status;

	(void)unused;
	put(spool, random_batch(&stream, 1));
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(status.st_size > 100);
	for (off_t at = 0; at < status.st_size; at++) {
		unsigned char byte = 0;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= (unsigned char)(1U << (at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		expect_damage(spool, &stream, "is not what was written");
		byte ^= (unsigned char)(1U << (at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	expect_same(take(spool, &stream), random_batch(&stream, 1));
	ab_spool_free(spool);
}

static void
a_file_cut_short_is_noticed(void **unused)
{
	struct ab_stream stream = {.index = 0};
	struct ab_spool *spool = ab_spool_new();
	const int fd = next_descriptor();
	struct stat status;

	(void)unused;
	put(spool, random_batch(&stream, 1));
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(ftruncate(fd, status.st_size - 1), 0);
	expect_damage(spool, &stream, "shorter than what was written");
	assert_int_equal(ftruncate(fd, 5), 0);
	expect_damage(spool, &stream, "shorter than what was written");
	ab_spool_free(spool);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_new_spool_is_empty),
	    CASE(a_batch_comes_back_as_it_went_in),
	    CASE(a_batch_without_entries_comes_back),
	    CASE(batches_of_many_streams_come_back_in_order),
	    CASE(large_batches_come_back),
	    CASE(a_batch_that_came_back_can_be_split),
	    CASE(a_missing_directory_is_named),
	    CASE(a_directory_without_permission_is_named),
	    CASE(without_tmpdir_it_is_tmp),
	    CASE(a_full_disk_is_reported_and_loses_nothing_that_was_put),
	    CASE(each_damaged_byte_is_noticed),
	    CASE(a_file_cut_short_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
