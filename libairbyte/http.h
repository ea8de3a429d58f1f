/*
 * http.h: requests over one curl multi handle, with deadlines. The only module that knows curl.
 *
 * Transfers run while ab_http_wait is called, in one thread. Redirects are not followed, so
 * credentials never reach another host; TLS is verified, and 1.2 at least, whatever OpenSSL's own
 * configuration allows; a reply's limit holds for what it unpacks to. Proxies come from the
 * environment as curl reads it (HTTPS_PROXY, NO_PROXY, ...), their users and passwords are secrets
 * (secret.h); private certificate authorities from SSL_CERT_FILE, SSL_CERT_DIR or CURL_CA_BUNDLE.
 * Deadlines: connecting 15 s; without any byte moving 120 s, unless the request says otherwise
 * (scaled, see clock.h, but never below 5 s); 10 minutes in all.
 */
#ifndef AB_HTTP_H
#define AB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "destination.h"

struct ab_http;

/* user_agent is copied. deadline_ms shortens the 10 minutes if it is above 0. */
struct ab_http *ab_http_new(const char *user_agent, int64_t deadline_ms);
void ab_http_free(struct ab_http *http);

/* Starts a request. The request and the bytes of batch (its middle, see struct ab_request) stay the
 * caller's and must live until its reply was received. owner comes back with the reply. */
void ab_http_send(
    struct ab_http *http, const struct ab_request *request, struct ab_view batch, void *owner);

/*
 * Moves bytes; waits up to timeout_ms (0: not at all) for the first transfer to move, or for fd or
 * wake (-1: none) to become readable or to end. Returns whether fd did.
 */
bool ab_http_wait(struct ab_http *http, int fd, int wake, int timeout_ms);

/* The next finished request: fills reply, whose body lives until the next call, and *owner. Returns
 * false if there is none. */
bool ab_http_receive(struct ab_http *http, struct ab_reply *reply, void **owner);

/* Gives up what was sent and not received: whether it reached the service is not known. */
void ab_http_cancel(struct ab_http *http);

/* Requests sent and not received yet. */
size_t ab_http_in_flight(const struct ab_http *http);

/* Bytes that their bodies take on the way out, besides where they lie. */
size_t ab_http_buffers(const struct ab_http *http);

#endif
