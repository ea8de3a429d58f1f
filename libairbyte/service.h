/*
 * service.h: what every connector makes of a reply: its JSON, and a verdict in words.
 *
 * Messages name the service, what was asked of it and the stream; a connector adds the service's
 * own words. What stands between us and a service may answer anything.
 */
#ifndef AB_SERVICE_H
#define AB_SERVICE_H

#include <stddef.h>

#include "destination.h"

struct cJSON;

/* Who answers, for messages. The texts are borrowed. */
struct ab_service {
	const char *name;      /* "Dust" */
	const char *url_field; /* the setting that holds the URL: "base_url" */
	const char *url;       /* "https://dust.tt": no secret */
};

/* The reply as JSON, nothing after it; NULL if it is anything else, or so many values in so few
 * bytes that it can only be meant to fill the memory. For cJSON_Delete. */
struct cJSON *ab_reply_json(const struct ab_reply *in);

/* Copies a string of a reply as one line: secrets masked, trimmed, controls as blanks, cut between
 * characters to what fits in size bytes with its NUL. "" if text is NULL or no string. */
void ab_reply_copy_text(char *to, size_t size, const struct cJSON *text);

/*
 * The usual verdict (ab_verdict_of_status), but a 2xx that is not application/json, or whose body
 * is no JSON, is ab_service_unreadable. Unless it is AB_DONE, err is in the words of
 * ab_service_describe. what is what was asked: "the table". If document is not NULL, on AB_DONE
 * *document is the body, the caller's, for cJSON_Delete.
 */
enum ab_verdict ab_service_judge(const struct ab_service *service, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, const char *words, struct cJSON **document,
    struct ab_error *err);

/*
 * Fills err's message and keeps its kind: "Dust refused <what> of stream X: <words>", or how the
 * reply was lost ("cannot reach base_url https://dust.tt: ..." without a stream). words are those
 * of ab_service_words.
 */
void ab_service_describe(const struct ab_service *service, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, const char *words, struct ab_error *err);

/* Appends words, the service's own about a refusal with the status in them; if they are NULL or ""
 * "an answer that is not Dust's (HTTP 502, text/html)". */
void ab_service_words(const struct ab_service *service, const struct ab_reply *in,
    const char *words, struct ab_buf *text);

/* A 2xx whose body is not what the service sends: AB_FAILED, and err (AB_SYSTEM_ERROR) says so. */
enum ab_verdict ab_service_unreadable(const struct ab_service *service, const struct ab_exchange *x,
    const char *what, struct ab_error *err);

#endif
