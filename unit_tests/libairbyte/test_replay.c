/*
 * Held streams that end together, over a spool in memory that counts how often it is asked.
 */
#include "testing.h"

#include <utlist.h>

#include "fake_emit.h"
#include "fake_http.h"

#include "spool.h"
#include "sync.h"

#define STREAMS ((size_t)100)
#define BATCHES ((size_t)50)

/* --- the spool --- */

static struct ab_batch *spooled;
static size_t asked;

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
	if (*batch != NULL)
		DL_DELETE(spooled, *batch);
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

static enum ab_verdict
judge(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	(void)x;
	return ab_verdict_of_status(in, err);
}

static const struct ab_destination destination = {
    .name = "x", .version = "1", .append = take, .request = ask, .response = judge};

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

/* Resumable streams, a state of all, and records of the last one. */
static void
write_input(struct ab_catalog *catalog, FILE *input)
{
	char name[16];

	ab_catalog_init(catalog, STREAMS);
	for (size_t i = 0; i < STREAMS; i++) {
		snprintf(name, sizeof(name), "s%zu", i);
		struct ab_stream *stream = ab_catalog_add(catalog, NULL, name);
		stream->overwrite = stream->refresh = stream->resumable = true;
	}
	for (size_t i = 0; i < BATCHES; i++)
		fprintf(input,
		    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"%s\",\"emitted_at\":1,"
		    "\"data\":{\"i\":%zu}}}\n",
		    name, i);
	fputs("{\"type\":\"STATE\",\"state\":{\"type\":\"GLOBAL\",\"global\":{}}}\n", input);
	for (size_t i = 0; i < STREAMS; i++)
		fprintf(input,
		    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"stream_status\":{"
		    "\"status\":\"COMPLETE\",\"stream_descriptor\":{\"name\":\"s%zu\"}}}}\n",
		    i);
	rewind(input);
}

/* Each turn looks at each stream a few times, and a batch is a few turns. */
static void
streams_that_wait_for_another_do_not_look_at_all_of_them_each(void **state)
{
	struct ab_limits limits = {.batch_records = 1, .in_flight = 1};
	struct ab_catalog catalog;
	struct ab_error err;
	FILE *input = tmpfile();

	(void)state;
	assert_non_null(input);
	write_input(&catalog, input);
	fake.answer = answer;
	fake_emit.state = see_state;
	ab_sync_default_limits(&limits);
	limits.batch_bytes = 1; /* what was spooled is not joined */
	const struct ab_sync_options options = {
	    .input = fileno(input), .dialect = &ab_airbyte_dialect};
	if (ab_sync_write(&destination, NULL, &limits, &catalog, &options, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(ended, STREAMS);
	assert_in_range(asked, STREAMS, 20 * BATCHES * STREAMS);
	ab_catalog_release(&catalog);
	fclose(input);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(streams_that_wait_for_another_do_not_look_at_all_of_them_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
