/*
 * The whole loop against a service that answers out of order, loses requests before and after
 * applying them, refuses single records and all of a key, and asks for halves; and against a model
 * that is told of every state as it leaves, and of what was rejected until then.
 */
#include "testing.h"

#include <cjson/cJSON.h>

#include "fake_emit.h"
#include "fake_http.h"
#include "run.h"
#include "seeded.h"

#define STREAMS_MAX 4
#define RECORDS_MAX 400
#define KEYS 12
#define STATES_MAX 400

/* --- randomness ------------------------------------------------------------------------------ */

static uint32_t running; /* the seed of the run that is under way */

/* --- the model ------------------------------------------------------------------------------- */

/* What was sent, and what the service holds. Records of a stream are numbered from 1. */
static struct {
	size_t streams;
	size_t received[STREAMS_MAX];
	unsigned key_of[STREAMS_MAX][RECORDS_MAX + 1];
	bool unwanted[STREAMS_MAX][RECORDS_MAX + 1]; /* append() rejects it */
	bool bad[STREAMS_MAX][RECORDS_MAX + 1];      /* the service refuses it */
	bool unknown[STREAMS_MAX][KEYS];             /* the service refuses all of this key */
	bool rejected[STREAMS_MAX][RECORDS_MAX + 1]; /* it is in the reject file */
	bool stored[STREAMS_MAX][RECORDS_MAX + 1];
	size_t holds[STREAMS_MAX][KEYS]; /* the record a key holds */
	bool overwrite[STREAMS_MAX];
	bool resumable;          /* the overwrites are */
	bool held[STREAMS_MAX];  /* the service holds this generation already */
	bool ended[STREAMS_MAX]; /* AB_END, complete */
	struct {
		int scope; /* -1: all */
		size_t until[STREAMS_MAX];
	} states[STATES_MAX];
	size_t states_count;
	size_t next_state[STREAMS_MAX + 1]; /* per scope: the next id expected */
	size_t left_until[STREAMS_MAX + 1][STREAMS_MAX];
	size_t states_left;
	unsigned trouble; /* of 100 requests, how many go wrong but can be mended */
	unsigned fatal;   /* of 1000 requests, how many are refused for good */
	unsigned badness; /* of 100 records, how many the service refuses */
	bool refused;
	bool keeps_all;                   /* no record may give way to a later one of its key */
	unsigned busy[STREAMS_MAX][KEYS]; /* requests in flight that hold this key */
	unsigned streams_busy[STREAMS_MAX];
	enum ab_order order;
	FILE *reject_file;
} model;

/* States of streams whose overwrite was taken back, in all runs. */
static size_t left_before_the_end;

/* Everything up to the record is stored or rejected, or gave way to a later one of its key that is
 * stored. */
static bool
is_safe(size_t stream, size_t until)
{
	for (size_t i = 1; i <= until; i++) {
		if (model.stored[stream][i] || model.rejected[stream][i])
			continue;
		bool superseded = false;
		for (size_t j = i + 1; !model.keeps_all && j <= model.received[stream]; j++)
			superseded =
			    superseded || (model.stored[stream][j] &&
					      model.key_of[stream][j] == model.key_of[stream][i]);
		if (!superseded)
			return false;
	}
	return true;
}

/* Whether the record is one to be rejected. */
static bool
is_refused(size_t stream, size_t number)
{
	return model.unwanted[stream][number] || model.bad[stream][number] ||
	       model.unknown[stream][model.key_of[stream][number]];
}

/* Takes in the lines that are new in the reject file: each once, with the text of its record. */
static void
read_rejects(void)
{
	char line[512];

	clearerr(model.reject_file);
	while (fgets(line, sizeof(line), model.reject_file) != NULL) {
		cJSON *reject = cJSON_Parse(line);
		const cJSON *data = cJSON_GetObjectItem(reject, "data");
		const size_t stream = strtoul(
		    cJSON_GetStringValue(cJSON_GetObjectItem(reject, "stream")) + 1, NULL, 10);
		const size_t number =
		    (size_t)cJSON_GetNumberValue(cJSON_GetObjectItem(reject, "record"));
		assert_true(is_refused(stream, number));
		assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(data, "n")), number);
		assert_false(model.rejected[stream][number]);
		model.rejected[stream][number] = true;
		cJSON_Delete(reject);
	}
}

/* The counts of a state are those of the records since the state before it, in each stream. */
static void
assert_counts(const cJSON *stats, size_t id, size_t queue)
{
	const cJSON *told = cJSON_GetObjectItem(stats, "rejectedRecordCount");
	size_t records = 0;
	size_t rejected = 0;

	for (size_t s = 0; s < model.streams; s++) {
		if (queue < STREAMS_MAX && queue != s)
			continue;
		for (size_t i = model.left_until[queue][s] + 1; i <= model.states[id].until[s];
		     i++) {
			records++;
			rejected += model.rejected[s][i];
		}
		model.left_until[queue][s] = model.states[id].until[s];
	}
	assert_int_equal(told == NULL ? 0 : cJSON_GetNumberValue(told), rejected);
	assert_int_equal(
	    cJSON_GetNumberValue(cJSON_GetObjectItem(stats, "recordCount")), records - rejected);
}

/* --- the model sees each state at the moment it leaves ------------------------------------------
 */

static void
see_state(const char *line, size_t len)
{
	char text[2048];

	assert_true(len < sizeof(text));
	memcpy(text, line, len);
	text[len] = '\0';
	cJSON *message = cJSON_Parse(text);
	const cJSON *state = cJSON_GetObjectItem(message, "state");
	const size_t id = (size_t)cJSON_GetObjectItem(state, "id")->valueint;
	assert_true(id < model.states_count);
	const int scope = model.states[id].scope;
	const size_t queue = scope < 0 ? STREAMS_MAX : (size_t)scope;

	/* in order: no earlier state of the scope is left behind */
	for (size_t i = model.next_state[queue]; i < id; i++)
		assert_int_not_equal(model.states[i].scope, scope);
	assert_true(id >= model.next_state[queue]);
	model.next_state[queue] = id + 1;
	model.states_left++;
	read_rejects();
	assert_counts(cJSON_GetObjectItem(state, "destinationStats"), id, queue);
	for (size_t s = 0; s < model.streams; s++) {
		if (scope >= 0 && (size_t)scope != s)
			continue;
		assert_true(is_safe(s, model.states[id].until[s]));
		assert_true(!model.overwrite[s] || model.held[s] || model.ended[s]);
		left_before_the_end += model.held[s] && !model.ended[s];
	}
	cJSON_Delete(message);
}

/* --- a destination: the body is "number:key\n" per record --------------------------------------
 */

static enum ab_taken
model_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	const size_t stream = batch->stream->index;
	const size_t number = (size_t)record->ordinal;
	char key[16];
	size_t earlier;

	(void)self;
	if (model.unwanted[stream][number]) {
		ab_fail(err, AB_CONFIG_ERROR, "not wanted");
		return AB_REJECTED;
	}
	const int len = snprintf(key, sizeof(key), "%u", model.key_of[stream][number]);
	ab_batch_key(batch, key, (size_t)len);
	if (model.keeps_all && ab_batch_find(batch, key, (size_t)len, &earlier))
		return AB_NEXT_BATCH;
	ab_buf_printf(&batch->body, "%zu:%s\n", number, key);
	return AB_TAKEN;
}

/* A state of all streams is not kept back by records of another one. */
static void
assert_may_be_final(void)
{
	read_rejects();
	for (size_t i = 0; i < model.states_count; i++) {
		for (size_t s = 0; s < model.streams && model.states[i].scope < 0; s++)
			assert_true(is_safe(s, model.received[s]));
	}
}

/* One request per record if the limits say so, else one for the batch. */
static bool fans;

static enum ab_ask
model_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)err;
	assert_int_equal(
	    x->stream->resumable, model.resumable && model.overwrite[x->stream->index]);
	if (x->phase == AB_BEGIN) {
		if (x->stream->resumable && below(2) == 0) {
			model.held[x->stream->index] = true;
			x->stream->overwrite = false;
		}
		x->stream->hold = x->stream->overwrite && below(2) == 0;
		return AB_SKIP;
	}
	if (x->phase == AB_END) {
		if (x->complete && x->stream->resumable)
			assert_may_be_final();
		if (x->complete)
			model.ended[x->stream->index] = true;
		return AB_SKIP;
	}
	out->method = AB_POST;
	ab_buf_printf(&out->url, "%zu", x->stream->index);
	out->to = x->batch->body.len;
	if (fans) {
		x->items = (unsigned)x->batch->count;
		out->from = ab_batch_start(x->batch, x->item);
		out->to = x->batch->entries[x->item].end;
	}
	for (const char *at = x->batch->body.data + out->from; at < x->batch->body.data + out->to;
	     at = strchr(at, '\n') + 1) {
		const unsigned key = (unsigned)strtoul(strchr(at, ':') + 1, NULL, 10);
		model.busy[x->stream->index][key]++;
		if (model.order == AB_ORDER_KEY)
			assert_int_equal(model.busy[x->stream->index][key], 1);
	}
	model.streams_busy[x->stream->index]++;
	if (model.order == AB_ORDER_STREAM && !fans)
		assert_int_equal(model.streams_busy[x->stream->index], 1);
	return AB_SEND;
}

/* What the service says of the record of an entry. */
static void
judge_entry(struct ab_batch *batch, size_t i)
{
	const size_t stream = batch->stream->index;
	const size_t number = (size_t)batch->entries[i].ordinal;

	if (model.unknown[stream][model.key_of[stream][number]])
		ab_batch_reject_key(batch, i, "unknown");
	else if (model.bad[stream][number])
		ab_batch_reject(batch, i, "bad");
}

static enum ab_verdict
model_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	if (in->status == 413) {
		ab_fail(err, AB_SYSTEM_ERROR, "too large");
		return AB_SPLIT;
	}
	for (size_t i = 0; in->status == 200 && i < x->batch->count; i++) {
		if (!fans || i == x->item)
			judge_entry(x->batch, i);
	}
	if (in->status == 420) {
		ab_fail(err, AB_TRANSIENT_ERROR, "slow down");
		x->wait_ms = 5;
		return AB_WAIT;
	}
	return ab_verdict_of_status(in, err);
}

static const struct ab_destination destination = {.name = "model",
    .version = "1",
    .append = model_append,
    .request = model_request,
    .response = model_response};

/* --- the service ----------------------------------------------------------------------------- */

static void
visit(const struct fake_call *call, bool apply)
{
	const size_t stream = strtoul(call->url, NULL, 10);

	model.streams_busy[stream]--;
	for (const char *at = call->body; *at != '\0'; at = strchr(at, '\n') + 1) {
		const size_t number = strtoul(at, NULL, 10);
		const unsigned key = (unsigned)strtoul(strchr(at, ':') + 1, NULL, 10);
		model.busy[stream][key]--;
		if (!apply || is_refused(stream, number))
			continue;
		model.stored[stream][number] = true;
		model.holds[stream][key] = number;
	}
}

static void
service_answer(const struct fake_call *call, struct ab_reply *reply)
{
	static const int troubles[] = {0, 503, 429, 420};
	const bool lost_after = below(3) == 0;

	reply->status = 200;
	if (below(1000) < model.fatal) {
		reply->status = 400;
		model.refused = true;
	} else if (below(100) < model.trouble) {
		reply->status = troubles[below(COUNT(troubles))];
	} else if (!fans && below(100) < model.trouble && strchr(call->body, '\n')[1] != '\0') {
		reply->status = 413; /* more than one record */
	}
	visit(call, reply->status == 200 || (reply->status == 0 && lost_after));
}

static size_t
service_pick(size_t count)
{
	return below((uint32_t)count + 1); /* sometimes none */
}

/* --- one run --------------------------------------------------------------------------------- */

static void
write_catalog(char path[64], bool refresh)
{
	const char *overwrite = model.resumable ? "append" : "overwrite";
	struct ab_buf text;

	ab_buf_init(&text, 65536);
	ab_buf_add_text(&text, "{\"streams\":[");
	for (size_t s = 0; s < model.streams; s++)
		ab_buf_printf(&text,
		    "%s{\"stream\":{\"name\":\"s%zu\",\"json_schema\":{}},\"sync_mode\":"
		    "\"incremental\",\"destination_sync_mode\":\"%s\"%s%s}",
		    s > 0 ? "," : "", s, model.overwrite[s] ? overwrite : "append",
		    refresh ? ",\"sync_id\":7,\"generation_id\":1,\"minimum_generation_id\":" : "",
		    !refresh                                ? ""
		    : model.resumable && model.overwrite[s] ? "1"
							    : "0");
	ab_buf_add_text(&text, "]}");
	write_temporary(path, text.data);
	ab_buf_release(&text);
}

static void
add_state(struct ab_buf *text, int scope)
{
	const size_t id = model.states_count++;

	model.states[id].scope = scope;
	memcpy(model.states[id].until, model.received, sizeof(model.received));
	ab_buf_printf(text, "{\"type\":\"STATE\",\"state\":{\"id\":%zu,", id);
	if (scope < 0)
		ab_buf_add_text(text, "\"type\":\"GLOBAL\",\"global\":{\"stream_states\":[]}}}\n");
	else
		ab_buf_printf(text,
		    "\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{\"name\":\"s%d\"}}}}\n",
		    scope);
}

static void
put_messages(struct ab_buf *text, size_t records, bool complete)
{
	const uint32_t keys = 1 + below(KEYS);

	for (size_t n = 0; n < records; n++) {
		const size_t s = below((uint32_t)model.streams);
		const size_t number = ++model.received[s];
		model.key_of[s][number] = below(keys);
		model.unwanted[s][number] = below(50) == 0;
		model.bad[s][number] = below(100) < model.badness;
		ab_buf_printf(text,
		    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s%zu\",\"emitted_at\":1,"
		    "\"data\":{\"n\":%zu}}}\n",
		    s, number);
		if (below(12) == 0 && model.states_count + 10 < STATES_MAX)
			add_state(text, below(5) == 0 ? -1 : (int)below((uint32_t)model.streams));
	}
	for (size_t s = 0; s < model.streams; s++)
		add_state(text, (int)s);
	for (size_t s = 0; complete && s < model.streams; s++)
		ab_buf_printf(text,
		    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"stream_status\":{"
		    "\"status\":"
		    "\"COMPLETE\",\"stream_descriptor\":{\"name\":\"s%zu\"}}}}\n",
		    s);
}

/* Of every key the service holds the newest version that it does not refuse, and what came after
 * that one was rejected. Without an order it is some version. */
static void
assert_newest_versions_held(size_t stream, unsigned key)
{
	size_t newest = 0;

	for (size_t i = 1; i <= model.received[stream]; i++) {
		if (model.key_of[stream][i] == key && !is_refused(stream, i))
			newest = i;
	}
	if (model.order == AB_ORDER_NONE)
		assert_int_equal(model.holds[stream][key] > 0, newest > 0);
	else
		assert_int_equal(model.holds[stream][key], newest);
	for (size_t i = newest + 1; i <= model.received[stream]; i++) {
		if (model.key_of[stream][i] == key)
			assert_true(model.rejected[stream][i]);
	}
}

static void
run_once(uint32_t with_seed)
{
	char catalog_path[64];
	char reject_path[64];
	struct ab_catalog catalog;
	struct ab_buf messages;
	struct ab_error err;

	memset(&model, 0, sizeof(model));
	seeded_start(with_seed);
	model.streams = 1 + below(STREAMS_MAX);
	model.trouble = below(3) == 0 ? 0 : below(25);
	model.fatal = below(4) == 0 ? 5 : 0;
	model.badness = below(2) == 0 ? 0 : below(60);
	model.order = (enum ab_order)below(3);
	model.keeps_all = below(3) == 0;
	fans = below(2) == 0;
	const bool refresh = below(2) == 0;
	model.resumable = refresh && below(2) == 0;
	for (size_t s = 0; s < model.streams; s++) {
		model.overwrite[s] = below(3) == 0;
		for (unsigned key = 0; key < KEYS; key++)
			model.unknown[s][key] = below(12) == 0;
	}
	fake.answer = service_answer;
	fake.pick = service_pick;
	fake_emit.state = see_state;

	write_catalog(catalog_path, refresh);
	ab_buf_init(&messages, (size_t)1 << 24);
	put_messages(&messages, below(RECORDS_MAX), refresh);
	cJSON *spec =
	    cJSON_Parse("{\"supported_destination_sync_modes\":[\"append\",\"overwrite\"]}");
	assert_int_equal(ab_catalog_read(&catalog, catalog_path, spec, model.resumable, &err), 0);
	struct ab_limits limits = {.batch_records = 1 + below(9),
	    .batch_bytes = 10 + below(60),
	    .in_flight = 1 + below(8),
	    .fan = fans ? 1 + below(4) : 1,
	    .order = model.order,
	    .rate = {.requests = below(3) == 0 ? 20 : 0, .per_ms = 1000}};
	limits.retry.total_ms = 60000;
	limits.retry.delays = AB_RETRY_DELAYS_MAX;
	for (unsigned i = 0; i < AB_RETRY_DELAYS_MAX; i++)
		limits.retry.delays_ms[i] = 1000;
	write_temporary(reject_path, "");
	model.reject_file = fopen(reject_path, "r");
	assert_non_null(model.reject_file);
	const struct ab_sync_options options = {
	    .dialect = &ab_airbyte_dialect, .reject_file = reject_path};
	const int rc = run_lines(&destination, limits, &catalog, options, messages.data, &err);
	read_rejects();
	if (rc == 0) {
		assert_false(model.refused);
		assert_int_equal(model.states_left, model.states_count);
		for (size_t s = 0; s < model.streams; s++) {
			assert_true(is_safe(s, model.received[s]));
			for (unsigned key = 0; key < KEYS; key++)
				assert_newest_versions_held(s, key);
		}
	} else {
		assert_true(model.refused || model.trouble > 0);
		assert_true(model.states_left <= model.states_count);
	}
	ab_buf_release(&messages);
	cJSON_Delete(spec);
	unlink(catalog_path);
	fclose(model.reject_file);
	unlink(reject_path);
}

static void
no_state_leaves_early_or_is_lost_whatever_the_service_does(void **state)
{
	const char *only = getenv("SEED");

	(void)state;
	if (only != NULL) {
		run_once((uint32_t)strtoul(only, NULL, 10));
		return;
	}
	for (uint32_t i = 1; i <= 400; i++) {
		running = i;
		run_once(i);
	}
	running = 0;
	assert_true(left_before_the_end > 0);
}

static int
tell_the_seed(void **state)
{
	(void)state;
	if (running != 0)
		print_error("it failed with SEED=%u\n", running);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		no_state_leaves_early_or_is_lost_whatever_the_service_does, tell_the_seed),
	};

	setenv("AB_TIME_SCALE", "0.0005", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
