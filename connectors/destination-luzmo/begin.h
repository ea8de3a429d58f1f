/*
 * begin.h: which dataset a stream has, and what is in it.
 *
 * LOOK for our tag; if there is none, LOOK_OLD for the tag of the Python connector, if it can only
 * mean this stream. A dataset found gets a look at its TAGS, for REPLACE DATA and for those of
 * other streams. One that holds the generation of this run already is looked at again, as one whose
 * rows are not replaced. One that has the old tag only also gets ours: TAG_FIND, TAG_MAKE,
 * TAG_LINK. Without a dataset TAG_FIND tells whether an earlier run died while it made one, and
 * NAMESAKES looks for that. Nothing is made for such a stream here: its first batch does that.
 *
 * A stream that comes again, as its schema changed, has nothing to begin if its dataset is known:
 * it keeps what is known of columns, rows and tags, as a look might miss what was just written.
 */
#ifndef LUZMO_BEGIN_H
#define LUZMO_BEGIN_H

#include "luzmo.h"

/* For the steps LOOK and LOOK_OLD; TAGS is asked for by tags.h. */
enum ab_ask luzmo_begin_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out);
/* For these and the first TAGS of a begin. */
enum ab_verdict luzmo_begin_response(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

/* The columns that a reply says are there, in Luzmo's order whatever theirs, become part of the
 * stream's; see luzmo_columns_merge(). columns may be NULL. */
void luzmo_begin_merge(struct luzmo_stream *stream, const struct cJSON *columns, bool replaced);

#endif
