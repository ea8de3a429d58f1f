#include "testing.h"

#include <inttypes.h>

#include "alloc.h"
#include "ledger.h"

static const size_t mebibyte = (size_t)1 << 20;

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* --- short cases --- */

static void
receive(struct ab_ledger *ledger, size_t stream, uint64_t records)
{
	for (uint64_t i = 0; i < records; i++)
		ab_ledger_record(ledger, stream);
}

/* A state {"name"} whose destinationStats goes before the closing brace. */
static uint64_t
arrive(struct ab_ledger *ledger, size_t scope, const char *name)
{
	char line[64];
	struct ab_error err;
	uint64_t since = UINT64_MAX;
	const int len = snprintf(line, sizeof(line), "{\"%s\":0}", name);
	const struct ab_state_text text = {
	    .line = {line, (size_t)len}, .cut_at = (size_t)len - 1, .comma = true};

	if (ab_ledger_state(ledger, scope, &text, &since, &err) != 0)
		fail_msg("%s", err.message);
	return since;
}

static void
expect_release(struct ab_ledger *ledger, const char *text)
{
	struct ab_buf line;
	struct ab_error err;

	ab_buf_init(&line, mebibyte);
	const int rc = ab_ledger_release(ledger, &line, &err);
	assert_string_equal(line.data, text != NULL ? text : "");
	assert_int_equal(rc, text != NULL ? 1 : 0);
	ab_buf_release(&line);
}

static void
a_state_waits_for_the_records_before_it(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	receive(ledger, 0, 3);
	assert_int_equal(arrive(ledger, 0, "a"), 3);
	receive(ledger, 0, 1);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 1, 2);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 3, 3);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":3.0}}");
	expect_release(ledger, NULL);
	ab_ledger_free(ledger);
}

static void
a_state_before_any_record_leaves_at_once(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	assert_int_equal(arrive(ledger, 0, "a"), 0);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	assert_int_equal(arrive(ledger, AB_LEDGER_ALL, "b"), 0);
	expect_release(ledger, "{\"b\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	ab_ledger_free(ledger);
}

static void
a_later_batch_does_not_free_a_state_before_the_earlier_one(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	receive(ledger, 0, 10);
	arrive(ledger, 0, "a");
	ab_ledger_done(ledger, 0, 6, 10);
	ab_ledger_done(ledger, 0, 3, 4);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 1, 2);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 5, 5);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":10.0}}");
	ab_ledger_free(ledger);
}

static void
a_state_of_one_stream_does_not_wait_for_another(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(2);

	(void)unused;
	receive(ledger, 0, 1);
	receive(ledger, 1, 1);
	arrive(ledger, 0, "a");
	arrive(ledger, 1, "b");
	ab_ledger_done(ledger, 1, 1, 1);
	expect_release(ledger, "{\"b\":0,\"destinationStats\":{\"recordCount\":1.0}}");
	expect_release(ledger, NULL);
	assert_int_equal(ab_ledger_waiting(ledger), 1);
	ab_ledger_free(ledger);
}

static void
a_global_state_waits_for_all_streams(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(3);

	(void)unused;
	receive(ledger, 0, 2);
	receive(ledger, 1, 3);
	assert_int_equal(arrive(ledger, AB_LEDGER_ALL, "a"), 5);
	receive(ledger, 2, 1);
	ab_ledger_done(ledger, 1, 1, 3);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 1, 2);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":5.0}}");
	assert_int_equal(arrive(ledger, AB_LEDGER_ALL, "b"), 1);
	expect_release(ledger, NULL);
	assert_int_equal(ab_ledger_waiting(ledger), 1);
	ab_ledger_done(ledger, 2, 1, 1);
	expect_release(ledger, "{\"b\":0,\"destinationStats\":{\"recordCount\":1.0}}");
	ab_ledger_free(ledger);
}

static void
a_withheld_stream_keeps_its_states_and_those_of_all(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(2);

	(void)unused;
	ab_ledger_withhold(ledger, 0, true);
	ab_ledger_withhold(ledger, 0, true);
	arrive(ledger, 0, "a");
	arrive(ledger, 1, "b");
	arrive(ledger, AB_LEDGER_ALL, "c");
	expect_release(ledger, "{\"b\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger, NULL);
	ab_ledger_withhold(ledger, 0, false);
	expect_release(ledger, "{\"c\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger, NULL);
	ab_ledger_free(ledger);
}

static void
a_stream_withheld_again_keeps_what_could_have_left(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	arrive(ledger, 0, "a");
	ab_ledger_withhold(ledger, 0, true);
	expect_release(ledger, NULL);
	ab_ledger_withhold(ledger, 0, false);
	ab_ledger_withhold(ledger, 0, true);
	ab_ledger_withhold(ledger, 0, false);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger, NULL);
	ab_ledger_free(ledger);
}

static void
rejected_records_are_counted_in_the_state_that_follows_them(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	receive(ledger, 0, 2);
	ab_ledger_rejected(ledger, 0, 2);
	arrive(ledger, 0, "a");
	receive(ledger, 0, 2);
	arrive(ledger, 0, "b");
	arrive(ledger, AB_LEDGER_ALL, "c");
	receive(ledger, 0, 1);
	ab_ledger_rejected(ledger, 0, 1);
	ab_ledger_rejected(ledger, 0, 3);
	ab_ledger_rejected(ledger, 0, 5);
	ab_ledger_done(ledger, 0, 1, 5);
	arrive(ledger, 0, "d");
	expect_release(ledger,
	    "{\"c\":0,\"destinationStats\":{\"recordCount\":1.0,\"rejectedRecordCount\":3.0}}");
	expect_release(ledger,
	    "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0,\"rejectedRecordCount\":2.0}}");
	expect_release(ledger,
	    "{\"b\":0,\"destinationStats\":{\"recordCount\":1.0,\"rejectedRecordCount\":1.0}}");
	expect_release(ledger,
	    "{\"d\":0,\"destinationStats\":{\"recordCount\":0.0,\"rejectedRecordCount\":1.0}}");
	assert_int_equal(ab_ledger_rejected_total(ledger, 0), 4);
	ab_ledger_free(ledger);
}

static void
a_state_of_an_unknown_stream_counts_nothing(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	receive(ledger, 0, 2);
	assert_int_equal(arrive(ledger, AB_LEDGER_FOREIGN, "a"), 0);
	receive(ledger, 0, 1);
	assert_int_equal(arrive(ledger, AB_LEDGER_ALL, "b"), 3);
	ab_ledger_rejected(ledger, 0, 1);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 1, 3);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger,
	    "{\"b\":0,\"destinationStats\":{\"recordCount\":2.0,\"rejectedRecordCount\":1.0}}");
	ab_ledger_free(ledger);
}

static void
a_ledger_without_streams_gives_states_back(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(0);

	(void)unused;
	arrive(ledger, AB_LEDGER_ALL, "a");
	arrive(ledger, AB_LEDGER_FOREIGN, "b");
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger, "{\"b\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	expect_release(ledger, NULL);
	ab_ledger_free(ledger);
	ab_ledger_free(NULL);
}

static void
streams_can_be_added_while_states_wait(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(0);
	char name[8];

	(void)unused;
	for (size_t stream = 0; stream < 20; stream++) {
		ab_ledger_add(ledger);
		receive(ledger, stream, 2);
		snprintf(name, sizeof(name), "%zu", stream);
		assert_int_equal(arrive(ledger, stream, name), 2);
		if (stream % 3 == 0)
			ab_ledger_done(ledger, stream, 1, 2);
	}
	assert_int_equal(arrive(ledger, AB_LEDGER_ALL, "all"), 40);
	for (size_t stream = 0; stream < 20; stream++) {
		if (stream % 3 != 0)
			ab_ledger_done(ledger, stream, 1, 2);
	}
	expect_release(ledger, "{\"all\":0,\"destinationStats\":{\"recordCount\":40.0}}");
	expect_release(ledger, "{\"0\":0,\"destinationStats\":{\"recordCount\":2.0}}");
	expect_release(ledger, "{\"3\":0,\"destinationStats\":{\"recordCount\":2.0}}");
	for (size_t left = 18; left > 0; left--) {
		struct ab_buf line;
		struct ab_error err;
		assert_int_equal(ab_ledger_waiting(ledger), left);
		ab_buf_init(&line, mebibyte);
		assert_int_equal(ab_ledger_release(ledger, &line, &err), 1);
		ab_buf_release(&line);
	}
	expect_release(ledger, NULL);
	ab_ledger_free(ledger);
}

static void
a_state_of_all_waits_for_a_stream_that_came_later_only_if_it_had_records(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);

	(void)unused;
	receive(ledger, 0, 1);
	ab_ledger_done(ledger, 0, 1, 1);
	arrive(ledger, AB_LEDGER_ALL, "a");
	ab_ledger_add(ledger);
	receive(ledger, 1, 1);
	arrive(ledger, AB_LEDGER_ALL, "b");
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":1.0}}");
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 1, 1, 1);
	expect_release(ledger, "{\"b\":0,\"destinationStats\":{\"recordCount\":1.0}}");
	ab_ledger_free(ledger);
}

static void
a_bare_state_leaves_as_it_is(void **unused)
{
	static const char value[] = "{\"bookmarks\": {}}";
	const struct ab_state_text text = {.line = {value, sizeof(value) - 1}, .bare = true};
	struct ab_ledger *ledger = ab_ledger_new(1);
	struct ab_error err;
	uint64_t since = 0;

	(void)unused;
	receive(ledger, 0, 3);
	ab_ledger_rejected(ledger, 0, 2);
	assert_int_equal(ab_ledger_state(ledger, AB_LEDGER_ALL, &text, &since, &err), 0);
	assert_int_equal(since, 3);
	expect_release(ledger, NULL);
	ab_ledger_done(ledger, 0, 1, 3);
	expect_release(ledger, value);
	ab_ledger_free(ledger);
}

/* --- against a model that looks at every record each time --- */

enum {
	STREAMS_MAX = 5,
	RECORDS_MAX = 400,
	STATES_MAX = 400,
	BATCHES_MAX = 200,
};

struct modelled_state {
	size_t scope; /* a stream, or STREAMS_MAX for those of all */
	bool foreign;
	uint64_t counts[STREAMS_MAX]; /* received at its arrival */
	char *text;
	size_t text_len;
	struct ab_state_text where;
	bool left;
};

struct modelled_batch {
	size_t stream;
	uint64_t first;
	uint64_t last;
	bool done;
	bool fails;
};

struct model {
	struct ab_ledger *ledger;
	uint64_t random;
	size_t streams;
	size_t text_max;
	unsigned rejects; /* of 100 */
	unsigned fails;
	uint64_t received[STREAMS_MAX];
	uint64_t batched[STREAMS_MAX]; /* up to here records are in batches */
	bool done[STREAMS_MAX][RECORDS_MAX + 1];
	bool rejected[STREAMS_MAX][RECORDS_MAX + 1];
	bool withheld[STREAMS_MAX];
	struct modelled_state states[STATES_MAX];
	size_t state_count;
	struct modelled_batch batches[BATCHES_MAX];
	size_t batch_count;
	struct ab_buf line;
};

static uint64_t seed_in_use; /* 0: none */

static uint64_t
below(struct model *model, uint64_t limit)
{
	return next_random(&model->random) % limit;
}

static size_t
ledger_scope(const struct modelled_state *state)
{
	if (state->scope < STREAMS_MAX)
		return state->scope;
	return state->foreign ? AB_LEDGER_FOREIGN : AB_LEDGER_ALL;
}

/* Whether stream s matters to the state. */
static bool
concerns(const struct modelled_state *state, size_t s)
{
	return state->scope == STREAMS_MAX || state->scope == s;
}

/* The last state of the same scope before this one that has counts, or NULL. */
static const struct modelled_state *
previous(const struct model *model, const struct modelled_state *state)
{
	for (const struct modelled_state *at = state; at-- > model->states;) {
		if (at->scope == state->scope && !at->foreign)
			return at;
	}
	return NULL;
}

struct counts {
	uint64_t received;
	uint64_t rejected;
};

/* Over the records between the previous state and this one. */
static struct counts
count_since(const struct model *model, const struct modelled_state *state)
{
	const struct modelled_state *before = previous(model, state);
	struct counts counts = {0, 0};

	if (state->foreign)
		return counts;
	for (size_t s = 0; s < model->streams; s++) {
		if (!concerns(state, s))
			continue;
		const uint64_t from = before != NULL ? before->counts[s] : 0;
		for (uint64_t i = from + 1; i <= state->counts[s]; i++) {
			counts.received++;
			counts.rejected += model->rejected[s][i] ? 1 : 0;
		}
	}
	return counts;
}

static bool
may_leave(const struct model *model, const struct modelled_state *state)
{
	for (const struct modelled_state *at = model->states; at < state; at++) {
		if (at->scope == state->scope && !at->left)
			return false;
	}
	for (size_t s = 0; s < model->streams; s++) {
		if (!concerns(state, s))
			continue;
		if (model->withheld[s])
			return false;
		for (uint64_t i = 1; i <= state->counts[s]; i++) {
			if (!model->done[s][i])
				return false;
		}
	}
	return true;
}

static void
receive_records(struct model *model)
{
	const size_t s = below(model, model->streams);

	for (uint64_t n = below(model, 8); n > 0 && model->received[s] < RECORDS_MAX; n--) {
		const uint64_t ordinal = ++model->received[s];
		assert_int_equal(ab_ledger_record(model->ledger, s), ordinal);
		/* append() rejects before the record joins a batch. */
		if (below(model, 300) < model->rejects) {
			model->rejected[s][ordinal] = true;
			ab_ledger_rejected(model->ledger, s, ordinal);
		}
	}
}

/* Any bytes, with a number in them that is unique. */
static void
write_text(struct model *model, struct modelled_state *state)
{
	const size_t len = 8 + below(model, model->text_max);
	char *text = ab_malloc(len);
	const uint64_t number = model->state_count;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i % 64 == 0 ? below(model, 256) : (unsigned char)text[i - 1] + 1U);
	memcpy(text, &number, sizeof(number));
	state->text = text;
	state->text_len = len;
	state->where = (struct ab_state_text){
	    .line = {text, len},
	    .cut_at = 8 + below(model, len - 7),
	    .comma = below(model, 2) == 0,
	};
	state->where.cut_len = below(model, len - state->where.cut_at + 1);
}

static void
receive_state(struct model *model)
{
	struct modelled_state *state = &model->states[model->state_count];
	struct ab_error err;
	uint64_t since = 0;

	if (model->state_count == STATES_MAX)
		return;
	*state = (struct modelled_state){.scope = below(model, model->streams + 2)};
	if (state->scope >= model->streams) {
		state->scope = STREAMS_MAX;
		state->foreign = below(model, 4) == 0;
	}
	memcpy(state->counts, model->received, sizeof(state->counts));
	write_text(model, state);
	model->state_count++;
	assert_int_equal(
	    ab_ledger_state(model->ledger, ledger_scope(state), &state->where, &since, &err), 0);
	assert_int_equal(since, count_since(model, state).received);
}

static void
make_batch(struct model *model)
{
	const size_t s = below(model, model->streams);

	if (model->batch_count == BATCHES_MAX || model->batched[s] == model->received[s])
		return;
	struct modelled_batch *batch = &model->batches[model->batch_count++];
	const uint64_t first = model->batched[s] + 1;
	const uint64_t last = first + below(model, model->received[s] - first + 1);
	*batch = (struct modelled_batch){.stream = s, .first = first, .last = last};
	batch->fails = below(model, 100) < model->fails;
	model->batched[s] = last;
}

static void
finish(struct model *model, struct modelled_batch *batch)
{
	const size_t s = batch->stream;

	if (batch->fails)
		return;
	for (uint64_t i = batch->first; i <= batch->last; i++) {
		if (!batch->done && !model->rejected[s][i] && below(model, 100) < model->rejects) {
			model->rejected[s][i] = true;
			ab_ledger_rejected(model->ledger, s, i);
		}
		model->done[s][i] = true;
	}
	batch->done = true;
	ab_ledger_done(model->ledger, s, batch->first, batch->last);
}

/* Any batch, also one that was done before: its range is told twice. */
static void
finish_batch(struct model *model)
{
	if (model->batch_count > 0)
		finish(model, &model->batches[below(model, model->batch_count)]);
}

static void
withhold(struct model *model)
{
	const size_t s = below(model, model->streams);

	model->withheld[s] = below(model, 3) == 0;
	ab_ledger_withhold(model->ledger, s, model->withheld[s]);
}

static void
expect_text(struct model *model, const struct modelled_state *state)
{
	const struct counts counts = count_since(model, state);
	const size_t after = state->where.cut_at + state->where.cut_len;
	char stats[128];
	int len = snprintf(stats, sizeof(stats), "%s\"destinationStats\":{\"recordCount\":%" PRIu64,
	    state->where.comma ? "," : "", counts.received - counts.rejected);

	if (counts.rejected > 0)
		len += snprintf(stats + len, sizeof(stats) - (size_t)len,
		    ".0,\"rejectedRecordCount\":%" PRIu64, counts.rejected);
	len += snprintf(stats + len, sizeof(stats) - (size_t)len, ".0}");
	assert_int_equal(model->line.len, state->text_len - state->where.cut_len + (size_t)len);
	assert_memory_equal(model->line.data, state->text, state->where.cut_at);
	assert_memory_equal(model->line.data + state->where.cut_at, stats, (size_t)len);
	assert_memory_equal(model->line.data + state->where.cut_at + len, state->text + after,
	    state->text_len - after);
}

static size_t
expect_one_release(struct model *model)
{
	struct ab_error err;
	uint64_t number = 0;

	ab_buf_reset(&model->line);
	const int rc = ab_ledger_release(model->ledger, &model->line, &err);
	if (rc == 0)
		return 0;
	assert_int_equal(rc, 1);
	assert_true(model->line.len > sizeof(number));
	memcpy(&number, model->line.data, sizeof(number));
	assert_true(number < model->state_count);
	struct modelled_state *state = &model->states[number];
	assert_false(state->left);
	assert_true(may_leave(model, state));
	expect_text(model, state);
	state->left = true;
	return 1;
}

/* Some: so that states become free while others wait to be fetched. */
static void
release_some(struct model *model)
{
	for (uint64_t n = below(model, 4); n > 0 && expect_one_release(model) == 1; n--)
		;
}

static void
release_all(struct model *model)
{
	size_t waiting = 0;

	while (expect_one_release(model) == 1)
		;
	for (size_t i = 0; i < model->state_count; i++) {
		const struct modelled_state *state = &model->states[i];
		if (state->left)
			continue;
		assert_false(may_leave(model, state));
		waiting++;
	}
	assert_int_equal(ab_ledger_waiting(model->ledger), waiting);
}

static void
one_step(struct model *model)
{
	switch (below(model, 12)) {
	case 0:
	case 1:
	case 2:
		receive_records(model);
		break;
	case 3:
	case 4:
		receive_state(model);
		break;
	case 5:
	case 6:
		make_batch(model);
		break;
	case 7:
	case 8:
		finish_batch(model);
		break;
	case 9:
		withhold(model);
		break;
	case 10:
		release_some(model);
		break;
	default:
		release_all(model);
		break;
	}
}

static void
expect_totals(struct model *model)
{
	for (size_t s = 0; s < model->streams; s++) {
		uint64_t rejected = 0;
		for (uint64_t i = 1; i <= model->received[s]; i++)
			rejected += model->rejected[s][i] ? 1 : 0;
		assert_int_equal(ab_ledger_rejected_total(model->ledger, s), rejected);
	}
}

/* The end of input: all is batched and finished, nothing withheld. */
static void
finish_all(struct model *model)
{
	for (size_t s = 0; s < model->streams; s++) {
		if (model->batched[s] < model->received[s])
			ab_ledger_done(model->ledger, s, model->batched[s] + 1, model->received[s]);
		for (uint64_t i = model->batched[s] + 1; i <= model->received[s]; i++)
			model->done[s][i] = true;
		model->withheld[s] = false;
		ab_ledger_withhold(model->ledger, s, false);
	}
	for (size_t i = 0; i < model->batch_count; i++) {
		if (!model->batches[i].done)
			finish(model, &model->batches[i]);
	}
	release_all(model);
	expect_totals(model);
	if (model->fails == 0)
		assert_int_equal(ab_ledger_waiting(model->ledger), 0);
}

static void
run_model(struct model *model, uint64_t seed, size_t text_max, size_t steps)
{
	seed_in_use = seed;
	*model = (struct model){.random = seed * 0x9E3779B97F4A7C15, .text_max = text_max};
	model->streams = 1 + below(model, STREAMS_MAX);
	model->rejects = (unsigned)(below(model, 2) * below(model, 40));
	model->fails = (unsigned)(below(model, 2) * below(model, 10));
	model->ledger = ab_ledger_new(model->streams);
	ab_buf_init(&model->line, 64 * mebibyte);
	for (size_t i = 0; i < steps; i++)
		one_step(model);
	finish_all(model);
	for (size_t i = 0; i < model->state_count; i++)
		free(model->states[i].text);
	ab_buf_release(&model->line);
	ab_ledger_free(model->ledger);
	seed_in_use = 0;
}

static void
random_interleavings_are_as_the_model_says(void **unused)
{
	struct model *model = ab_malloc(sizeof(*model));

	(void)unused;
	for (uint64_t seed = 1; seed <= 4000; seed++)
		run_model(model, seed, 200, 50 + seed % 450);
	free(model);
}

static void
random_interleavings_with_spilled_texts_are_as_the_model_says(void **unused)
{
	struct model *model = ab_malloc(sizeof(*model));

	(void)unused;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_model(model, seed, mebibyte, 200);
	free(model);
}

static int
tell_seed(void **unused)
{
	(void)unused;
	if (seed_in_use != 0)
		print_message("seed %" PRIu64 "\n", seed_in_use);
	seed_in_use = 0;
	return 0;
}

/* --- texts that wait in a file --- */

static int
arrive_large(
    struct ab_ledger *ledger, char *text, size_t len, uint64_t number, struct ab_error *err)
{
	const struct ab_state_text where = {.line = {text, len}, .cut_at = len};
	uint64_t since = 0;

	memset(text, (int)('a' + number % 26), len);
	return ab_ledger_state(ledger, 0, &where, &since, err);
}

static void
withheld_states_of_a_long_overwrite_stay_out_of_the_memory(void **unused)
{
	const size_t len = 64 << 10;
	const uint64_t count = 1000;
	struct ab_ledger *ledger = ab_ledger_new(1);
	char *text = ab_malloc(len);
	struct ab_error err;
	struct ab_buf line;

	(void)unused;
	ab_ledger_withhold(ledger, 0, true);
	for (uint64_t i = 0; i < count; i++) {
		assert_int_equal(arrive_large(ledger, text, len, i, &err), 0);
		assert_true(ab_ledger_bytes(ledger) < 4 * mebibyte + mebibyte / 2);
	}
	ab_ledger_withhold(ledger, 0, false);
	ab_buf_init(&line, mebibyte);
	for (uint64_t i = 0; i < count; i++) {
		ab_buf_reset(&line);
		assert_int_equal(ab_ledger_release(ledger, &line, &err), 1);
		memset(text, (int)('a' + i % 26), len);
		assert_memory_equal(line.data, text, len);
	}
	assert_int_equal(ab_ledger_waiting(ledger), 0);
	assert_true(ab_ledger_bytes(ledger) < mebibyte / 4);
	ab_buf_release(&line);
	ab_ledger_free(ledger);
	free(text);
}

static void
a_state_that_finds_no_room_is_refused_and_changes_nothing(void **unused)
{
	const size_t len = mebibyte;
	struct ab_ledger *ledger = ab_ledger_new(1);
	char *text = ab_malloc(len);
	struct ab_error err;
	uint64_t kept = 0;

	(void)unused;
	assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
	while (arrive_large(ledger, text, len, kept, &err) == 0)
		kept++;
	assert_int_equal(kept, 4);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_non_null(strstr(err.message, "cannot make a temporary file in /nonexistent"));
	assert_int_equal(ab_ledger_waiting(ledger), kept);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_int_equal(arrive_large(ledger, text, len, kept, &err), 0);
	assert_int_equal(ab_ledger_waiting(ledger), kept + 1);
	ab_ledger_free(ledger);
	free(text);
}

static void
a_line_without_room_is_an_error_and_keeps_the_state(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);
	struct ab_error err;
	struct ab_buf line;

	(void)unused;
	arrive(ledger, 0, "a");
	ab_buf_init(&line, 20);
	ab_buf_add_text(&line, "before");
	assert_int_equal(ab_ledger_release(ledger, &line, &err), -1);
	assert_string_equal(line.data, "before");
	ab_buf_release(&line);
	expect_release(ledger, "{\"a\":0,\"destinationStats\":{\"recordCount\":0.0}}");
	ab_ledger_free(ledger);
}

/* One record that is not done costs one mark, not one for each state. */
static void
a_state_of_all_streams_costs_only_what_changed(void **unused)
{
	const size_t streams = 200;
	const size_t states = 10000;
	struct ab_ledger *ledger = ab_ledger_new(streams);

	(void)unused;
	for (size_t s = 0; s < streams; s++)
		receive(ledger, s, 1);
	for (size_t i = 0; i < states; i++)
		arrive(ledger, AB_LEDGER_ALL, "a");
	assert_true(ab_ledger_bytes(ledger) < states * 100);
	ab_ledger_free(ledger);
}

static void
too_many_waiting_states_are_refused(void **unused)
{
	struct ab_ledger *ledger = ab_ledger_new(1);
	struct ab_error err;
	char byte = 'a';
	uint64_t kept = 0;

	(void)unused;
	ab_ledger_withhold(ledger, 0, true);
	while (arrive_large(ledger, &byte, 1, 0, &err) == 0)
		assert_in_range(++kept, 1, 2500000);
	assert_true(kept > 200000);
	assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	assert_non_null(strstr(err.message, "states wait for their records to be written"));
	ab_ledger_free(ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_state_waits_for_the_records_before_it),
	    cmocka_unit_test(a_state_before_any_record_leaves_at_once),
	    cmocka_unit_test(a_later_batch_does_not_free_a_state_before_the_earlier_one),
	    cmocka_unit_test(streams_can_be_added_while_states_wait),
	    cmocka_unit_test(
		a_state_of_all_waits_for_a_stream_that_came_later_only_if_it_had_records),
	    cmocka_unit_test(a_bare_state_leaves_as_it_is),
	    cmocka_unit_test(a_state_of_one_stream_does_not_wait_for_another),
	    cmocka_unit_test(a_global_state_waits_for_all_streams),
	    cmocka_unit_test(a_withheld_stream_keeps_its_states_and_those_of_all),
	    cmocka_unit_test(a_stream_withheld_again_keeps_what_could_have_left),
	    cmocka_unit_test(rejected_records_are_counted_in_the_state_that_follows_them),
	    cmocka_unit_test(a_state_of_an_unknown_stream_counts_nothing),
	    cmocka_unit_test(a_ledger_without_streams_gives_states_back),
	    cmocka_unit_test_teardown(random_interleavings_are_as_the_model_says, tell_seed),
	    cmocka_unit_test_teardown(
		random_interleavings_with_spilled_texts_are_as_the_model_says, tell_seed),
	    cmocka_unit_test(withheld_states_of_a_long_overwrite_stay_out_of_the_memory),
	    cmocka_unit_test(a_state_that_finds_no_room_is_refused_and_changes_nothing),
	    cmocka_unit_test(a_line_without_room_is_an_error_and_keeps_the_state),
	    cmocka_unit_test(a_state_of_all_streams_costs_only_what_changed),
	    cmocka_unit_test(too_many_waiting_states_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
