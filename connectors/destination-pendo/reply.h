/*
 * reply.h: what Pendo answers.
 *
 * A key that is wrong, or of another region, gets 403 without a body. Errors have a text or JSON;
 * what stands between us and Pendo may answer anything. Which content type comes with a success is
 * not documented: it is known by what is in it.
 */
#ifndef PENDO_REPLY_H
#define PENDO_REPLY_H

#include "pendo.h"

struct cJSON;

/*
 * The usual verdict for a reply that must be a JSON object, but 409 (an operation is in progress)
 * means again, and 429 outside of checks and discoveries is waited out: Pendo names no limit and no
 * time to wait. Unless it is AB_DONE err says what Pendo refused, in its own words. On AB_DONE
 * *document is the caller's, for cJSON_Delete. what is what was asked: "the metadata schema".
 */
enum ab_verdict pendo_judge_object(const struct pendo *pendo, struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct cJSON **document, struct ab_error *err);

/* Appends Pendo's words about a refusal, with the status: "The body is not JSON (HTTP 400)". */
void pendo_words(const struct pendo *pendo, const struct ab_reply *in, struct ab_buf *text);

#endif
