/*
 * tags.h: pure: whose a document or a table is, and of which generation. Both carry the stream and
 * its namespace as tags. That of a generation is on tables that hold it, and on the documents that
 * it wrote, where the next attempt may go on with it (resumable, catalog.h).
 */
#ifndef DUST_TAGS_H
#define DUST_TAGS_H

#include <stdbool.h>

#include "buf.h"
#include "catalog.h"

/* What the connector's tags begin with. */
#define DUST_TAG_STREAM "airbyte:stream:"
#define DUST_TAG_NAMESPACE "airbyte:namespace:"
#define DUST_TAG_GENERATION "airbyte:generation:"

enum dust_owner {
	DUST_NOBODY, /* no tag names a stream */
	DUST_OURS,   /* the tags name the stream alone, and its namespace, or none if it has none */
	DUST_OTHER,  /* they name another one, perhaps beside it */
};

/* Appends the tags of a stream as strings of a JSON list, a comma between them. */
void dust_tags_put(struct ab_buf *out, const struct ab_stream *stream);

/* Whose something with these tags, a JSON list or anything else, is. */
enum dust_owner dust_tags_owner(const struct ab_stream *stream, const struct cJSON *tags);

/* Appends the tag of a stream's generation. */
void dust_tags_put_generation(struct ab_buf *out, const struct ab_stream *stream);

/* Appends the texts of a JSON list, a comma after each, without those of generations. */
void dust_tags_put_others(struct ab_buf *out, const struct cJSON *tags);

/* Whether a stream is resumable and its generation's tag is in a JSON list, or anything else. */
bool dust_tags_have_generation(const struct ab_stream *stream, const struct cJSON *tags);

#endif
