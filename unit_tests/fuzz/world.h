/*
 * world.h: what a program under fuzz has around it: a service that answers by a script, a clock
 * that only its waits move, and descriptors whose output is kept. It stands in for http.c, clock.c
 * and process.c. Include it in one file of a program.
 */
#ifndef AB_FUZZ_WORLD_H
#define AB_FUZZ_WORLD_H

#include "fuzz.h"

#include <strings.h>
#include <sys/uio.h>
#include <utlist.h>

#include "alloc.h"
#include "clock.h"
#include "http.h"
#include "process.h"

#define WORLD_BYTES_MAX ((size_t)1 << 28)
/* A run of a few kilobytes of input that asks for more goes in circles. */
#define WORLD_REQUESTS_MAX 20000

struct world_call {
	enum ab_method method;
	const char *url;
	const char *body; /* NUL-terminated, "" if there is none */
	void *owner;
	struct world_call *prev, *next;
};

/*
 * Replies are lines: "200 {...}". After the status may stand, in this order: "^", the latest
 * request is answered and not the first; "+30", Retry-After in seconds; "?", of a lost reply (0):
 * the request was sent; "!": the server proved nothing. When no line is left, or it is empty, the
 * service answers as a healthy one does.
 */
static struct {
	struct ab_view script;
	const char *(*healthy)(const struct world_call *call); /* the body of a 200 */
	struct world_call *calls;                              /* in flight, the oldest first */
	struct world_call *answered;
	struct ab_buf body; /* of the last reply */
	size_t requests;
	size_t accepted; /* replies of 2xx */
	int64_t now_ms;
	struct ab_buf out;                         /* what was written to stdout */
	struct ab_buf log;                         /* and to stderr */
	void (*written)(const char *, size_t len); /* each write to stdout, as it comes */
} world;

static inline void
world_begin(struct ab_view script)
{
	world.script = script;
	world.requests = world.accepted = 0;
	world.now_ms = 1700000000000;
	ab_buf_init(&world.body, WORLD_BYTES_MAX);
	ab_buf_init(&world.out, WORLD_BYTES_MAX);
	ab_buf_init(&world.log, WORLD_BYTES_MAX);
}

static inline void
world_end(void)
{
	ab_buf_release(&world.body);
	ab_buf_release(&world.out);
	ab_buf_release(&world.log);
}

/* --- the clock ------------------------------------------------------------------------------- */

int64_t
ab_clock_ms(void)
{
	return world.now_ms;
}

int64_t
ab_clock_unix_ms(void)
{
	return world.now_ms;
}

int64_t
ab_clock_scaled(int64_t ms)
{
	return ms;
}

/* --- signals: none come, and those of the fuzzer are its own ------------------------------------
 */

void
ab_process_hold_descriptors(void)
{
}

void
ab_process_forbid_core(void)
{
}

void
ab_process_handle_signals(void)
{
}

int
ab_process_keep_signal(void)
{
	return -1;
}

int
ab_process_signal(void)
{
	return 0;
}

void
ab_process_end(void)
{
}

/* --- descriptors ----------------------------------------------------------------------------- */

/* Output is kept; all else goes where it should: a reject file, what the fuzzer itself writes. */
ssize_t
write(int fd, const void *bytes, size_t len)
{
	const struct iovec whole = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};

	if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
		return writev(fd, &whole, 1);
	if (fd == STDOUT_FILENO)
		world.written(bytes, len);
	ab_buf_add(fd == STDOUT_FILENO ? &world.out : &world.log, bytes, len);
	return (ssize_t)len;
}

/* --- the service ----------------------------------------------------------------------------- */

/* "Name: value" lines that cannot break out of their place. */
static inline void
check_headers(struct ab_view headers)
{
	while (headers.len > 0) {
		const struct ab_view line = fuzz_line(&headers);
		CHECK(line.len > 0 && memchr(line.data, ':', line.len) != NULL);
		for (size_t i = 0; i < line.len; i++)
			CHECK(line.data[i] >= ' ' && line.data[i] <= '~');
	}
}

static inline void
check_request(const struct ab_request *request, const struct ab_buf *body)
{
	struct ab_json json;
	struct ab_error err;

	CHECK(++world.requests < WORLD_REQUESTS_MAX);
	CHECK(strncasecmp(request->url.data, "http", 4) == 0); /* as the configuration spells it */
	for (const char *p = request->url.data; *p != '\0'; p++)
		CHECK(*p > ' ' && *p <= '~');
	check_headers((struct ab_view){request->headers.data, request->headers.len});
	if (body->len == 0)
		return;
	ab_json_init(&json);
	CHECK(ab_json_parse(&json, body->data, body->len, 0, &err) == 0 && !json.specials);
	ab_json_release(&json);
}

static inline void
world_call_free(struct world_call *call)
{
	if (call == NULL)
		return;
	free((void *)(uintptr_t)call->url);
	free((void *)(uintptr_t)call->body);
	free(call);
}

struct ab_http *
ab_http_new(const char *user_agent, int64_t deadline_ms)
{
	(void)user_agent;
	(void)deadline_ms;
	return (struct ab_http *)(void *)&world;
}

void
ab_http_cancel(struct ab_http *http)
{
	struct world_call *call = NULL;
	struct world_call *following = NULL;

	(void)http;
	DL_FOREACH_SAFE(world.calls, call, following)
	{
		world_call_free(call);
	}
	world.calls = NULL;
}

void
ab_http_free(struct ab_http *http)
{
	ab_http_cancel(http);
	world_call_free(world.answered);
	world.answered = NULL;
}

void
ab_http_send(
    struct ab_http *http, const struct ab_request *request, struct ab_view batch, void *owner)
{
	struct world_call *call = ab_calloc(1, sizeof(*call));
	struct ab_buf body;

	(void)http;
	ab_buf_init(&body, WORLD_BYTES_MAX);
	ab_buf_add(&body, request->head.data, request->head.len);
	if (batch.len > 0)
		ab_buf_add(&body, batch.data, batch.len);
	ab_buf_add(&body, request->tail.data, request->tail.len);
	check_request(request, &body);
	*call = (struct world_call){.method = request->method,
	    .url = ab_strdup(request->url.data),
	    .body = ab_memdup(body.data, body.len),
	    .owner = owner};
	DL_APPEND(world.calls, call);
	ab_buf_release(&body);
}

bool
ab_http_wait(struct ab_http *http, int fd, int wake, int timeout_ms)
{
	(void)http;
	(void)wake;
	if (fd < 0 && world.calls == NULL)
		world.now_ms += timeout_ms;
	return fd >= 0;
}

static inline bool
take(struct ab_view *text, char c)
{
	if (text->len == 0 || text->data[0] != c)
		return false;
	*text = (struct ab_view){text->data + 1, text->len - 1};
	return true;
}

static inline int
take_number(struct ab_view *text, int max)
{
	int number = 0;

	while (text->len > 0 && text->data[0] >= '0' && text->data[0] <= '9' && number < max) {
		number = number * 10 + (text->data[0] - '0');
		take(text, text->data[0]);
	}
	return number < max ? number : max;
}

static inline struct world_call *
read_reply(struct ab_view line, struct ab_reply *reply)
{
	struct world_call *call = world.calls;

	reply->status = take_number(&line, 599);
	if (reply->status < 100)
		reply->status = 0;
	if (take(&line, '^'))
		call = world.calls->prev;
	if (take(&line, '+'))
		reply->retry_after_ms = 1000 * (int64_t)take_number(&line, 1000000);
	reply->sent = take(&line, '?') && reply->status == 0;
	reply->untrusted = take(&line, '!') && reply->status == 0;
	take(&line, ' ');
	if (reply->status == 0) {
		snprintf(reply->loss, sizeof(reply->loss), "%.*s", (int)line.len, line.data);
		return call;
	}
	const bool markup = line.len > 0 && line.data[0] == '<';
	snprintf(reply->type, sizeof(reply->type), markup ? "text/html" : "application/json");
	ab_buf_add(&world.body, line.data, line.len);
	return call;
}

bool
ab_http_receive(struct ab_http *http, struct ab_reply *reply, void **owner)
{
	struct world_call *call = world.calls;

	(void)http;
	if (call == NULL)
		return false;
	ab_buf_reset(&world.body);
	*reply = (struct ab_reply){.status = 200, .retry_after_ms = -1};
	const struct ab_view line = fuzz_line(&world.script);
	if (line.len > 0) {
		call = read_reply(line, reply);
	} else {
		snprintf(reply->type, sizeof(reply->type), "application/json");
		ab_buf_add_text(&world.body, world.healthy(call));
	}
	reply->body = world.body.data;
	reply->len = world.body.len;
	world.accepted += reply->status / 100 == 2;
	world.now_ms++;
	DL_DELETE(world.calls, call);
	world_call_free(world.answered);
	world.answered = call;
	*owner = call->owner;
	return true;
}

size_t
ab_http_in_flight(const struct ab_http *http)
{
	const struct world_call *call = NULL;
	size_t count = 0;

	(void)http;
	DL_COUNT(world.calls, call, count);
	return count;
}

size_t
ab_http_buffers(const struct ab_http *http)
{
	(void)http;
	return 0;
}

#endif
