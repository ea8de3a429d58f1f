#include "request.h"

#define TEXT_MAX ((size_t)256 << 10)
#define BODY_MAX ((size_t)256 << 20)

void
ab_request_init(struct ab_request *request)
{
	*request = (struct ab_request){.from = 0};
	ab_buf_init(&request->url, TEXT_MAX);
	ab_buf_init(&request->headers, TEXT_MAX);
	ab_buf_init(&request->head, BODY_MAX);
	ab_buf_init(&request->tail, BODY_MAX);
}

void
ab_request_release(struct ab_request *request)
{
	ab_buf_release(&request->url);
	ab_buf_release(&request->headers);
	ab_buf_release(&request->head);
	ab_buf_release(&request->tail);
}

void
ab_request_reset(struct ab_request *request)
{
	struct ab_request fresh = {.url = request->url,
	    .headers = request->headers,
	    .head = request->head,
	    .tail = request->tail};

	ab_buf_reset(&fresh.url);
	ab_buf_reset(&fresh.headers);
	ab_buf_reset(&fresh.head);
	ab_buf_reset(&fresh.tail);
	*request = fresh;
}

bool
ab_request_overflowed(const struct ab_request *request)
{
	return request->url.overflowed || request->headers.overflowed || request->head.overflowed ||
	       request->tail.overflowed;
}
