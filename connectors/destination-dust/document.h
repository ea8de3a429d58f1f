/*
 * document.h: pure: a record as the body of a document upsert.
 */
#ifndef DUST_DOCUMENT_H
#define DUST_DOCUMENT_H

#include "dust.h"

/* Hex digits of the content hash, which stand before each body in a batch. */
#define DUST_HASH_HEX 32

/* What the tag of the content hash begins with. */
#define DUST_TAG_HASH "airbyte:hash:"

/* Limits of Dust, and of taste. */
#define DUST_TITLE_UNITS 512    /* UTF-16 code units of a title; a longer one is refused */
#define DUST_TAG_UNITS 256      /* of a value in a tag */
#define DUST_TAGS_PER_FIELD 100 /* elements of a list that become tags */

/* What is the same for all documents of a stream. */
struct dust_looks {
	char *tags;            /* the tags of the stream as JSON, up to the content hash's digits */
	bool cursor_is_time;   /* the cursor is a date or date-time */
	struct ab_path cursor; /* borrowed */
};

void dust_looks_init(struct dust_looks *looks, const struct ab_stream *stream);
void dust_looks_release(struct dust_looks *looks);

/* Whether the connector may use this field for tags: not where it could pass for a tag of ours, or
 * of Dust's own. */
bool dust_tag_field_good(const char *field);

/*
 * Appends the content hash and then the body: {"title", "text", "mime_type", "tags", "source_url"?,
 * "light_document_output", "async", "timestamp"}. The hash covers all of it but itself and a
 * timestamp that is only the time of the read, so equal content has an equal hash; in a resumable
 * overwrite, where the tag of the generation is part of it, only within that.
 */
void dust_document_put(struct dust *dust, const struct dust_looks *looks, struct ab_stream *stream,
    const struct ab_record *record, struct ab_view id, struct ab_buf *body);

#endif
