/*
 * catalog.h: the configured catalog as the streams of this run.
 *
 * Rules: ConfiguredAirbyteCatalog and ConfiguredAirbyteStream of the Airbyte protocol; how
 * generation ids and sync modes combine is the platform's CatalogGenerationSetter and the CDKs'
 * decision table: mode overwrite replaces what is there, and so does a minimum_generation_id above
 * 0 that equals generation_id; with 0 the mode alone decides; any other is refused.
 * A clear is an overwrite without records, which the platform sends to destinations without that
 * mode too.
 *
 * PyAirbyte fills in generation_id, minimum_generation_id and sync_id with 1 in every sync,
 * whatever its write strategy (its CatalogProvider.validate_catalog): there too the mode alone
 * decides, or each append would replace what the one before it wrote. On the platform sync_id is
 * the job's number, and these ids mean what they say.
 *
 * Each attempt at a full refresh has a generation of its own and begins without states (but where a
 * platform resumes full refreshes, which its flag enable-resumable-full-refresh is off for). That
 * of an incremental stream has the generation of the job's first attempt and the states that were
 * acknowledged (the platform's AttemptHandler). So on the platform an overwrite by generation of
 * such a stream is resumable; whoever else numbers generations may give one number to many.
 */
#ifndef AB_CATALOG_H
#define AB_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "json.h"

struct cJSON;

/* A field path: {"m", "id"} for m.id. */
struct ab_path {
	char **parts;
	size_t count;
};

/* A WARN that a pure function left for the log; see ab_note(). */
struct ab_note {
	struct ab_note *next;
	char text[2048];
};

struct ab_stream {
	size_t index;
	const char *name;
	const char *namespace; /* NULL if absent; "" is not absent */
	bool overwrite; /* what the destination held before is to be replaced; a connector may take
			   it back in AB_BEGIN: see destination.h */
	bool dedup;     /* append_dedup: one row per primary key */
	bool update;    /* update: fields of objects that are there, found by primary_key */
	bool refresh;   /* the platform sends generation ids, and COMPLETE at the end */
	bool resumable; /* of an overwrite: the platform may come again with the same generation and
			   only what follows the states that were acknowledged */
	int64_t generation_id; /* -1 if absent, as the two below */
	int64_t minimum_generation_id;
	int64_t sync_id;
	const char *object_name; /* destination_object_name: which object of the service; NULL if
				    absent */
	struct ab_path *primary_key; /* in mode update the matching key */
	size_t primary_keys;
	struct ab_path cursor;      /* count 0 if there is none */
	const struct cJSON *schema; /* json_schema, an object; the catalog's */
	struct cJSON
	    *described; /* what owns schema, keys and cursor; NULL: the catalog's document */

	unsigned key_space; /* set by the connector in streams(): streams with the same one, not
			       0, write the same objects: see enum ab_order */
	bool hold;          /* set by the connector in AB_BEGIN: see destination.h */
	bool emptied;       /* set by the connector once old data is gone before the stream ended */
	bool in_doubt;      /* set by the connector in response(): records it rejects may not be to
			       blame, and the run fail for it. No state of the stream or of all
			       leaves until it is cleared, or the stream ended without a failure */
	bool goes_on; /* in AB_END: not the end of all, it begins again under another schema */
	void *self;   /* the connector's own: set in streams(), closed by stream_close() */

	unsigned noted; /* bit per note id already left */
	struct ab_note *notes;
};

struct ab_catalog_entry;

struct ab_catalog {
	struct ab_stream *streams; /* they stay where they are, also when more are added */
	size_t count;
	size_t cap;
	struct ab_catalog_entry *entries; /* one per stream: what finds it by its name */
	struct ab_catalog_entry *by_name;
	struct cJSON *document;
	bool on_platform; /* WORKER_JOB_ID is in the environment */
};

/*
 * Reads a configured catalog. spec is the connector's specification: a destination_sync_mode that
 * its supported_destination_sync_modes does not list is refused. An empty catalog is accepted.
 * Refused as config errors that name the stream: duplicate streams, append_dedup without a primary
 * key, a hybrid refresh, missing required keys. on_platform goes into the catalog. On success the
 * catalog is the caller's.
 */
AB_MUST_CHECK int ab_catalog_read(struct ab_catalog *catalog, const char *path,
    const struct cJSON *spec, bool on_platform, struct ab_error *err);
void ab_catalog_release(struct ab_catalog *catalog);

/* An empty catalog with room for so many streams, which takes memory only as they come. */
void ab_catalog_init(struct ab_catalog *catalog, size_t streams);

/*
 * Adds a stream; all but its index, name and namespace is zeroes, absent or -1. Returns NULL if the
 * catalog is full, or has a stream of this name and namespace.
 */
struct ab_stream *ab_catalog_add(
    struct ab_catalog *catalog, const char *namespace, const char *name);

/*
 * The stream of a (namespace, name) pair, or NULL. data == NULL in namespace means absent. An empty
 * and an absent namespace are told apart where the catalog has both, and are one otherwise (so does
 * the platform's own tracker). The views are compared unescaped: pass unescaped bytes.
 */
struct ab_stream *ab_catalog_find(
    const struct ab_catalog *catalog, struct ab_view namespace, struct ab_view name);

/* Takes keys, cursor and schema off a stream, and frees what it owns of them. */
void ab_stream_undescribe(struct ab_stream *stream);

/* "5.812": generation_id and sync_id. What a service has to hold of a resumable stream, to know it
 * again: the attempts of one job share both, while another connection counts its generations from
 * the start. size: AB_GENERATION_MAX; text is returned. */
#define AB_GENERATION_MAX 48
const char *ab_stream_generation(const struct ab_stream *stream, char text[AB_GENERATION_MAX]);

/* The key space in whose order its batches are delivered (enum ab_order); 0: in its own, as it has
 * no key space, or is held and arrives when all of its records have come. */
unsigned ab_stream_order_space(const struct ab_stream *stream);

/* "namespace.name" or "name", for messages; borrowed until the next call with the same buffer. */
const char *ab_stream_label(const struct ab_stream *stream, char *label, size_t size);

/*
 * Leaves a WARN about this stream, once per run for each id (0 to 31); the library logs it. For
 * pure functions that have something to say and nowhere to print. Of record content quote at most
 * the ids that tell which records are meant.
 */
void ab_note(struct ab_stream *stream, unsigned id, const char *format, ...) AB_PRINTF(3, 4);

/* What is known about a stream when the input ends. */
struct ab_ending {
	bool clean_eof;        /* the input ended without an error of ours */
	bool complete_seen;    /* TRACE STREAM_STATUS COMPLETE */
	bool any_state_seen;   /* of any scope, in the whole run */
	bool state_after_last; /* a STATE of the stream, or a GLOBAL one, after its last record */
	bool counts_agree;     /* and each sourceStats.recordCount equalled what was received */
	bool on_platform;      /* the catalog's */
	uint64_t records;      /* received */
};

/*
 * NULL if a stream ended well, so that what it replaces may go; else why not, for the user: one
 * clause, a constant. Refresh mode: COMPLETE arrived. Legacy mode (no generation ids): the input
 * ended cleanly and a STATE with agreeing counts follows the last record; records without any STATE
 * count as ended only in a run outside the platform. End of input alone proves nothing: the
 * platform closes our stdin also when the source failed.
 */
const char *ab_stream_why_not_ended(const struct ab_stream *stream, const struct ab_ending *ending);

#endif
