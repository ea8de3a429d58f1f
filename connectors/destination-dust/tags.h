/*
 * tags.h: pure: whose a document or a table is. Both carry the stream and its namespace as tags.
 */
#ifndef DUST_TAGS_H
#define DUST_TAGS_H

#include "buf.h"
#include "catalog.h"

/* What the connector's tags begin with. */
#define DUST_TAG_STREAM "airbyte:stream:"
#define DUST_TAG_NAMESPACE "airbyte:namespace:"

enum dust_owner {
	DUST_NOBODY, /* no tag names a stream */
	DUST_OURS,   /* the tags name the stream alone, and its namespace, or none if it has none */
	DUST_OTHER,  /* they name another one, perhaps beside it */
};

/* Appends the tags of a stream as strings of a JSON list, a comma between them. */
void dust_tags_put(struct ab_buf *out, const struct ab_stream *stream);

/* Whose something with these tags, a JSON list or anything else, is. */
enum dust_owner dust_tags_owner(const struct ab_stream *stream, const struct cJSON *tags);

#endif
