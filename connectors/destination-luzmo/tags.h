/*
 * tags.h: finding, making, putting on and taking off tags.
 *
 * The tag of an exchange is the stream's own; in an end the one of its generation if rows were
 * replaced, else REPLACE DATA. FIND leads to MAKE if there is none, except in the begin of a stream
 * without a dataset, which is done then. Once there is a tag, LINK follows; in a batch PUSH, since
 * the dataset is still to be made; in the begin of a stream without a dataset NAMESAKES. A tag is
 * unique: if MAKE is refused another may have made it, so FIND follows once more. If LINK or OFF is
 * refused, TAGS tells whether it was done before: the reply to an earlier try may have been lost.
 * If neither of these looks shows it, it follows once more a little later (count.h).
 */
#ifndef LUZMO_TAGS_H
#define LUZMO_TAGS_H

#include "luzmo.h"

/* For the steps TAG_FIND, TAG_MAKE, TAG_LINK, TAG_OFF, and TAGS after a refusal. */
enum ab_ask luzmo_tags_request(
    struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict luzmo_tags_response(
    struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

/* What is left to do about tags in the end of a stream that has rows: AB_NEXT with x->step set, if
 * they are a generation's that has to be known, or AB_DONE. An older GENERATION is taken off first:
 * a dataset without one is replaced in the next attempt, and nothing of it was acknowledged. */
enum ab_verdict luzmo_tags_settle(struct ab_exchange *x);

#endif
