/*
 * flow.h: the streams of a running sync, shared by intake.c (messages to batches), seal.c (batches
 * that are complete), queue.c (batches that wait), key_space.c (streams that write the same
 * objects), deliver.c (exchanges that start), settle.c (exchanges that ended), announce.c (streams
 * that appear), status.c (streams that are complete), measure.c, interrupt.c and sync.c (the loop).
 * Nobody else includes it.
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

/* flow.c */
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

/* intake.c: takes the lines at hand, as long as there is room. */
void ab_intake_take(struct ab_sync *sync);
/* Reads once from the input. */
void ab_intake_fill(struct ab_sync *sync);
/* A line of the input cannot be taken: nothing after it is, and the run will fail. */
void ab_intake_refuse(struct ab_sync *sync, uint64_t line, const struct ab_error *cause);

/* status.c */
void ab_status_start(struct ab_sync *sync);
void ab_status_end(struct ab_sync *sync);
/* Takes a STREAM_STATUS; flow is that of its stream, NULL if the catalog lacks it. */
void ab_status_take(struct ab_sync *sync, struct ab_flow *flow, const struct ab_message *message);
/* Whether a stream is complete by what came until now. */
bool ab_status_complete(const struct ab_sync *sync, const struct ab_flow *flow);

/* measure.c: metrics of a Singer target; nothing in the other protocol. */
void ab_measure_start(struct ab_sync *sync);
/* Writes what is due. */
void ab_measure(struct ab_sync *sync);
/* When something is due next. */
int64_t ab_measure_deadline(const struct ab_sync *sync);
/* The last counts. */
void ab_measure_end(struct ab_sync *sync);

/* interrupt.c: keeps the first signal, and makes it a failure of this run. */
void ab_interrupt_start(struct ab_sync *sync);
void ab_interrupt_heed(struct ab_sync *sync);
bool ab_interrupt_came(const struct ab_sync *sync);

/* announce.c: takes a SCHEMA. The stream may be begun, and input be taken again, only later. */
AB_MUST_CHECK int ab_announce_stream(
    struct ab_sync *sync, const struct ab_message *message, struct ab_error *err);
/* A stream has ended as it was: whether it begins anew, with the SCHEMA that changed it. */
bool ab_announce_change(struct ab_sync *sync, struct ab_flow *flow);
/* Refuses a record without one of its stream's keys; warns of deletions that cannot be. */
AB_MUST_CHECK int ab_announce_check(struct ab_sync *sync, const struct ab_flow *flow,
    const struct ab_message *message, struct ab_error *err);
/* Say once what becomes of such messages. */
void ab_announce_version(struct ab_sync *sync);
void ab_announce_unknown(struct ab_sync *sync, const struct ab_message *message);

/* queue.c: the first record of an open batch is about to come; it is open no more. */
void ab_queue_open(struct ab_sync *sync, struct ab_batch *batch);
void ab_queue_close(struct ab_sync *sync, struct ab_batch *batch);
/* Appends a sealed batch to its queue, with the next sequence. */
void ab_queue_put(struct ab_sync *sync, struct ab_batch *batch);
/* Puts what was taken, or part of it, where its sequence says: before an equal one. */
void ab_queue_put_back(struct ab_sync *sync, struct ab_batch *batch);
/* Takes the first batch of a queue that has one. */
struct ab_batch *ab_queue_take(struct ab_sync *sync, struct ab_queue *queue);
/* Frees the open batch of a stream, and all that its queue holds. */
void ab_queue_drop(struct ab_sync *sync, struct ab_flow *flow);

/* key_space.c: a stream is begun, and nothing of it waits: where its batches are to wait. */
void ab_key_space_join(struct ab_sync *sync, struct ab_flow *flow);
/* Whether the record being appended to the open batch may be committed there. If not, the batch is
 * not empty, and is to be sealed; the record is for the next. */
bool ab_key_space_admits(struct ab_sync *sync, struct ab_flow *flow);
/* No batch of the queue is open, or its streams are not several any more: frees its index. */
void ab_key_space_forget(struct ab_sync *sync, struct ab_queue *queue);
/* Seals what has to be sealed before the open batch. */
void ab_key_space_seal_before(struct ab_sync *sync, const struct ab_flow *flow);
/* After all batches are gone. */
void ab_key_space_release(struct ab_sync *sync);

/* seal.c: the batch that is open, if there is one, is complete; without records it is freed. Seals
 * it after what has to be sealed before it; and alone. */
void ab_seal(struct ab_sync *sync, struct ab_flow *flow);
void ab_seal_one(struct ab_sync *sync, struct ab_flow *flow);
/* Seals the largest open batches while the open ones hold half of the memory. */
void ab_seal_largest(struct ab_sync *sync);
/* Seals what is due by age, in the order in which it was opened. */
void ab_seal_due(struct ab_sync *sync);
/* When the next open batch is due; INT64_MAX: none is. */
int64_t ab_seal_deadline(const struct ab_sync *sync);

/* deliver.c: starts the exchanges that may start; of batches those that were sealed first. */
void ab_deliver(struct ab_sync *sync);

/* settle.c: takes the exchanges that ended; returns whether there was one. */
bool ab_settle(struct ab_sync *sync);
/* Counts a record as rejected and reports it; record is its text, empty if it was not kept. */
void ab_settle_reject(struct ab_sync *sync, struct ab_flow *flow, uint64_t ordinal,
    const char *reason, struct ab_view record);

#endif
