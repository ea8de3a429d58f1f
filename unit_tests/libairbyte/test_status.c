/*
 * Which streams count as complete: those whose overwrite ends as such.
 */
#include "testing.h"

#include "fake_emit.h"
#include "fake_http.h"

#include "run.h"

#define STATUS(namespace, stream, status)                                                          \
	"{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"stream_status\":{"            \
	"\"status\":\"" status "\",\"stream_descriptor\":{\"name\":\"" stream                      \
	"\",\"namespace\":\"" namespace "\"}}}}\n"
#define COMPLETE(stream) STATUS("", stream, "COMPLETE")

/* --- a destination that tells which streams ended well --- */

static char ended[4];

static enum ab_ask
tell_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)out;
	(void)err;
	if (x->phase == AB_END && x->complete)
		ended[strlen(ended)] = x->stream->name[0];
	return AB_SKIP;
}

static const struct ab_destination teller = {
    .name = "teller", .version = "1", .request = tell_request};

/* The names of those of the streams a, b and c that ended well. */
static const char *
run(const char *lines)
{
	static const char *const names[] = {"a", "b", "c"};
	const struct ab_sync_options options = {.dialect = &ab_airbyte_dialect};
	struct ab_catalog catalog;
	struct ab_error err;

	memset(ended, 0, sizeof(ended));
	ab_catalog_init(&catalog, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		struct ab_stream *stream = ab_catalog_add(&catalog, NULL, names[i]);
		stream->overwrite = stream->refresh = true;
	}
	const int rc = run_lines(
	    &teller, (struct ab_limits){.batch_records = 0}, &catalog, options, lines, &err);
	assert_int_equal(rc, strlen(ended) == COUNT(names) ? 0 : -1);
	return ended;
}

static void
a_stream_is_complete_by_its_own_status(void **state)
{
	(void)state;
	assert_string_equal(run(COMPLETE("a") COMPLETE("b") COMPLETE("c")), "abc");
	assert_string_equal(run(COMPLETE("c") COMPLETE("a") COMPLETE("a")), "ac");
	assert_string_equal(run(COMPLETE("a") STATUS("", "a", "INCOMPLETE")), "");
	assert_string_equal(run(STATUS("", "a", "STARTED") STATUS("", "a", "RUNNING")), "");
	assert_string_equal(run(""), "");
}

static void
as_many_other_streams_stand_for_those_whose_names_were_mapped(void **state)
{
	(void)state;
	assert_string_equal(run(COMPLETE("x_a") COMPLETE("x_b") COMPLETE("x_c")), "abc");
	assert_string_equal(
	    run(COMPLETE("x_a") COMPLETE("x_a") COMPLETE("x_b") COMPLETE("x_c")), "abc");
	assert_string_equal(run(STATUS("n", "x", "COMPLETE") STATUS("m", "x", "COMPLETE")
				    STATUS("nx", "", "COMPLETE")),
	    "abc");
}

static void
fewer_or_more_of_them_do_not(void **state)
{
	(void)state;
	assert_string_equal(run(COMPLETE("x_a") COMPLETE("x_b")), "");
	assert_string_equal(run(COMPLETE("x_a") COMPLETE("x_b") COMPLETE("x_b")), "");
	assert_string_equal(
	    run(COMPLETE("x_a") COMPLETE("x_b") COMPLETE("x_c") COMPLETE("x_d")), "");
}

static void
nor_do_they_where_one_is_not_complete(void **state)
{
	(void)state;
	assert_string_equal(
	    run(COMPLETE("x_a") COMPLETE("x_b") COMPLETE("x_c") STATUS("", "x_c", "INCOMPLETE")),
	    "");
}

/* Then the others have theirs too: what is not named did not end. */
static void
nor_where_a_stream_kept_its_name(void **state)
{
	(void)state;
	assert_string_equal(run(COMPLETE("a") COMPLETE("x_b") COMPLETE("x_c")), "a");
	assert_string_equal(run(COMPLETE("a") COMPLETE("x") COMPLETE("x")), "a");
	assert_string_equal(run(COMPLETE("x") COMPLETE("y") COMPLETE("z") COMPLETE("b")), "b");
	assert_string_equal(
	    run(STATUS("", "a", "INCOMPLETE") COMPLETE("x_a") COMPLETE("x_b") COMPLETE("x_c")), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_is_complete_by_its_own_status),
	    cmocka_unit_test(as_many_other_streams_stand_for_those_whose_names_were_mapped),
	    cmocka_unit_test(fewer_or_more_of_them_do_not),
	    cmocka_unit_test(nor_do_they_where_one_is_not_complete),
	    cmocka_unit_test(nor_where_a_stream_kept_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
