#include "testing.h"

#include "streams.h"

/* What a connector keeps of a stream is one of these marks. */
static char made[8];
static size_t made_count;
static char closed[64]; /* the indexes of those that were closed, in their order */
static bool refuses;

static int
give_marks(void *self, struct ab_stream *streams, size_t count, struct ab_error *err)
{
	assert_ptr_equal(self, made);
	for (size_t i = 0; i < count; i++)
		streams[i].self = &made[made_count++];
	return refuses ? ab_fail(err, AB_CONFIG_ERROR, "no") : 0;
}

static void
note_closed(void *self, void *stream_self)
{
	assert_ptr_equal(self, made);
	snprintf(closed + strlen(closed), sizeof(closed) - strlen(closed), "%d ",
	    (int)((char *)stream_self - made));
}

static const struct ab_destination marker = {.streams = give_marks, .stream_close = note_closed};

static int
set_up(void **state)
{
	(void)state;
	made_count = 0;
	closed[0] = '\0';
	refuses = false;
	return 0;
}

static void
each_stream_is_closed_once(void **state)
{
	struct ab_stream streams[3] = {{.index = 0}, {.index = 1}, {.index = 2}};
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_streams_open(&marker, made, streams, 3, &err), 0);
	assert_string_equal(closed, "");
	ab_streams_close(&marker, made, streams, 3);
	ab_streams_close(&marker, made, streams, 3);
	assert_string_equal(closed, "0 1 2 ");
}

static void
of_a_stream_that_comes_again_the_former_is_closed(void **state)
{
	struct ab_stream streams[2] = {{.index = 0}, {.index = 1}};
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_streams_open(&marker, made, streams, 2, &err), 0);
	assert_int_equal(ab_streams_open(&marker, made, &streams[1], 1, &err), 0);
	assert_string_equal(closed, "1 ");
	assert_ptr_equal(streams[0].self, &made[0]);
	assert_ptr_equal(streams[1].self, &made[2]);
	ab_streams_close(&marker, made, streams, 2);
	assert_string_equal(closed, "1 0 2 ");
}

static void
one_that_is_refused_keeps_the_former(void **state)
{
	struct ab_stream stream = {.index = 0};
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_streams_open(&marker, made, &stream, 1, &err), 0);
	refuses = true;
	assert_int_equal(ab_streams_open(&marker, made, &stream, 1, &err), -1);
	assert_string_equal(err.message, "no");
	assert_string_equal(closed, "1 ");
	assert_ptr_equal(stream.self, &made[0]);
	ab_streams_close(&marker, made, &stream, 1);
	assert_string_equal(closed, "1 0 ");
}

static void
streams_that_are_refused_at_first_leave_nothing(void **state)
{
	struct ab_stream streams[2] = {{.index = 0}, {.index = 1}};
	struct ab_error err;

	(void)state;
	refuses = true;
	assert_int_equal(ab_streams_open(&marker, made, streams, 2, &err), -1);
	assert_string_equal(closed, "0 1 ");
	assert_null(streams[0].self);
	assert_null(streams[1].self);
}

static void
a_connector_may_keep_nothing(void **state)
{
	static const struct ab_destination plain = {.name = "x"};
	struct ab_stream stream = {.index = 0};
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_streams_open(&plain, NULL, &stream, 1, &err), 0);
	ab_streams_close(&plain, NULL, &stream, 1);
	assert_null(stream.self);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
	    CASE(each_stream_is_closed_once),
	    CASE(of_a_stream_that_comes_again_the_former_is_closed),
	    CASE(one_that_is_refused_keeps_the_former),
	    CASE(streams_that_are_refused_at_first_leave_nothing),
	    CASE(a_connector_may_keep_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
