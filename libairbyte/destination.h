/*
 * destination.h: the connector interface and its contract.
 *
 * Everything a connector says to its service is an exchange: checking, discovering, opening a
 * stream, delivering a batch, ending a stream. An exchange is a small state machine of requests and
 * replies. The library runs many at once and owns every byte on the wire, every wait, retry and
 * acknowledgement; a connector is functions without I/O, clock or globals.
 *
 * Order of events of a write: open; streams(); one AB_BEGIN exchange per stream, all in parallel,
 * before the first record is read; append() for each record and AB_BATCH exchanges while records
 * come; one AB_END exchange per stream whose begin succeeded, also for empty ones, after its last
 * batch, and one more if it was to go on (stream->goes_on) and could not; stream_close() for each
 * stream; close. Calls never overlap: there is one thread.
 *
 * The platform may try an overwrite again with the same generation_id, and send only what follows
 * the states that were acknowledged: stream->resumable (catalog.h). For such a stream the service
 * has to hold which generation its data is of. A connector puts it there in AB_END (complete),
 * after the replacement and before the exchange is done, so before any state of it leaves. Where it
 * finds that generation in AB_BEGIN it sets stream->overwrite = false: nothing is replaced then,
 * the records are added, or merged by key, and the states are not withheld. One that replaces
 * record by record may leave stream->overwrite as it is and keep what this generation wrote.
 */
#ifndef AB_DESTINATION_H
#define AB_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "catalog.h"
#include "config.h"
#include "error.h"
#include "json.h"
#include "pace.h"
#include "retry.h"

enum ab_phase {
	AB_CHECK,    /* `check`: is the configuration right and may we write? no stream */
	AB_DISCOVER, /* `discover`: what can be written? into x->answer; no stream */
	AB_BEGIN, /* before a stream's first record: look up or make what it needs, set stream->hold
		     and, if it is resumable, stream->overwrite */
	AB_BATCH, /* deliver x->batch */
	AB_END,   /* after a stream's last batch; x->complete: it ended well. Where a state is of
		     all streams, resumable ones end when the records of all are delivered */
};

/*
 * Which batches of a stream may be in flight at once. AB_ORDER_KEY is for all streams of a key
 * space (ab_stream.key_space) as if they were one: what they say of a key arrives in the order of
 * the input. A stream that is held keeps this order only for itself, as it arrives when all of its
 * records have come.
 */
enum ab_order {
	AB_ORDER_NONE,   /* any: of a key that is in several of them, any version may stay */
	AB_ORDER_KEY,    /* those that share no key with an earlier one that is not done */
	AB_ORDER_STREAM, /* one, in the order they were filled */
};

/*
 * The limits a connector's API dictates; open() fills it, zeroes mean the default in brackets.
 */
struct ab_limits {
	size_t batch_records; /* records per batch [1000] */
	size_t batch_bytes;   /* bytes of batch->body; never passed by a batch of several records [1
				 MiB] */
	size_t
	    record_bytes; /* a record alone may be this large, else it is rejected [batch_bytes] */
	unsigned in_flight; /* requests at once, and batches in delivery at once [8] */
	unsigned fan;       /* requests of one exchange at once [1] */
	enum ab_order order;
	struct ab_rate rate; /* of metered requests [no pacing] */
	int64_t pause_ms;    /* after each reply, before the next request; one at a time then [0] */
	struct ab_retry_policy retry; /* [1 s, 2 s, 4 s; 60 s in all] */
};

/* One record, as append() sees it; all of it dies with the call. */
struct ab_record {
	uint64_t ordinal;      /* its place in its stream, from 1 */
	int64_t emitted_at_ms; /* Unix time */
	const struct ab_json *json;
	uint32_t data; /* node of `data`, an object whose members have nodes, and theirs have not */
	struct ab_view raw; /* the text of `data` */
	bool deleted; /* the source deleted it; only told to a destination that heeds_deletions */
};

/* A conversation with the service. The connector may change: step, items, wait_ms, settled,
 * scratch.
 */
struct ab_exchange {
	enum ab_phase phase;
	struct ab_stream *stream; /* NULL in AB_CHECK and AB_DISCOVER */
	struct ab_batch *batch;   /* AB_BATCH only */
	bool complete;            /* AB_END only: the stream ended well */
	struct ab_buf answer;     /* AB_DISCOVER only: the DestinationCatalog, a JSON object, whole
				     when the exchange is done. The library's, bounded */
	unsigned step;            /* the connector's, 0 first, below AB_STEPS_MAX */
	unsigned items;  /* parts of this step, each a request of its own; 1 when a step begins,
			    request() for item 0 may set it */
	unsigned item;   /* the part this call is about */
	int64_t wait_ms; /* for AB_WAIT: how long */
	bool settled;  /* for AB_NEXT and AB_DONE: what an earlier AB_RETRY was to try again turned
			  out to be done. Its tries and its trouble are forgotten */
	void *scratch; /* the connector's: NULL or one block of ab_malloc, freed by the library */
};
#define AB_STEPS_MAX 16

enum ab_method { AB_GET, AB_POST, AB_PUT, AB_PATCH, AB_DELETE };

/*
 * A request to be sent. It comes empty. Its body is head, then batch->body[from, to), then tail,
 * copied together only if it is small; it has none if all three are empty and method is not POST,
 * PUT or PATCH.
 */
struct ab_request {
	enum ab_method method;
	struct ab_buf url;
	struct ab_buf headers; /* "Name: value\n", one after the other; see ab_request_header() */
	struct ab_buf head;
	size_t from, to;
	struct ab_buf tail;
	bool single;  /* not idempotent: use a fresh connection, so that libcurl does not send it
			 again by itself when a reused one dies, and every loss reaches response() */
	bool metered; /* counts against limits->rate */
	unsigned silence_s; /* seconds without a byte after which it counts as lost [120] */
	size_t reply_limit; /* bytes; a longer reply counts as lost [8 MiB] */
};

/* A reply, or the loss of one. */
struct ab_reply {
	int status;             /* HTTP status; 0: lost */
	bool sent;              /* lost, but (part of) the request may have reached the service */
	bool untrusted;         /* lost, because the server's certificate proves nothing */
	int64_t retry_after_ms; /* the Retry-After header; -1 if there is none */
	int64_t elapsed_us;     /* from its start to the end of the reply, or its loss */
	const char *body;       /* NUL-terminated; what there is of it */
	size_t len;
	char loss[256]; /* how it was lost, for the user */
	char type[64];  /* Content-Type, without parameters, lower case; may be empty */
};

/* What request() answers. */
enum ab_ask {
	AB_REFUSE = -1, /* err is set: the exchange fails */
	AB_SEND,        /* out is filled */
	AB_SKIP,        /* this item needs no request; an exchange all of whose items of a step were
			   skipped is done, without I/O */
};

/* What response() makes of a reply. */
enum ab_verdict {
	AB_DONE,  /* this item is done; the exchange is, when all items of the step are */
	AB_NEXT,  /* this item is done; when all are, go on with the step now in x->step (which may
		     be  the same one, to ask for the next page) */
	AB_RETRY, /* err says why: wait by the retry policy, then request() again, for the step now
		     in x->step. Tries are counted per step, also when it is revisited; waits are
		     added up per item, and over all steps with one item until each that was tried
		     again went well. Out of tries or time: the exchange fails, with the first err
		   */
	AB_WAIT, /* err says why: wait x->wait_ms (or Retry-After if it is given) without using up a
		    try; all waits of one request together are bounded by AB_WAIT_TOTAL_MS */
	AB_SPLIT,  /* err says why: halve the batch and send the halves in order; with one record
		      left,  the exchange fails */
	AB_FAILED, /* err says why */
};
#define AB_WAIT_TOTAL_MS ((int64_t)45 * 60 * 1000)

/* What append() makes of a record. */
enum ab_taken {
	AB_TAKEN, /* its bytes stand at the end of batch->body; ab_batch_key / _mark were called */
	AB_REJECTED,   /* err->message says why: it is counted and reported, the run goes on */
	AB_NEXT_BATCH, /* it must not stand in one batch with an earlier record of its key, as that
			  would be superseded: the batch is sealed, and the record appended again to
			  an empty one. Not of the first record of a batch */
	AB_BROKEN,     /* err is set: the run fails */
};

struct ab_destination {
	const char *name; /* "destination-dust" */
	const char *version;
	const unsigned char *spec; /* specs/<name>.json as embedded, NUL-terminated */
	bool discovers; /* `discover` is offered: an AB_DISCOVER exchange finds the objects of the
			   service, as the protocol's DestinationCatalog */

	/* Any field of the configuration that is an object holds the settings of the stream it is
	 * called after, and is the connector's to judge. */
	bool stream_settings;

	bool heeds_deletions; /* append() looks at record->deleted: it carries a deletion out, or
				 rejects it */

	/* Reads the configuration; *self is the connector's state, passed to all others. limits
	 * comes zeroed. Strings of config may be borrowed until close. */
	int (*open)(void **self, struct ab_limits *limits, const struct ab_config *config,
	    struct ab_error *err);
	void (*close)(void *self);

	/*
	 * The streams of a write, before the first of their begins: each may be given a self, and a
	 * key_space. Where streams are announced as they appear, each is a call of its own, and a
	 * stream whose schema or key changed comes again: nothing of it is under way then, and its
	 * self is what it was given before, in whose place it gets a new one; if that is refused,
	 * it keeps the former, and ends. They stay where they are until stream_close. May be NULL.
	 */
	int (*streams)(void *self, struct ab_stream *streams, size_t count, struct ab_error *err);

	/* Frees the self of a stream, which nothing will use any more: it has another, or the write
	 * is over. Each is closed once, before close. NULL if streams are given none. */
	void (*stream_close)(void *self, void *stream_self);

	/* Adds one record to batch->body (an overflowed body is the library's to handle), calls
	 * ab_batch_key / ab_batch_mark where they apply. err is for AB_REJECTED and AB_BROKEN. */
	enum ab_taken (*append)(void *self, struct ab_batch *batch, const struct ab_record *record,
	    struct ab_error *err);

	/* Builds the request of item x->item of step x->step, just before it is sent. At item 0 it
	 * may move x->step first: exchanges of every phase start at step 0. */
	enum ab_ask (*request)(
	    void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err);

	/* Judges the reply. Every reply comes here, and every loss. */
	enum ab_verdict (*response)(
	    void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);
};

/* Adds "name: value" to the headers of a request. */
void ab_request_header(struct ab_request *request, const char *name, const char *value);

/* Appends text to a URL, every byte outside [A-Za-z0-9._~-] percent-encoded. */
void ab_url_encode(struct ab_buf *url, const char *bytes, size_t len);

/*
 * The usual verdict for a status: 2xx AB_DONE; 408, 425, 429, 500, 502, 503, 504 and losses
 * AB_RETRY; all else AB_FAILED, and so is a server whose certificate proves nothing. err gets "HTTP
 * 503" and a kind: transient for what may be retried, config for 400, 401, 403, 404 and
 * certificates, system for the rest. The message may be made better by the caller.
 */
enum ab_verdict ab_verdict_of_status(const struct ab_reply *in, struct ab_error *err);

/* main() of a connector: spec | check | discover | write, or a Singer target (singer.h) if it is
 * called target-x. Returns the exit code. */
int ab_destination_main(int argc, char *argv[], const struct ab_destination *destination);

#endif
