/*
 * push.h: a batch of rows into the dataset.
 *
 * PUSH creates the dataset, replaces its rows or appends to them. A replace can be sent again; of
 * an append or a create whose reply was lost COUNT or NAMESAKES finds out, after the wait, whether
 * it arrived. What they do not see yet they look for once more a little later, since reads may lag
 * behind writes. NAMESAKES also comes before a create, if our tag exists: an earlier run may have
 * made the dataset and died before it could put the tag on it.
 *
 * Once the rows are there what is left to do follows, in this order: COLUMNS and TYPES, TAG_LINK,
 * TAG_OFF; the batch is safe when all is done.
 */
#ifndef LUZMO_PUSH_H
#define LUZMO_PUSH_H

#include "luzmo.h"

/* For the steps PUSH and COUNT. */
enum ab_ask luzmo_push_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict luzmo_push_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

/* What is left to do: AB_NEXT with x->step set, or AB_DONE. */
enum ab_verdict luzmo_push_next(const struct luzmo *luzmo, struct ab_exchange *x);

/* The rows of the batch are there, in a dataset that now has count rows (-1: unknown). */
enum ab_verdict luzmo_push_arrived(const struct luzmo *luzmo, struct ab_exchange *x, int64_t count);

/* A reply to a push was lost and what it did cannot be seen: AB_WAIT to look again later, or, if
 * that was done, AB_DONE. */
enum ab_verdict luzmo_push_look_again(struct ab_exchange *x, struct ab_error *err);

#endif
