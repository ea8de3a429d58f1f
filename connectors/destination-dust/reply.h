/*
 * reply.h: what Dust answers.
 *
 * An error is {"error":{"type","message","data_source_error":{"code","message"}}}; unknown routes
 * are 404 in plain text, and what stands between us and Dust may answer anything.
 */
#ifndef DUST_REPLY_H
#define DUST_REPLY_H

#include <stdbool.h>

#include "dust.h"

struct cJSON;

/* Dust's own words about a refusal; empty where the reply has none. */
struct dust_refusal {
	char type[64];
	char message[400];
	char cause[400]; /* data_source_error.message */
};

void dust_refusal_read(struct dust_refusal *refusal, const struct ab_reply *in);

/* Whether the reply is an error of this type. */
bool dust_refusal_is(const struct ab_reply *in, const char *type);

/* Appends the refusal in words: "The space was not found. (HTTP 404, space_not_found)"; nothing if
 * the reply is not Dust's. */
void dust_refusal_words(struct ab_buf *words, const struct ab_reply *in);

/*
 * The usual verdict, but a 429 in a write is waited out: no try is used up. Unless it is AB_DONE,
 * err says "Dust refused <what> of stream X: <its own words> (HTTP 403, data_source_auth_error)",
 * or how the reply was lost.
 */
enum ab_verdict dust_judge(const struct dust *dust, struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct ab_error *err);

/* The same; on AB_DONE *reply, as JSON, is the caller's, for cJSON_Delete. */
enum ab_verdict dust_judge_json(const struct dust *dust, struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct cJSON **reply, struct ab_error *err);

/* The same for a list of documents, whose member "documents" is an array. */
enum ab_verdict dust_judge_documents(const struct dust *dust, struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct cJSON **reply, struct ab_error *err);

/* Dust asks to come back later (429): AB_WAIT for ms, or for as long as its Retry-After says. */
enum ab_verdict dust_wait(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, int64_t ms, struct ab_error *err);

#endif
