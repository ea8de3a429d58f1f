/*
 * ids.h: pure: ids of documents and rows, injective and readable where they can be both.
 *
 * An id is plain, `users-42`, or tagged, `users-a_b--` and 32 hex digits. Plain are only ids whose
 * stream (in documents) matches [A-Za-z0-9_]+, without a namespace, and whose key parts are
 * integers as JSON spells them, of at most 19 digits and not -0, or strings that match
 * [A-Za-z_][A-Za-z0-9_]*. An integer never looks like such a string, so 1 and "1" differ, and no
 * part holds a `-` but as a sign, so a plain id has one reading. A tagged id ends in a hash of
 * everything it is made of, typed and with lengths. The two never meet: in a plain id `--` can only
 * come from the sign of an integer and is followed by at most 19 digits, never by 32 hex digits at
 * its end.
 */
#ifndef DUST_IDS_H
#define DUST_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "catalog.h"
#include "error.h"
#include "fields.h"

#define DUST_ID_PLAIN_MAX 128 /* bytes of a plain id */
#define DUST_ID_CUT 100       /* bytes of the readable part of a tagged one */
#define DUST_ID_MAX 134       /* bytes of any id */

/* An id being put together; its memory is reused. */
struct dust_id {
	struct ab_buf text;  /* the readable form; after an _end the id, always of [A-Za-z0-9_-] */
	struct ab_buf typed; /* what is hashed */
	struct ab_buf bytes; /* of one part */
	bool plain;          /* so far */
	bool incomplete;     /* a key part was null or missing */
};

void dust_id_init(struct dust_id *id);
void dust_id_release(struct dust_id *id);

/* Begins an id; for documents with the stream's names, for rows with stream NULL. */
void dust_id_start(struct dust_id *id, const struct ab_stream *stream);

/* Adds the next part of the key. */
void dust_id_part(struct dust_id *id, struct dust_field part);

/* Ends an id made of key parts. */
void dust_id_end(struct dust_id *id);

/* Bytes of a record without a key from which on its text as it came makes the id: the canonical
 * form needs a tape of the whole record, of ten times its size. */
#define DUST_ID_RAW_MIN (((size_t)1 << 20) + 1)

/*
 * Ends an id of a record without a key, from its canonical JSON: of a document `users-` and 16 hex
 * digits (plain), or tagged with the hash of names and record; of a row 32 hex digits. Equal
 * records have one id, large ones (DUST_ID_RAW_MIN) only if they are spelt alike. Fails only if the
 * text is not JSON.
 */
AB_MUST_CHECK int dust_id_end_record(
    struct dust_id *id, bool is_row, struct ab_view record, struct ab_error *err);

/* The first 64 bits of the SHA-256 of an id, for sets of ids. */
uint64_t dust_id_hash(const char *id, size_t len);

#endif
