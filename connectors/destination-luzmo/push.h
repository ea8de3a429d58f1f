/*
 * push.h: a batch of rows into the dataset.
 *
 * PUSH creates the dataset, replaces its rows or appends to them. A replace can be sent again; of
 * an append or a create whose reply was lost COUNT (count.h) or NAMESAKES finds out, after the
 * wait, whether it arrived.
 *
 * Once the rows are there what is left to do follows, in this order: COLUMNS and TYPES, TAG_LINK,
 * TAG_OFF; the batch is safe when all is done.
 */
#ifndef LUZMO_PUSH_H
#define LUZMO_PUSH_H

#include "luzmo.h"

enum ab_ask luzmo_push_request(
    const struct luzmo *luzmo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict luzmo_push_response(const struct luzmo *luzmo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

/* What is left to do: AB_NEXT with x->step set, or AB_DONE. */
enum ab_verdict luzmo_push_next(const struct luzmo *luzmo, struct ab_exchange *x);

/* The rows of the batch are there, in a dataset that now has count rows (-1: unknown). */
enum ab_verdict luzmo_push_arrived(const struct luzmo *luzmo, struct ab_exchange *x, int64_t count);

#endif
