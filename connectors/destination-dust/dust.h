/*
 * dust.h: what the parts of the Dust connector share.
 *
 * Dust is written to through its data-source API: documents (documents.c) or tables (tables.c), one
 * way per configuration. README.md in this folder holds the facts about the API and their sources.
 */
#ifndef DUST_H
#define DUST_H

#include <stdbool.h>
#include <stddef.h>

#include "destination.h"
#include "fields.h"
#include "ids.h"
#include "service.h"
#include "touched.h"

/* Ids of notes; see ab_note(). */
enum dust_note {
	DUST_NOTE_KEY,        /* a key part is null or missing */
	DUST_NOTE_REPLACED,   /* characters that Dust cannot store */
	DUST_NOTE_SOURCE_URL, /* left out */
	DUST_NOTE_TIMESTAMP,  /* emitted_at instead */
	DUST_NOTE_TAG_FIELD,  /* not used for tags */
	DUST_NOTE_TAG_COUNT,  /* a list was cut */
	DUST_NOTE_DELETE,     /* a deletion without a key */
	DUST_NOTE_ROWS,       /* more than a table may have */
};

struct dust {
	struct ab_service service;
	char *base_url;      /* without a slash at the end */
	char *workspace_url; /* ends in /w/{workspace}/ */
	char *url;           /* of the data source, with a slash at the end */
	char *authorization; /* header value: a secret */
	const char *workspace_id;
	const char *space_id;
	const char *data_source_id;
	const char *table_id_prefix;
	bool is_tables;
	bool skip_unchanged;
	bool first_batch; /* an overwrite removes old data with its first records */

	struct dust_path *text_fields;
	size_t text_field_count;
	struct dust_path *tag_fields;
	size_t tag_field_count;
	struct dust_path title_field; /* text NULL: none; so the two below */
	struct dust_path source_url_field;
	struct dust_path timestamp_field;

	struct dust_table *tables;   /* of the streams, in no order; NULL in documents mode */
	struct dust_touched touched; /* documents that are not to be skipped as unchanged */
	unsigned deletions; /* documents deleted so far: a list read meanwhile may have gaps */

	/* Reused from record to record. */
	struct ab_json nested;
	struct dust_id id;
	struct ab_buf room;
	struct ab_buf room2;
};

/* Fills method, headers and the URL of a place in the data source ("documents/"); more may be added
 * to the URL. */
void dust_request_start(
    const struct dust *dust, struct ab_request *out, enum ab_method method, const char *place);

/* The same for a place in the workspace ("spaces"). */
void dust_request_start_workspace(
    const struct dust *dust, struct ab_request *out, enum ab_method method, const char *place);

/* dust->id becomes the id of a record, by its primary key or content. Leaves a note about key parts
 * that are not there. */
AB_MUST_CHECK int dust_id_of_record(struct dust *dust, struct ab_stream *stream, bool is_row,
    const struct ab_record *record, struct ab_error *err);

/* Whether a record is a deletion that can be carried out. If it is one that cannot, leaves a note.
 */
bool dust_is_deletion(struct ab_stream *stream, const struct ab_record *record);

/* Leaves the note about characters that were replaced. */
void dust_note_replaced(struct ab_stream *stream);

#endif
