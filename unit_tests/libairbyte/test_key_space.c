/*
 * Streams that write the same objects: the last value of a key in the input is what stays.
 */
#include "testing.h"

#include "keeper.h"
#include "seeded.h"

#include "key_space.h"
#include "queue.h"
#include "seal.h"

static const struct ab_limits by_key = {.in_flight = 8, .order = AB_ORDER_KEY};

static size_t
calls_made(void)
{
	size_t lines = 0;

	for (const char *at = keeper.story.data; *at != '\0'; at++)
		lines += *at == '\n';
	return lines;
}

static size_t
newest(size_t count)
{
	return count - 1;
}

/* --- what is in flight --- */

static void
calls_of_two_streams_that_share_a_key_follow_each_other(void **state)
{
	(void)state;
	fake.pick = newest;
	keeper_expect(by_key, SCHEMA("a1") SCHEMA("a2") RECORD("a1", 1, 10) RECORD("a2", 1, 20),
	    "a1 1=10\na2 1=20\n");
	assert_int_equal(keeper.kept['a'][1], 20);
}

static void
calls_that_share_no_key_go_at_once(void **state)
{
	(void)state;
	fake.pick = newest;
	keeper_expect(by_key,
	    SCHEMA("a1") SCHEMA("a2") SCHEMA("b") RECORD("a1", 1, 10) RECORD("a2", 2, 20)
		RECORD("b", 1, 30),
	    "b 1=30\na2 2=20\na1 1=10\n");
}

static void
both_halves_go_before_the_other_stream(void **state)
{
	(void)state;
	keeper.records_max = 1;
	fake.pick = newest;
	keeper_expect(by_key,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a1", 1, 10) RECORD("a1", 2, 20) RECORD("a2", 2, 30),
	    "a1 1=10 2=20 refused\na1 2=20\na1 1=10\na2 2=30\n");
}

/* --- what is open --- */

static void
a_batch_is_sealed_before_a_later_one_that_has_its_keys(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.batch_records = 2;
	keeper_expect(limits,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a1", 1, 10) RECORD("a2", 1, 20) RECORD("a2", 2, 30)
		STATE(1),
	    "a1 1=10\na2 1=20 2=30\nstate 1\n");
}

static void
so_are_those_that_go_before_that_one_and_no_others(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.batch_records = 3;
	keeper_expect(limits,
	    SCHEMA("a1") SCHEMA("a2") SCHEMA("a3") SCHEMA("b") RECORD("b", 1, 10)
		RECORD("a1", 1, 20) RECORD("a2", 1, 30) RECORD("a2", 2, 40) RECORD("a3", 2, 50)
		    RECORD("a3", 3, 60) RECORD("a3", 4, 70),
	    "a1 1=20\nb 1=10\na2 1=30 2=40\na3 2=50 3=60 4=70\n");
}

static void
a_key_goes_back_and_forth(void **state)
{
	(void)state;
	keeper_expect(by_key,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a1", 1, 10) RECORD("a2", 1, 20) RECORD("a1", 1, 30)
		RECORD("a1", 1, 40) RECORD("a2", 1, 50),
	    "a1 1=10\na2 1=20\na1 1=40\na2 1=50\n");
}

/* One a step behind the other, and both at once: calls are few. */
static void
streams_that_name_the_same_keys_in_turn_fill_their_batches(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.batch_records = 3;
	keeper_expect(limits,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a1", 1, 10) RECORD("a2", 1, 20) RECORD("a1", 2, 30)
		RECORD("a2", 2, 40) RECORD("a1", 3, 50) RECORD("a2", 3, 60) RECORD("a1", 4, 70)
		    RECORD("a1", 5, 80) RECORD("a2", 4, 90) RECORD("a1", 6, 100)
			RECORD("a2", 5, 110) RECORD("a2", 6, 120),
	    "a1 1=10 2=30 3=50\na2 1=20 2=40 3=60\na1 4=70 5=80 6=100\na2 4=90 5=110 6=120\n");
}

static void
other_keys_and_other_key_spaces_seal_nothing(void **state)
{
	(void)state;
	keeper_expect(by_key,
	    SCHEMA("a1") SCHEMA("a2") SCHEMA("b1") SCHEMA("C1") SCHEMA("C2") RECORD("a1", 1, 10)
		RECORD("a2", 2, 20) RECORD("b1", 1, 30) RECORD("C1", 1, 40) RECORD("a1", 3, 50)
		    RECORD("a2", 4, 60) RECORD("b1", 2, 70),
	    "a1 1=10 3=50\na2 2=20 4=60\nb1 1=30 2=70\nC1 1=40\n");
}

static void
without_an_order_of_keys_nothing_is_sealed(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.order = AB_ORDER_STREAM;
	keeper_expect(limits,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a1", 1, 10) RECORD("a2", 1, 20) RECORD("a1", 1, 30),
	    "a1 1=30\na2 1=20\n");
}

static void
a_stream_that_appears_later_finds_the_keys_that_are_open(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.batch_records = 3;
	keeper_expect(limits,
	    SCHEMA("a1") RECORD("a1", 1, 10) RECORD("a1", 2, 20) SCHEMA("a2") RECORD("a2", 3, 30)
		RECORD("a2", 2, 40) RECORD("a2", 4, 50),
	    "a1 1=10 2=20\na2 3=30 2=40 4=50\n");
}

static void
a_stream_that_left_and_comes_back_finds_them_too(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.batch_records = 2;
	keeper_expect(limits,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a2", 2, 10)
		SCHEMA_WITH("a2", "\"id\":{},\"alone\":{}") RECORD("a1", 1, 20) SCHEMA("a2")
		    RECORD("a2", 1, 30) RECORD("a2", 3, 40),
	    "a2 2=10\na1 1=20\na2 1=30 3=40\n");
}

static void
add_record(struct ab_buf *lines, const char *stream, unsigned key, unsigned value)
{
	ab_buf_printf(lines,
	    "{\"type\":\"RECORD\",\"stream\":\"%s\",\"record\":{\"id\":%u,\"value\":%u}}\n", stream,
	    key, value);
}

/* As many keys as outgrow the index more than once: each batch is full, so none was sealed for a
 * key that it does not have. */
static void
many_keys_are_told_apart(void **state)
{
	static const char *const streams[] = {"a1", "a2", "a3"};
	struct ab_limits limits = by_key;
	struct ab_buf lines;

	(void)state;
	ab_buf_init(&lines, (size_t)1 << 24);
	ab_buf_add_text(&lines, SCHEMA("a1") SCHEMA("a2") SCHEMA("a3"));
	for (unsigned key = 0; key < 3999; key++)
		add_record(&lines, streams[key % 3], key, 10);
	limits.batch_records = 1333;
	keeper_run(limits, lines.data);
	assert_int_equal(calls_made(), 3);
	ab_buf_release(&lines);
}

/* Without its key the batch that was opened first would be sealed first. */
static void
each_of_many_keys_is_found(void **state)
{
	struct ab_limits limits = by_key;
	struct ab_buf lines;

	(void)state;
	limits.batch_records = 4000;
	ab_buf_init(&lines, (size_t)1 << 24);
	for (unsigned last = 1; last < 1500; last += 50) {
		ab_buf_reset(&lines);
		ab_buf_add_text(&lines, SCHEMA("a1") SCHEMA("a2") RECORD("a2", 0, 10));
		for (unsigned key = 1; key < (last < 750 ? 750 : 1500); key++)
			add_record(&lines, "a1", key, 20);
		add_record(&lines, "a2", last, 30);
		keeper_run(limits, lines.data);
		assert_int_equal(keeper.kept['a'][last], 30);
	}
	ab_buf_release(&lines);
}

/* --- no deadlock --- */

static void
a_stream_whose_schema_changes_waits_for_what_is_before_it(void **state)
{
	struct ab_limits limits = by_key;

	(void)state;
	limits.in_flight = 1;
	limits.batch_records = 2;
	keeper_expect(limits,
	    SCHEMA("a1") SCHEMA("a2") RECORD("a2", 1, 10) RECORD("a2", 2, 20) RECORD("a1", 1, 30)
		RECORD("a2", 3, 40) SCHEMA_WITH("a1", "\"id\":{},\"new\":{}") RECORD("a1", 3, 50)
		    RECORD("a2", 1, 60) SCHEMA("a3") RECORD("a3", 3, 70) STATE(1),
	    "a2 1=10 2=20\na1 1=30\na2 3=40 1=60\na1 3=50\na3 3=70\nstate 1\n");
}

/* --- whatever happens --- */

static uint32_t running; /* the seed of the run that is under way */

static size_t
any(size_t count)
{
	return below((uint32_t)count + 1); /* sometimes none */
}

static void
answer_or_fail(const struct fake_call *call, struct ab_reply *reply)
{
	static const int troubles[] = {0, 503};

	if (below(4) > 0) {
		keeper_answer(call, reply);
		return;
	}
	reply->status = troubles[below(COUNT(troubles))];
	keeper_visit(call, reply->status == 0 && below(2) == 0);
}

/* Random records; kept becomes what has to be there in the end. */
static void
write_lines(struct ab_buf *lines, unsigned kept[128][KEEPER_KEYS])
{
	static const char *const streams[] = {"a1", "b1", "a2", "C", "a3", "b2"};
	const uint32_t many = 1 + below(COUNT(streams));
	const uint32_t keys = (uint32_t[]){2, 20, 600, KEEPER_KEYS}[below(4)];
	const uint32_t records = below(keys < 600 ? 300 : 3000);

	for (uint32_t i = 0; i < many; i++)
		ab_buf_printf(lines, SCHEMA("%s"), streams[i]);
	for (unsigned value = 1; value <= records; value++) {
		const char *stream = streams[below(many)];
		const uint32_t key = below(keys);
		if (below(100) == 0)
			ab_buf_printf(
			    lines, SCHEMA_WITH("%s", "\"id\":{},\"p%u\":{}"), stream, below(3));
		add_record(lines, stream, key, value);
		kept[(size_t)stream[0]][key] = value;
	}
}

static void
run_once(uint32_t with_seed)
{
	static unsigned kept[128][KEEPER_KEYS];
	struct ab_limits limits = {.order = AB_ORDER_KEY};
	struct ab_buf lines;

	seeded_start(with_seed);
	memset(kept, 0, sizeof(kept));
	memset(keeper.kept, 0, sizeof(keeper.kept));
	ab_buf_init(&lines, (size_t)1 << 24);
	write_lines(&lines, kept);
	limits.in_flight = 1 + below(8);
	limits.batch_records = below(3) == 0 ? 1000 : 1 + below(40);
	limits.retry.total_ms = 600000;
	limits.retry.delays = AB_RETRY_DELAYS_MAX;
	for (unsigned i = 0; i < AB_RETRY_DELAYS_MAX; i++)
		limits.retry.delays_ms[i] = 1;
	keeper.records_max = below(2) == 0 ? SIZE_MAX : 1 + below(20);
	fake.answer = answer_or_fail;
	fake.pick = any;
	keeper_run(limits, lines.data);
	assert_memory_equal(keeper.kept, kept, sizeof(kept));
	ab_buf_release(&lines);
}

static void
the_last_value_stays_whatever_the_service_does(void **state)
{
	const char *only = getenv("SEED");

	(void)state;
	if (only != NULL) {
		run_once((uint32_t)strtoul(only, NULL, 10));
		return;
	}
	for (running = 1; running <= 300; running++)
		run_once(running);
	running = 0;
}

static int
tell_the_seed(void **state)
{
	if (running != 0)
		print_error("it failed with SEED=%u\n", running);
	return keeper_tear_down(state);
}

/* --- the index --- */

/* Two streams of a key space. */
struct indexed {
	struct ab_catalog catalog;
	struct ab_flow flows[2];
	struct ab_sync sync;
};

static void
indexed_init(struct indexed *indexed)
{
	static const char *const names[] = {"a1", "a2"};

	*indexed = (struct indexed){.sync = {.flows = indexed->flows,
					.catalog = &indexed->catalog,
					.limits.order = AB_ORDER_KEY,
					.memory_limit = SIZE_MAX}};
	ab_catalog_init(&indexed->catalog, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		struct ab_stream *stream = ab_catalog_add(&indexed->catalog, NULL, names[i]);
		stream->key_space = 1;
		ab_flow_init(&indexed->flows[i], stream);
		ab_key_space_join(&indexed->sync, &indexed->flows[i]);
	}
}

/* A record with this key in the open batch of a stream, charged as those of the input are. */
static void
indexed_add(struct indexed *indexed, size_t stream, unsigned number)
{
	struct ab_sync *sync = &indexed->sync;
	struct ab_flow *flow = &indexed->flows[stream];

	if (flow->open == NULL) {
		flow->open = ab_batch_new(flow->stream, SIZE_MAX / 2, 0);
		ab_queue_open(sync, flow->open);
	}
	const size_t before = flow->open->charged;
	ab_batch_key(flow->open, (const char *)&number, sizeof(number));
	assert_true(ab_key_space_admits(sync, flow));
	ab_batch_commit(flow->open, number, (struct ab_view){0});
	ab_flow_charge(sync, flow->open);
	sync->open_bytes += flow->open->charged - before;
}

static void
indexed_release(struct indexed *indexed)
{
	for (size_t i = 0; i < COUNT(indexed->flows); i++)
		ab_queue_drop(&indexed->sync, &indexed->flows[i]);
	ab_key_space_release(&indexed->sync);
	assert_int_equal(indexed->sync.batch_bytes, 0);
	assert_int_equal(indexed->sync.open_bytes, 0);
	ab_catalog_release(&indexed->catalog);
}

static void
the_index_goes_with_the_last_open_batch(void **state)
{
	struct indexed indexed;
	struct ab_sync *sync = &indexed.sync;

	(void)state;
	indexed_init(&indexed);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned number = 1; number <= 4000; number++)
			indexed_add(&indexed, number % 2, 4000 * round + number);
		ab_seal(sync, &indexed.flows[0]);
		assert_true(sync->open_bytes > indexed.flows[1].open->charged);
		ab_seal(sync, &indexed.flows[1]);
		assert_int_equal(sync->open_bytes, 0);
		while (sync->waiting != NULL) {
			struct ab_batch *batch = ab_queue_take(sync, sync->waiting);
			ab_flow_discharge(sync, batch);
			ab_batch_free(batch);
		}
		assert_int_equal(sync->batch_bytes, 0);
	}
	indexed_release(&indexed);
}

static void
the_index_counts_where_open_batches_are_too_much(void **state)
{
	struct indexed indexed;
	struct ab_sync *sync = &indexed.sync;

	(void)state;
	indexed_init(&indexed);
	for (unsigned number = 1; number <= 4000; number++)
		indexed_add(&indexed, number % 2, number);
	const size_t records = indexed.flows[0].open->charged + indexed.flows[1].open->charged;
	sync->memory_limit = 2 * (records + 1);
	ab_seal_largest(sync);
	assert_true((indexed.flows[0].open == NULL) != (indexed.flows[1].open == NULL));
	indexed_release(&indexed);
}

/* --- who takes part --- */

static void
join(struct ab_sync *sync, struct ab_stream *stream)
{
	stream->key_space = 7;
	ab_flow_init(&sync->flows[stream->index], stream);
	ab_key_space_join(sync, &sync->flows[stream->index]);
}

static void
what_is_held_keeps_an_order_of_its_own(void **state)
{
	struct ab_stream streams[] = {{.index = 0}, {.index = 1}, {.index = 2, .hold = true}};
	struct ab_flow flows[3];
	struct ab_sync sync = {.flows = flows, .limits.order = AB_ORDER_KEY};

	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++)
		join(&sync, &streams[i]);
	assert_ptr_equal(flows[0].queue, flows[1].queue);
	assert_ptr_equal(flows[2].queue, &flows[2].own);
	ab_key_space_release(&sync);
	assert_int_equal(sync.batch_bytes, 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, keeper_set_up, keeper_tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(calls_of_two_streams_that_share_a_key_follow_each_other),
	    CASE(calls_that_share_no_key_go_at_once),
	    CASE(both_halves_go_before_the_other_stream),
	    CASE(a_batch_is_sealed_before_a_later_one_that_has_its_keys),
	    CASE(so_are_those_that_go_before_that_one_and_no_others),
	    CASE(a_key_goes_back_and_forth),
	    CASE(streams_that_name_the_same_keys_in_turn_fill_their_batches),
	    CASE(other_keys_and_other_key_spaces_seal_nothing),
	    CASE(without_an_order_of_keys_nothing_is_sealed),
	    CASE(a_stream_that_appears_later_finds_the_keys_that_are_open),
	    CASE(a_stream_that_left_and_comes_back_finds_them_too),
	    CASE(many_keys_are_told_apart),
	    CASE(each_of_many_keys_is_found),
	    CASE(a_stream_whose_schema_changes_waits_for_what_is_before_it),
	    cmocka_unit_test_setup_teardown(
		the_last_value_stays_whatever_the_service_does, keeper_set_up, tell_the_seed),
	    CASE(the_index_goes_with_the_last_open_batch),
	    CASE(the_index_counts_where_open_batches_are_too_much),
	    CASE(what_is_held_keeps_an_order_of_its_own),
	};

	setenv("AB_TIME_SCALE", "0.0005", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
