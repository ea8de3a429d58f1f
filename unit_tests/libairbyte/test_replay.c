/*
 * Held streams that end together, over a spool in memory that counts how often it is asked, and
 * how many batches were read back and not sent.
 */
#include "testing.h"

#include <utlist.h>

#include "fake_emit.h"
#include "fake_http.h"

#include "run.h"
#include "spool.h"

#define STREAMS ((size_t)100)
#define BATCHES ((size_t)50)

/* --- the spool --- */

static struct ab_batch *spooled;
static size_t asked;
static size_t taken;
static size_t most_unsent;

struct ab_spool *
ab_spool_new(void)
{
	return NULL;
}

void
ab_spool_free(struct ab_spool *spool)
{
	(void)spool;
	assert_null(spooled);
}

int
ab_spool_put(struct ab_spool *spool, struct ab_batch *batch, struct ab_error *err)
{
	(void)spool;
	(void)err;
	DL_APPEND(spooled, batch);
	return 0;
}

/* The first batch of a stream; NULL: there is none. */
static struct ab_batch *
first_of(const struct ab_stream *stream)
{
	struct ab_batch *batch = spooled;

	while (batch != NULL && batch->stream != stream)
		batch = batch->next;
	return batch;
}

int
ab_spool_take(
    struct ab_spool *spool, struct ab_stream *stream, struct ab_batch **batch, struct ab_error *err)
{
	(void)spool;
	(void)err;
	*batch = first_of(stream);
	if (*batch == NULL)
		return 0;
	DL_DELETE(spooled, *batch);
	taken++;
	if (taken - fake.sent > most_unsent)
		most_unsent = taken - fake.sent;
	return 0;
}

size_t
ab_spool_waiting(const struct ab_spool *spool, const struct ab_stream *stream)
{
	(void)spool;
	asked++;
	return first_of(stream) != NULL;
}

/* --- the destination --- */

static size_t ended;

static enum ab_taken
take(void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	(void)self;
	(void)err;
	ab_buf_add(&batch->body, record->raw.data, record->raw.len);
	return AB_TAKEN;
}

static enum ab_ask
ask(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)err;
	if (x->phase == AB_BEGIN)
		x->stream->hold = true;
	if (x->phase == AB_END) {
		assert_int_equal(fake.sent, BATCHES);
		ended += x->complete;
	}
	if (x->phase != AB_BATCH)
		return AB_SKIP;
	out->method = AB_POST;
	ab_buf_add_text(&out->url, "x");
	return AB_SEND;
}

static const struct ab_destination destination = {
    .name = "x", .version = "1", .append = take, .request = ask, .response = run_verdict};

static void
answer(const struct fake_call *call, struct ab_reply *reply)
{
	(void)call;
	reply->status = 200;
}

static void
see_state(const char *line, size_t len)
{
	(void)line;
	(void)len;
	assert_int_equal(ended, STREAMS);
}

/* Resumable streams, a state of all, and records that are divided among the last of them. */
static void
prepare(struct ab_catalog *catalog, struct ab_buf *lines, size_t of)
{
	char name[16];

	ab_catalog_init(catalog, STREAMS);
	for (size_t i = 0; i < STREAMS; i++) {
		snprintf(name, sizeof(name), "s%zu", i);
		struct ab_stream *stream = ab_catalog_add(catalog, NULL, name);
		stream->overwrite = stream->refresh = stream->resumable = true;
	}
	for (size_t i = 0; i < BATCHES; i++)
		ab_buf_printf(lines,
		    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s%zu\",\"emitted_at\":1,"
		    "\"data\":{\"i\":%zu}}}\n",
		    STREAMS - 1 - i % of, i);
	ab_buf_add_text(
	    lines, "{\"type\":\"STATE\",\"state\":{\"type\":\"GLOBAL\",\"global\":{}}}\n");
	for (size_t i = 0; i < STREAMS; i++)
		ab_buf_printf(lines,
		    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"stream_status\":{"
		    "\"status\":\"COMPLETE\",\"stream_descriptor\":{\"name\":\"s%zu\"}}}}\n",
		    i);
}

static void
run(size_t of, unsigned in_flight)
{
	const struct ab_limits limits = {.batch_records = 1,
	    .in_flight = in_flight,
	    .batch_bytes = 1, /* what was spooled is not joined */
	    .record_bytes = 1000};
	const struct ab_sync_options options = {.dialect = &ab_airbyte_dialect};
	struct ab_catalog catalog;
	struct ab_buf lines;
	struct ab_error err;

	asked = taken = most_unsent = ended = 0;
	ab_buf_init(&lines, 1 << 20);
	prepare(&catalog, &lines, of);
	fake.answer = answer;
	fake_emit.state = see_state;
	if (run_lines(&destination, limits, &catalog, options, lines.data, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(ended, STREAMS);
	assert_int_equal(taken, BATCHES);
	ab_buf_release(&lines);
}

/* Each turn looks at each stream a few times, and a batch is a few turns. */
static void
streams_that_wait_for_another_do_not_look_at_all_of_them_each(void **state)
{
	(void)state;
	run(1, 1);
	assert_in_range(asked, STREAMS, 20 * BATCHES * STREAMS);
}

/* Behind what is out there may be one batch more of each stream, and one that is about to go. */
static void
what_cannot_be_sent_yet_is_not_read_back(void **state)
{
	(void)state;
	for (unsigned in_flight = 1; in_flight <= 4; in_flight++) {
		run(BATCHES, in_flight);
		assert_in_range(most_unsent, 1, in_flight);
		run(BATCHES / 5, in_flight);
		assert_in_range(most_unsent, 1, 2 * in_flight);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(streams_that_wait_for_another_do_not_look_at_all_of_them_each),
	    cmocka_unit_test(what_cannot_be_sent_yet_is_not_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
