/*
 * check.h: is the key good, may it write, and may it read the schema? Changes nothing.
 */
#ifndef PENDO_CHECK_H
#define PENDO_CHECK_H

#include "pendo.h"

/* GET /api/v1/token/verify, then the schema of visitors, which every write begins with. */
enum ab_ask pendo_check_request(
    const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict pendo_check_response(const struct pendo *pendo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
