/*
 * lookup.h: which documents of a batch are there already, unchanged. Many are asked for in one
 * request, which Dust does not count, while it counts every upsert.
 */
#ifndef DUST_LOOKUP_H
#define DUST_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "dust.h"

/* Marks of the entries of a batch in documents mode. */
enum dust_kind { DUST_KIND_UPSERT, DUST_KIND_DELETE };

bool dust_is_upsert(const struct ab_batch *batch, size_t i);

/*
 * One look-up, of as many parts as the ids need; the batch must hold an upsert. What is learnt goes
 * to x->scratch, a bool per entry: true if the document is there with the same content hash, is the
 * stream's own, and is not in dust->touched, as the list may lag behind this run. The answer is
 * AB_NEXT; the step is the caller's to set.
 */
enum ab_ask dust_lookup_request(
    const struct dust *dust, struct ab_exchange *x, struct ab_request *out);
enum ab_verdict dust_lookup_response(const struct dust *dust, struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err);

#endif
