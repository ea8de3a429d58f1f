/*
 * batch.h: the records of one stream that travel together.
 *
 * A connector's append() adds one record's bytes to `body`; the library keeps where each record
 * ends. Within a batch only the last version of a key is sent. Sealing puts the earlier ones aside,
 * where no connector sees them: their records count as accepted once the last version is. If the
 * service refuses that one, the version before it is sent (ab_batch_fallback), or all are rejected
 * if the refusal is of the key (ab_batch_reject_key). So the outcome is as if each had been sent.
 *
 * Invariants: entries are in the order of their ordinals, and their bodies adjacent; after sealing
 * no entry is superseded; all versions of a key that a batch was given stay together, and the
 * earliest is at an ordinal from first to last. A batch answers for these: they are done when it is
 * settled. The last version may be at an ordinal that another batch answers for, and be done while
 * it is not settled; but then the earliest is not done, which comes before it (ledger.h).
 */
#ifndef AB_BATCH_H
#define AB_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"

#define AB_BATCH_KEY_MAX ((size_t)64 << 10)   /* bytes of one ordering key */
#define AB_BATCH_REASON_MAX ((size_t)1 << 10) /* bytes of one reason; a longer one is cut */

struct ab_stream;

struct ab_entry {
	uint64_t ordinal;    /* the record's place in its stream, from 1 */
	uint64_t stands_for; /* the ordinal of the earliest version of the key in the batch */
	size_t end;          /* in body */
	size_t record_end;   /* in records */
	uint32_t key_at;     /* in keys */
	uint32_t key_len;    /* 0: no key */
	uint32_t reason_at;  /* in reasons, if rejected */
	uint8_t kind;        /* the connector's own mark: 0 unless ab_batch_mark was called */
	bool superseded;     /* a later record of the batch has the same key */
	bool rejected;
	bool key_rejected; /* and with it all earlier versions */
};

struct ab_batch {
	struct ab_stream *stream;
	struct ab_buf body;    /* what append() wrote */
	struct ab_buf keys;    /* ordering keys, one after the other */
	struct ab_buf records; /* raw records, kept only for a reject file */
	struct ab_buf reasons; /* NUL-terminated texts of rejected entries */
	struct ab_entry *entries;
	size_t count;
	size_t cap;
	uint64_t first; /* the ordinals this batch answers for, inclusive; last < first: none */
	uint64_t last;
	int64_t opened_ms;
	size_t charged;  /* for whoever keeps accounts of memory; 0 at first */
	uint64_t *slots; /* hash table of keys; NULL while there is no key */
	size_t slots_cap;
	struct ab_entry pending; /* the record being appended: its key and kind */
	struct ab_batch *older;  /* entries that were superseded; it answers for no ordinals, and
				    has no table of keys. NULL: none */
	uint64_t sequence;       /* for whoever keeps the order of batches; 0 at first */
	struct ab_batch *prev, *next; /* for the list the batch stands in */
};

/* body_limit: bytes that body may never pass. Little memory is used until records come. */
struct ab_batch *ab_batch_new(struct ab_stream *stream, size_t body_limit, int64_t now_ms);
void ab_batch_free(struct ab_batch *batch);

/* For append(): the ordering key of the record being appended (1 to AB_BATCH_KEY_MAX bytes; a
 * second call replaces the first), and its mark. */
void ab_batch_key(struct ab_batch *batch, const char *bytes, size_t len);
void ab_batch_mark(struct ab_batch *batch, uint8_t kind);

/* Ends the record being appended: what was added to body since the last commit is its entry. raw
 * (may be empty) is kept for the reject file. Ordinals of commits and skips go up: the batch
 * answers for all from the first to the last. body must not have overflowed: roll back instead. */
void ab_batch_commit(struct ab_batch *batch, uint64_t ordinal, struct ab_view raw);

/* Takes back what was added to body since the last commit, and the pending key and mark. */
void ab_batch_rollback(struct ab_batch *batch);

/* The batch also answers for this ordinal, which was rejected and has no entry. What was appended
 * for it is taken back. */
void ab_batch_skip(struct ab_batch *batch, uint64_t ordinal);

/* Puts superseded entries, with their keys and records, aside; the batch is complete. */
void ab_batch_seal(struct ab_batch *batch);

/*
 * Moves the second half of the entries of a sealed batch into a new batch; the ordinals are divided
 * between the two without a gap, and what is put aside goes with the entry of its key. The batch
 * must have at least two entries. Halves are counted by stands_for, so that each half answers for
 * exactly the ordinals its entries stand for: neither makes a record durable whose last version is
 * in the other. Both have the sequence of the whole.
 */
struct ab_batch *ab_batch_split(struct ab_batch *batch);

/* How many records of the key of each entry the batch holds, itself included: one count for each,
 * for the caller to free. */
size_t *ab_batch_versions(const struct ab_batch *batch);

/*
 * After the last verdict: a new sealed batch of the versions that take the place of rejected ones,
 * with what is older still put aside; NULL if there are none. It is to be delivered before any
 * later batch, of its stream or of another that keeps one order with it (enum ab_order), that
 * shares a key with it, and answers for the ordinals from its earliest record on; those before stay
 * with batch (which may be none: last < first). It has the sequence of batch.
 */
struct ab_batch *ab_batch_fallback(struct ab_batch *batch);

/*
 * Adds to a sealed batch all that is in more, the sealed batch that follows it in its stream, and
 * frees more. Returns false, and changes nothing, if it would then hold more than so many records
 * or bytes of body (at most what batch was made for), if one of the two has keys (whose last
 * version counts), or if there are ordinals between them that neither answers for.
 */
bool ab_batch_merge(
    struct ab_batch *batch, struct ab_batch *more, size_t records, size_t body_bytes);

/* Where entry i begins in body, and its key and raw record (data is NULL if there is none). */
size_t ab_batch_start(const struct ab_batch *batch, size_t i);
struct ab_view ab_batch_entry_key(const struct ab_batch *batch, size_t i);
struct ab_view ab_batch_entry_record(const struct ab_batch *batch, size_t i);

/* Whether a record of this key was committed, and its entry: of several the latest. Anything that
 * was committed is found, also before sealing; the pending record is not. */
bool ab_batch_find(const struct ab_batch *batch, const char *bytes, size_t len, size_t *i);

/* For response(): the service refused this record for good. What was said of it first stays. */
void ab_batch_reject(struct ab_batch *batch, size_t i, const char *format, ...) AB_PRINTF(3, 4);

/* For response(): the same, and it would refuse any other record of this key: earlier versions are
 * rejected with it (by ab_batch_fallback). */
void ab_batch_reject_key(struct ab_batch *batch, size_t i, const char *reason);

/* The reason entry i was rejected for, or NULL if it was not; lent until the next reject. */
const char *ab_batch_reason(const struct ab_batch *batch, size_t i);

/* Whether both hold a record with the same key. Both must be sealed. */
bool ab_batch_shares_key(const struct ab_batch *a, const struct ab_batch *b);

/* Memory the batch occupies, with what is put aside, in bytes. */
size_t ab_batch_bytes(const struct ab_batch *batch);

/* Rebuilds the hash table of a sealed batch whose entries were filled by other means (spool.c). */
void ab_batch_index(struct ab_batch *batch);

#endif
