/*
 * discover.h: visitors and accounts as objects that can be updated, each found by its id.
 *
 * One schema is asked for after the other; each reply adds an operation to the catalog.
 */
#ifndef PENDO_DISCOVER_H
#define PENDO_DISCOVER_H

#include "pendo.h"

enum ab_ask pendo_discover_request(
    const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out);
enum ab_verdict pendo_discover_response(const struct pendo *pendo, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
