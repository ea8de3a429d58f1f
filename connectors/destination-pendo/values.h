/*
 * values.h: a batch as one bulk call, POST /api/v1/metadata/{kind}/{group}/value.
 *
 * A call can be sent again: the same values twice are no change. That is also how a row is found
 * which Pendo refuses without saying which it is: the batch is halved until it is alone, so that
 * exactly that record is rejected, and the version before it, if there is one, is tried in its
 * place. At most twice as many calls as records come of it.
 *
 *   200, rows it names refused          these are rejected; `missing` as on_missing says
 *   200, rows refused it does not name  halved
 *   400                                 the whole call was refused, for one row or for all: halved;
 *                                       a row alone is rejected, and in doubt until a call is
 *                                       answered with 200. After PENDO_REFUSALS_MAX ids of such
 *                                       rows it is not the rows: the run fails, and so it does at
 *                                       the end of a stream that had such rows and no such call
 *   408                                 it took longer than the five minutes Pendo allows:
 *                                       halved; a row alone is tried again
 *   413                                 halved; a row alone is rejected, and counts as above
 *   all else                            see reply.h
 */
#ifndef PENDO_VALUES_H
#define PENDO_VALUES_H

#include "pendo.h"

#define PENDO_REFUSALS_MAX 100

enum ab_ask pendo_values_request(
    const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict pendo_values_response(const struct pendo *pendo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

/* After the last call of a stream: a config error if Pendo refused calls and worked on none. */
AB_MUST_CHECK int pendo_values_end(const struct ab_stream *stream, struct ab_error *err);

#endif
