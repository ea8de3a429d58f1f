/*
 * documents.h: documents mode: each record becomes a document.
 */
#ifndef DUST_DOCUMENTS_H
#define DUST_DOCUMENTS_H

#include "document.h"
#include "dust.h"
#include "sweep.h"

/* The self of a stream in documents mode. */
struct dust_documents {
	struct dust_looks looks;
	struct dust_sweep sweep; /* of an overwrite */
	bool replacing;          /* an overwrite that has not removed the old data yet */
};

void dust_documents_open(const struct dust *dust, struct ab_stream *streams, size_t count);
void dust_documents_close(struct dust_documents *documents);

enum ab_taken dust_documents_append(struct dust *dust, struct ab_batch *batch,
    const struct ab_record *record, struct ab_error *err);
enum ab_ask dust_documents_request(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err);
enum ab_verdict dust_documents_response(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

#endif
