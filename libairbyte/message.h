/*
 * message.h: a line of input as one message, here of the Airbyte protocol; singer_message.h has the
 * other dialect.
 *
 * Only what a destination acts on is taken apart: RECORD, STATE and TRACE STREAM_STATUS. All other
 * types are AB_MESSAGE_OTHER. Fields are found by name, never by position; null means absent;
 * unknown fields are ignored (and kept inside a STATE, which leaves as it came).
 */
#ifndef AB_MESSAGE_H
#define AB_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "json.h"
#include "state_text.h"

enum ab_message_kind {
	AB_MESSAGE_OTHER,
	AB_MESSAGE_RECORD,
	AB_MESSAGE_STATE,
	AB_MESSAGE_STATUS,
	/* Of a dialect that announces its streams. */
	AB_MESSAGE_SCHEMA,  /* a stream, or what changed about it */
	AB_MESSAGE_VERSION, /* ACTIVATE_VERSION */
	AB_MESSAGE_UNKNOWN,
};

enum ab_state_scope { AB_STATE_STREAM, AB_STATE_ALL };

enum ab_stream_status { AB_STATUS_OTHER, AB_STATUS_COMPLETE, AB_STATUS_INCOMPLETE };

struct ab_message {
	enum ab_message_kind kind;
	/* RECORD, STATE of a stream, STATUS, SCHEMA: whose it is, unescaped; namespace.data NULL if
	 * absent. */
	struct ab_view stream;
	struct ab_view namespace;
	/* RECORD */
	uint32_t data;         /* node on the reader's tape; its members have nodes */
	struct ab_view raw;    /* the text of data; of a SCHEMA the line, of an UNKNOWN its type */
	int64_t emitted_at_ms; /* -1 if absent */
	/* STATE */
	enum ab_state_scope scope;
	struct ab_state_text text;
	int64_t source_count; /* sourceStats.recordCount; -1 if absent or no whole number */
	/* STATUS */
	enum ab_stream_status status;
};

/* Memory reused from line to line. Views of a message live until the next parse. */
struct ab_message_reader {
	struct ab_json tape;
	struct ab_json inner;     /* for the last stream_descriptor, below the tape's depth */
	struct ab_buf descriptor; /* its text */
	struct ab_buf name;       /* unescaped stream name */
	struct ab_buf namespace;  /* unescaped namespace */
};

void ab_message_init(struct ab_message_reader *reader);
void ab_message_release(struct ab_message_reader *reader);

/* How the lines of a protocol are read. */
struct ab_dialect {
	/* There is no catalog: a SCHEMA announces each stream before its first record. */
	bool announces;
	/* The field that is not null in the record of a deletion. */
	const char *deleted_at;
	/* Takes a line apart. Fails, with words that never quote the line, on what the protocol
	 * does not allow. */
	int (*parse)(struct ab_message_reader *reader, struct ab_view line,
	    struct ab_message *message, struct ab_error *err);
};

/* The Airbyte protocol. Its parse fails on what is not valid JSON (a RECORD may hold NaN and
 * infinities, see json.h), is no object, or is a RECORD or STATE without what the protocol
 * requires. */
extern const struct ab_dialect ab_airbyte_dialect;

/* --- for dialects --- */

/* Begins an empty message with the line on the reader's tape, nodes down to depth; refuses what is
 * no JSON, and no object. */
AB_MUST_CHECK int ab_message_open(struct ab_message_reader *reader, struct ab_view line,
    unsigned depth, struct ab_message *message, struct ab_error *err);

/* Refuses a line with NaN or infinities: a state leaves as it came, and what leaves must be JSON.
 * For all but a RECORD. */
AB_MUST_CHECK int ab_message_strict(const struct ab_json *json, struct ab_error *err);

/* Whether a node is there (not 0) and of this type. */
bool ab_message_is(const struct ab_json *json, uint32_t node, enum ab_json_type type);

/* Whether a node is a string that says word, in any case. */
bool ab_message_says(const struct ab_json *json, uint32_t node, const char *word);

/* Fails with "stream <name>: <why>"; of a long name its begin. */
int ab_message_blame(
    struct ab_view stream, enum ab_failure kind, const char *why, struct ab_error *err);

/* A string's text; unescaped into buf only if it has to be. */
struct ab_view ab_message_text(const struct ab_json *json, uint32_t node, struct ab_buf *buf);

#endif
