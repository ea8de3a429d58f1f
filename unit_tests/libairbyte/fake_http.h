/*
 * fake_http.h: stands in for http.c in tests of what is above it. Requests gather in a list; the
 * test says what each is answered and in which order. Include it in one file of a test program.
 */
#ifndef AB_FAKE_HTTP_H
#define AB_FAKE_HTTP_H

#include <poll.h>

#include "alloc.h"
#include "http.h"

#define FAKE_CALLS_MAX 64

struct fake_call {
	enum ab_method method;
	char *url;
	char *body;
	void *owner;
};

static struct {
	struct fake_call calls[FAKE_CALLS_MAX];
	size_t count;
	size_t most; /* in flight at once */
	size_t sent;
	struct fake_call current;
	bool mute;                    /* nothing is answered */
	size_t (*pick)(size_t count); /* which call is answered next; NULL: the first */
	void (*answer)(const struct fake_call *call, struct ab_reply *reply);
} fake;

static void
fake_call_free(struct fake_call *call)
{
	free(call->url);
	free(call->body);
	*call = (struct fake_call){0};
}

struct ab_http *
ab_http_new(const char *user_agent, int64_t deadline_ms)
{
	(void)user_agent;
	(void)deadline_ms;
	return (struct ab_http *)(void *)&fake;
}

void
ab_http_cancel(struct ab_http *http)
{
	(void)http;
	while (fake.count > 0)
		fake_call_free(&fake.calls[--fake.count]);
}

void
ab_http_free(struct ab_http *http)
{
	fake_call_free(&fake.current);
	ab_http_cancel(http);
	fake.most = fake.sent = 0;
}

void
ab_http_send(
    struct ab_http *http, const struct ab_request *request, struct ab_view batch, void *owner)
{
	struct fake_call *call = &fake.calls[fake.count++];
	struct ab_buf body;

	(void)http;
	assert_true(fake.count <= FAKE_CALLS_MAX);
	ab_buf_init(&body, (size_t)1 << 30);
	ab_buf_add(&body, request->head.data, request->head.len);
	ab_buf_add(&body, batch.data, batch.len);
	ab_buf_add(&body, request->tail.data, request->tail.len);
	call->method = request->method;
	call->url = ab_strdup(request->url.data);
	call->body = ab_strdup(body.data);
	call->owner = owner;
	ab_buf_release(&body);
	fake.sent++;
	if (fake.count > fake.most)
		fake.most = fake.count;
}

bool
ab_http_wait(struct ab_http *http, int fd, int wake, int timeout_ms)
{
	struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = wake, .events = POLLIN}};

	(void)http;
	if (fake.count > 0 && !fake.mute)
		timeout_ms = 0;
	return poll(polled, 2, timeout_ms) > 0 && polled[0].revents != 0;
}

bool
ab_http_receive(struct ab_http *http, struct ab_reply *reply, void **owner)
{
	(void)http;
	fake_call_free(&fake.current);
	if (fake.count == 0 || fake.mute)
		return false;
	const size_t i = fake.pick != NULL ? fake.pick(fake.count) : 0;
	if (i >= fake.count)
		return false; /* none just now */
	fake.current = fake.calls[i];
	memmove(&fake.calls[i], &fake.calls[i + 1], (fake.count - i - 1) * sizeof(fake.calls[0]));
	fake.count--;
	*reply = (struct ab_reply){.retry_after_ms = -1, .body = ""};
	fake.answer(&fake.current, reply);
	*owner = fake.current.owner;
	return true;
}

size_t
ab_http_in_flight(const struct ab_http *http)
{
	(void)http;
	return fake.count;
}

size_t
ab_http_buffers(const struct ab_http *http)
{
	(void)http;
	return 0;
}

#endif
