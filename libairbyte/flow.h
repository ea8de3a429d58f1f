/*
 * flow.h: the streams of a running sync, and what they share. This is what the modules of a sync
 * work on, which nobody else includes: intake (messages to batches), seal (batches that are
 * complete), queue (batches that wait), key_space (streams that write the same objects), deliver
 * (exchanges that start), settle (exchanges that ended), announce (streams that appear), status
 * (streams that are complete), measure, interrupt, and sync.c, the loop.
 *
 * Per stream, always: received >= sealed >= durable >= acknowledged.
 */
#ifndef AB_FLOW_H
#define AB_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "catalog.h"
#include "destination.h"
#include "digest.h"
#include "exchange.h"
#include "ledger.h"
#include "line.h"
#include "message.h"
#include "progress.h"
#include "reject.h"
#include "spool.h"

/*
 *   NEW -> BEGINNING -> OPEN -> ENDING -> ENDED
 *                        \-> REPLAYING -/        (held: the spool is delivered once all arrived)
 *
 * From ENDING a stream whose schema changed goes back to NEW, or to OPEN if it cannot: then it ends
 * once more.
 */
enum ab_flow_state {
	AB_FLOW_NEW,
	AB_FLOW_BEGINNING,
	AB_FLOW_OPEN,
	AB_FLOW_REPLAYING,
	AB_FLOW_ENDING,
	AB_FLOW_ENDED,
};

/* Sealed batches of a stream, or of the streams of a key space, in the order in which they were
 * sealed. */
struct ab_queue {
	struct ab_batch *sealed;
	struct ab_queue *prev, *next; /* in sync->waiting */
	size_t streams;
	size_t open; /* open batches of theirs that have records */
	unsigned key_space;
	struct ab_queue *another;  /* in sync->shared */
	struct ab_key_slot *slots; /* of several streams: the index of their open batches by key */
	size_t slots_cap;
	size_t slots_used;
};

struct ab_flow {
	enum ab_flow_state state;
	struct ab_stream *stream;
	struct ab_batch *open; /* being filled; NULL: none */
	size_t full_bytes;     /* of the body of the last one that was full */
	uint64_t after; /* open batches of its key space up to this sequence are sealed first */
	struct ab_queue *queue; /* where its sealed ones stand */
	struct ab_queue own;
	size_t queued;     /* batches there */
	size_t delivering; /* batches in an exchange */
	uint64_t records;
	uint64_t bytes;
	uint64_t safe;
	uint64_t measured; /* records the service took, as metrics say them */
	int64_t started_ms;
	bool complete_seen;
	bool incomplete_seen;
	bool state_after_last;
	bool counts_disagree;
	bool ended_well;
	char schema_digest[AB_DIGEST_HEX + 1]; /* SHA-256 of the last SCHEMA line */
	struct cJSON *changed;                 /* the SCHEMA it is to go on with; NULL: none */
	uint64_t changed_line;                 /* of the input, where that stood */
	bool went_on;                          /* it ended to go on, and has not begun again */
};

struct ab_sync {
	const struct ab_destination *destination;
	void *self;
	struct ab_limits limits;
	struct ab_catalog *catalog;
	const struct ab_dialect *dialect;
	struct ab_flow *flows; /* one per stream of the catalog */
	struct ab_flow *last;  /* of the last record: most records follow one of their own stream */
	struct ab_batch *open; /* the open batches that have records, in the order of their first */
	struct ab_queue *waiting; /* the queues that have batches, in the order of their first */
	struct ab_queue *shared;  /* one for each key space that has streams */
	uint64_t sequence;        /* the last that a batch was given */
	struct ab_ledger *ledger;
	struct ab_spool *spool;
	struct ab_http *http;
	struct ab_exchange_set *exchanges;
	struct ab_reject *reject;
	struct ab_line line;
	struct ab_message_reader reader;
	struct ab_progress progress;
	size_t batch_bytes; /* memory of all batches, open, queued and in delivery, and of the
			       indexes of open ones */
	size_t open_bytes;  /* of the open ones among them, and of these indexes */
	size_t memory_limit;
	size_t begun;                /* streams whose begin is done */
	size_t ended;                /* streams that are through */
	size_t delivered;            /* streams, from the first, that only their end is left of */
	struct ab_catalog strangers; /* streams that the catalog lacks, of which COMPLETE came */
	bool strangers_prove_nothing;
	bool dedup; /* a stream that is announced with a key has one row per key */
	bool told_of_versions;
	bool told_of_unknown;
	bool any_state;
	bool any_state_of_all;
	bool input_over;
	bool clean_eof;
	bool failed;   /* no new work; what is in flight finishes */
	bool aborting; /* it has: streams end as not complete */
	bool blamed;   /* failure is set */
	struct ab_error failure;
	int wake;        /* readable once a signal asks for the end; -1: none is awaited */
	int64_t stop_ms; /* when what is in flight then is given up; INT64_MAX: no signal came */
	int64_t now_ms;
	int64_t next_metrics_ms;
	int64_t next_wait_log_ms; /* when a wait without a try may be logged again */
	int64_t started_unix_ms;
};

void ab_flow_init(struct ab_flow *flow, struct ab_stream *stream);
struct ab_flow *ab_flow_of(const struct ab_sync *sync, const struct ab_batch *batch);
/* Keeps the first cause; the run will end with it. */
void ab_flow_blame(struct ab_sync *sync, const struct ab_error *error);
/* The same, and stops new work, but not that streams are ended as not complete. */
void ab_flow_fail(struct ab_sync *sync, const struct ab_error *error);
/* Whether memory allows more. */
bool ab_flow_has_room(const struct ab_sync *sync);
/* Whether a line may be taken: every stream is begun, and memory allows more. */
bool ab_flow_takes_input(const struct ab_sync *sync);
/* Counts what a batch occupies now, in place of what it was last counted with; and no longer. */
void ab_flow_charge(struct ab_sync *sync, struct ab_batch *batch);
void ab_flow_discharge(struct ab_sync *sync, struct ab_batch *batch);
/* Frees a batch (or NULL), which counts no longer. */
void ab_flow_free_batch(struct ab_sync *sync, struct ab_batch *batch);
/* A stream is through: nothing of it will begin or end any more. */
void ab_flow_end(struct ab_sync *sync, struct ab_flow *flow);

#endif
