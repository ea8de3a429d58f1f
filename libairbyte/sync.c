/*
 * The loop: one thread, no callbacks. Each turn settles exchanges that ended, starts what may
 * start, moves bytes, lets safe states go, then waits for the network, for input, or for the next
 * deadline.
 */
#include "sync.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "deliver.h"
#include "emit.h"
#include "flow.h"
#include "intake.h"
#include "interrupt.h"
#include "key_space.h"
#include "measure.h"
#include "queue.h"
#include "seal.h"
#include "settle.h"
#include "status.h"
#include "streams.h"

#define MEMORY_LIMIT ((size_t)24 << 20)
#define LINE_MAX_BYTES ((size_t)256 << 20)
#define STATE_LINE_MAX ((size_t)512 << 20)
#define WAIT_MAX_MS 60000
#define WAITS_TOLD_EVERY_MS 60000

void
ab_sync_default_limits(struct ab_limits *limits)
{
	static const struct ab_retry_policy retry = {
	    .delays_ms = {1000, 2000, 4000}, .delays = 3, .total_ms = 60000};

	if (limits->batch_records == 0)
		limits->batch_records = 1000;
	if (limits->batch_bytes == 0)
		limits->batch_bytes = (size_t)1 << 20;
	if (limits->record_bytes < limits->batch_bytes)
		limits->record_bytes = limits->batch_bytes;
	if (limits->in_flight == 0)
		limits->in_flight = 8;
	if (limits->fan == 0)
		limits->fan = 1;
	if (limits->retry.total_ms == 0)
		limits->retry = retry;
}

/* A quarter of the container's memory, if that is less than what we would take. */
static size_t
memory_limit(void)
{
	static const char *const files[] = {
	    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
	size_t limit = MEMORY_LIMIT;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file = fopen(files[i], "re");
		uintmax_t bytes = 0;
		if (file == NULL)
			continue;
		if (fscanf(file, "%ju", &bytes) == 1 && bytes / 4 < limit)
			limit = (size_t)(bytes / 4);
		fclose(file);
	}
	return limit;
}

static void
release_states(struct ab_sync *sync)
{
	struct ab_buf line;
	struct ab_error error;
	int rc = 0;

	ab_buf_init(&line, STATE_LINE_MAX);
	if (ab_reject_sync(sync->reject, &error) != 0) {
		ab_flow_fail(sync, &error);
		goto out;
	}
	for (;;) {
		ab_buf_reset(&line);
		rc = ab_ledger_release(sync->ledger, &line, &error);
		if (rc <= 0)
			break;
		ab_emit_state(line.data, line.len);
	}
	if (rc < 0)
		ab_flow_fail(sync, &error);
out:
	ab_buf_release(&line);
}

static void
log_notes(struct ab_sync *sync)
{
	char label[256];

	for (size_t i = 0; i < sync->catalog->count; i++) {
		struct ab_stream *stream = &sync->catalog->streams[i];
		while (stream->notes != NULL) {
			struct ab_note *note = stream->notes;
			ab_emit_log(AB_WARN, "stream %s: %s",
			    ab_stream_label(stream, label, sizeof(label)), note->text);
			stream->notes = note->next;
			free(note);
		}
	}
}

/* Minutes without a line look like a hang. Many exchanges may wait for the same limit, again and
 * again: of those waits one a minute is enough. Tries are few. */
static void
log_waits(struct ab_sync *sync)
{
	struct ab_wait wait;
	char label[256];

	while (ab_exchange_waiting(sync->exchanges, &wait)) {
		const int64_t seconds = (wait.wait_ms + 500) / 1000;
		ab_stream_label(wait.stream, label, sizeof(label));
		if (wait.next_try > 0) {
			ab_emit_log(AB_WARN, "stream %s: %s; trying again in %lld s (try %u of %u)",
			    label, wait.error.message, (long long)seconds, wait.next_try,
			    wait.tries);
		} else if (sync->now_ms >= sync->next_wait_log_ms) {
			ab_emit_log(AB_WARN, "stream %s: %s; waiting %lld s", label,
			    wait.error.message, (long long)seconds);
			sync->next_wait_log_ms = sync->now_ms + WAITS_TOLD_EVERY_MS;
		}
	}
}

static void
report(struct ab_sync *sync)
{
	struct ab_progress_counts counts = {.states_waiting = ab_ledger_waiting(sync->ledger)};

	if (sync->now_ms < ab_progress_deadline(&sync->progress))
		return;
	for (size_t i = 0; i < sync->catalog->count; i++) {
		counts.records += sync->flows[i].records;
		counts.bytes += sync->flows[i].bytes;
		counts.safe += sync->flows[i].safe;
		counts.rejected += ab_ledger_rejected_total(sync->ledger, i);
	}
	ab_progress_tick(&sync->progress, &counts, sync->now_ms);
}

/* Input is read once every stream is begun, while there is room; after a failure it is drained, but
 * not after a signal, which its sender may wait for as well. */
static bool
wants_input(const struct ab_sync *sync)
{
	if (sync->line.eof || ab_interrupt_came(sync))
		return false;
	if (sync->failed || sync->input_over)
		return true;
	return ab_flow_takes_input(sync);
}

static int
wait_ms(const struct ab_sync *sync)
{
	int64_t deadline = ab_exchange_deadline(sync->exchanges);
	const int64_t others[] = {ab_seal_deadline(sync), ab_progress_deadline(&sync->progress),
	    ab_measure_deadline(sync), sync->aborting ? INT64_MAX : sync->stop_ms};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i] < deadline)
			deadline = others[i];
	}
	if (deadline <= sync->now_ms)
		return 0;
	return deadline - sync->now_ms < WAIT_MAX_MS ? (int)(deadline - sync->now_ms) : WAIT_MAX_MS;
}

/* Returns false when everything is settled. */
static bool
turn(struct ab_sync *sync)
{
	struct ab_error error;

	sync->now_ms = ab_clock_ms();
	ab_interrupt_heed(sync);
	ab_seal_due(sync);
	ab_deliver(sync);
	ab_exchange_drive(sync->exchanges, sync->now_ms);
	const bool settled = ab_settle(sync);
	release_states(sync);
	log_notes(sync);
	log_waits(sync);
	report(sync);
	ab_measure(sync);
	if (ab_emit_flush(&error) != 0 && !sync->failed)
		ab_flow_fail(sync, &error);
	if (sync->failed && !sync->aborting && ab_exchange_active(sync->exchanges) == 0) {
		sync->aborting = true;
		ab_exchange_resume(sync->exchanges);
		return true;
	}
	if (settled)
		return true;
	if (sync->ended == sync->catalog->count && (sync->input_over || sync->failed))
		return false;

	struct ab_view line;
	const bool wanted = wants_input(sync);
	const bool at_hand = !sync->failed && !sync->input_over && ab_flow_takes_input(sync) &&
			     ab_line_peek(&sync->line, &line);
	if (at_hand)
		ab_intake_take(sync);
	const int timeout_ms = at_hand ? 0 : wait_ms(sync);
	if (ab_http_wait(sync->http, wanted ? sync->line.fd : -1, sync->wake, timeout_ms) && wanted)
		ab_intake_fill(sync);
	return true;
}

static void
start(struct ab_sync *sync, const struct ab_sync_options *options)
{
	char agent[128];
	char streams[64];

	snprintf(
	    agent, sizeof(agent), "%s/%s", sync->destination->name, sync->destination->version);
	sync->now_ms = ab_clock_ms();
	sync->started_unix_ms = ab_clock_unix_ms();
	sync->memory_limit = memory_limit();
	sync->ledger = ab_ledger_new(sync->catalog->count);
	sync->spool = ab_spool_new();
	sync->http = ab_http_new(agent, 0);
	sync->exchanges =
	    ab_exchange_set_new(sync->destination, sync->self, &sync->limits, sync->http);
	sync->flows = ab_calloc(sync->catalog->cap, sizeof(*sync->flows));
	for (size_t i = 0; i < sync->catalog->count; i++) {
		ab_flow_init(&sync->flows[i], &sync->catalog->streams[i]);
	}
	ab_line_init(&sync->line, options->input, LINE_MAX_BYTES);
	ab_message_init(&sync->reader);
	ab_progress_start(&sync->progress, sync->now_ms);
	ab_status_start(sync);
	ab_measure_start(sync);
	ab_interrupt_start(sync);
	if (sync->dialect->announces)
		snprintf(streams, sizeof(streams), "streams as they come");
	else
		snprintf(streams, sizeof(streams), "%zu stream%s", sync->catalog->count,
		    sync->catalog->count == 1 ? "" : "s");
	ab_emit_log(AB_INFO, "%s %s: %s, up to %zu MiB of records in memory",
	    sync->destination->name, sync->destination->version, streams, sync->memory_limit >> 20);
}

static void
stop(struct ab_sync *sync)
{
	ab_progress_end(&sync->progress);
	for (size_t i = 0; i < sync->catalog->count; i++) {
		ab_queue_drop(sync, &sync->flows[i]);
		cJSON_Delete(sync->flows[i].changed);
	}
	ab_key_space_release(sync);
	ab_status_end(sync);
	assert(sync->batch_bytes == 0 && sync->open_bytes == 0);
	free(sync->flows);
	ab_exchange_set_free(sync->exchanges);
	ab_http_free(sync->http);
	ab_message_release(&sync->reader);
	ab_line_release(&sync->line);
	ab_spool_free(sync->spool);
	ab_ledger_free(sync->ledger);
	ab_reject_close(sync->reject);
	ab_streams_close(
	    sync->destination, sync->self, sync->catalog->streams, sync->catalog->count);
}

int
ab_sync_write(const struct ab_destination *destination, void *self, const struct ab_limits *limits,
    struct ab_catalog *catalog, const struct ab_sync_options *options, struct ab_error *err)
{
	struct ab_sync sync = {.destination = destination,
	    .self = self,
	    .limits = *limits,
	    .catalog = catalog,
	    .dialect = options->dialect,
	    .dedup = options->dedup};
	int rc = 0;

	if (ab_streams_open(destination, self, catalog->streams, catalog->count, err) != 0)
		return -1;
	if (ab_reject_open(&sync.reject, options->reject_file, err) != 0) {
		ab_streams_close(destination, self, catalog->streams, catalog->count);
		return -1;
	}
	start(&sync, options);
	while (turn(&sync)) {
	}
	ab_measure_end(&sync);
	const size_t waiting = ab_ledger_waiting(sync.ledger);
	if (waiting > 0 && !sync.blamed) {
		struct ab_error error;
		ab_fail(&error, AB_SYSTEM_ERROR, "%zu STATE messages could not be acknowledged",
		    waiting);
		ab_flow_blame(&sync, &error);
	}
	if (sync.blamed) {
		*err = sync.failure;
		rc = -1;
	}
	stop(&sync);
	return rc;
}
