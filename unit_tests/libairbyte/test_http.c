#include "testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http.h"

/* A server of this machine that takes connections and says nothing; its port in *port. */
static int
listen_silently(unsigned *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void
request_init(struct ab_request *request, unsigned port, unsigned silence_s)
{
	*request = (struct ab_request){.method = AB_POST, .silence_s = silence_s};
	ab_buf_init(&request->url, 256);
	ab_buf_init(&request->headers, 256);
	ab_buf_init(&request->head, 256);
	ab_buf_init(&request->tail, 256);
	ab_buf_printf(&request->url, "http://127.0.0.1:%u/", port);
	ab_buf_add_text(&request->head, "[]");
}

static void
request_release(struct ab_request *request)
{
	ab_buf_release(&request->url);
	ab_buf_release(&request->headers);
	ab_buf_release(&request->head);
	ab_buf_release(&request->tail);
}

static void
a_silence_ends_the_request_that_does_not_allow_it_and_no_other(void **state)
{
	static const unsigned silences[] = {330, 1, 0};
	struct ab_request requests[COUNT(silences)];
	struct ab_reply reply;
	void *owner = NULL;
	unsigned port;

	(void)state;
	const int fd = listen_silently(&port);
	struct ab_http *http = ab_http_new("test", 0);
	for (size_t i = 0; i < COUNT(silences); i++) {
		request_init(&requests[i], port, silences[i]);
		ab_http_send(http, &requests[i], (struct ab_view){0}, &requests[i]);
	}
	while (!ab_http_receive(http, &reply, &owner))
		ab_http_wait(http, -1, -1, 1000);
	assert_ptr_equal(owner, &requests[1]);
	assert_int_equal(reply.status, 0);
	assert_true(reply.sent);
	assert_false(ab_http_receive(http, &reply, &owner));
	assert_int_equal(ab_http_in_flight(http), 2);
	ab_http_free(http);
	for (size_t i = 0; i < COUNT(silences); i++)
		request_release(&requests[i]);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_silence_ends_the_request_that_does_not_allow_it_and_no_other),
	};

	/* A proxy of the environment would answer. */
	setenv("no_proxy", "127.0.0.1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
