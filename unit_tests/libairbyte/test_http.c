/*
 * Requests over real connections, to a server in the same thread that sends what the case says.
 * What is between is libcurl: certificates, proxies and redirects are tried with whole programs.
 */
#include "testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http.h"
#include "request.h"
#include "secret.h"

#define WAIT_MS 10000
#define BYE "Connection: close\r\n\r\n"
#define STAYS(body) "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" body

/* One connection at a time. Each whole request gets the next answer, after which the connection
 * ends if the answer says so; an empty answer only ends it. */
static struct {
	int listener;
	int connection; /* -1: none */
	unsigned short port;
	unsigned connections;
	const char *const *answers;
	struct ab_buf requests; /* all that came */
	size_t start;           /* of the latest */
} server;

static struct ab_http *http;
static struct ab_request request;

static int
set_up(void **state)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	(void)state;
	memset(&server, 0, sizeof(server));
	ab_buf_init(&server.requests, 1 << 24);
	server.connection = -1;
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server.listener, 8), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	http = ab_http_new("test/1", 0);
	ab_request_init(&request);
	ab_buf_printf(&request.url, "http://127.0.0.1:%d/a%%20b", server.port);
	return 0;
}

static void
hang_up(void)
{
	if (server.connection >= 0)
		close(server.connection);
	server.connection = -1;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_http_free(http);
	hang_up();
	close(server.listener);
	ab_buf_release(&server.requests);
	ab_request_release(&request);
	return 0;
}

static bool
request_is_whole(void)
{
	const char *latest = server.requests.data + server.start;
	const char *body = strstr(latest, "\r\n\r\n");
	const char *size = strstr(latest, "Content-Length: ");

	if (body == NULL)
		return false;
	return strlen(body + 4) >=
	       (size != NULL ? strtoul(size + strlen("Content-Length: "), NULL, 10) : 0);
}

static void
answer(void)
{
	const char *text = *server.answers++;

	assert_non_null(text);
	server.start = server.requests.len;
	assert_int_equal(
	    send(server.connection, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	if (text[0] == '\0' || strstr(text, BYE) != NULL)
		hang_up();
}

/* Its descriptor became readable. */
static void
serve(void)
{
	if (server.connection < 0) {
		server.connection = accept(server.listener, NULL, NULL);
		assert_true(server.connection >= 0);
		server.connections++;
		return;
	}
	char *at = ab_buf_reserve(&server.requests, 1 << 16);
	const ssize_t n = recv(server.connection, at, 1 << 16, 0);
	if (n <= 0) {
		hang_up();
		return;
	}
	server.requests.len += (size_t)n;
	server.requests.data[server.requests.len] = '\0';
	if (request_is_whole())
		answer();
}

/* Sends the request and waits for its reply, which is lent until the next. */
static struct ab_reply
ask(struct ab_view batch)
{
	struct ab_reply reply;
	void *owner = NULL;

	ab_http_send(http, &request, batch, &reply);
	assert_int_equal(ab_http_in_flight(http), 1);
	while (!ab_http_receive(http, &reply, &owner)) {
		const int fd = server.connection >= 0 ? server.connection : server.listener;
		if (ab_http_wait(http, fd, -1, WAIT_MS))
			serve();
	}
	assert_ptr_equal(owner, &reply);
	assert_int_equal(ab_http_in_flight(http), 0);
	return reply;
}

static struct ab_reply
get(const char *const answers[])
{
	server.answers = answers;
	return ask((struct ab_view){0});
}

static struct ab_reply
get_one(const char *text)
{
	const char *const answers[] = {text, NULL};

	return get(answers);
}

static void
assert_came(const char *part)
{
	if (strstr(server.requests.data, part) == NULL)
		fail_msg("\"%s\" did not come in:\n%s", part, server.requests.data);
}

/* --- cases ----------------------------------------------------------------------------------- */

static void
a_reply_is_status_type_and_body(void **state)
{
	(void)state;
	const struct ab_reply reply =
	    get_one("HTTP/1.1 201 Made\r\nContent-Type: Application/JSON; charset=utf-8\r\n" BYE
		    "{\"a\":1}");
	assert_int_equal(reply.status, 201);
	assert_string_equal(reply.type, "application/json");
	assert_string_equal(reply.body, "{\"a\":1}");
	assert_int_equal(reply.len, 7);
	assert_true(reply.retry_after_ms < 0);
	assert_true(reply.elapsed_us > 0);
	assert_true(reply.sent && !reply.untrusted);
	assert_string_equal(reply.loss, "");
}

static void
a_request_is_method_place_headers_and_body(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 200 OK\r\n" BYE, NULL};

	(void)state;
	server.answers = answers;
	request.method = AB_PATCH;
	ab_request_header(&request, "X-One", "1");
	ab_request_header(&request, "X-Two", "2");
	ab_buf_add_text(&request.head, "[1,");
	ab_buf_add_text(&request.tail, "3]");
	assert_int_equal(ask((struct ab_view){"2,", 2}).status, 200);
	assert_came("PATCH /a%20b HTTP/1.1\r\n");
	assert_came("\r\nUser-Agent: test/1\r\n");
	assert_came("\r\nX-One: 1\r\nX-Two: 2\r\n");
	assert_came("\r\n\r\n[1,2,3]");
	assert_null(strstr(server.requests.data, "Expect:"));
}

static void
a_post_without_a_body_says_so(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 200 OK\r\n" BYE, NULL};

	(void)state;
	server.answers = answers;
	request.method = AB_POST;
	assert_int_equal(ask((struct ab_view){0}).status, 200);
	assert_came("POST /a%20b HTTP/1.1\r\n");
	assert_came("\r\nContent-Length: 0\r\n");
}

/* It is never copied together. */
static void
a_large_body_arrives_whole(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 200 OK\r\n" BYE, NULL};
	static char batch[300000];

	(void)state;
	for (size_t i = 0; i < sizeof(batch); i++)
		batch[i] = (char)('a' + i % 23);
	server.answers = answers;
	request.method = AB_POST;
	for (unsigned i = 0; i < 20000; i++)
		ab_buf_printf(&request.head, "%u,", i);
	ab_buf_add_text(&request.tail, "the end");
	assert_int_equal(ask((struct ab_view){batch, sizeof(batch)}).status, 200);
	const char *body = strstr(server.requests.data, "\r\n\r\n") + 4;
	assert_int_equal(strlen(body), request.head.len + sizeof(batch) + request.tail.len);
	assert_memory_equal(body, request.head.data, request.head.len);
	assert_memory_equal(body + request.head.len, batch, sizeof(batch));
	assert_string_equal(body + request.head.len + sizeof(batch), "the end");
}

/* A server may end an idle connection at any time: libcurl sends again on a fresh one what it takes
 * for safe, with the body from its start. */
static void
a_connection_that_died_is_replaced(void **state)
{
	static const char *const answers[] = {STAYS("{}"), "", "HTTP/1.1 200 OK\r\n" BYE, NULL};
	static char batch[200000];

	(void)state;
	memset(batch, 'x', sizeof(batch));
	assert_int_equal(get(answers).status, 200);
	request.method = AB_POST;
	assert_int_equal(ask((struct ab_view){batch, sizeof(batch)}).status, 200);
	assert_int_equal(server.connections, 2);
	assert_int_equal(
	    strspn(server.requests.data + server.requests.len - sizeof(batch), "x"), sizeof(batch));
}

static void
connections_are_used_again_but_not_for_what_goes_out_once(void **state)
{
	static const char *const answers[] = {STAYS("{}"), STAYS("[]"), STAYS("{}"), NULL};

	(void)state;
	assert_string_equal(get(answers).body, "{}");
	assert_string_equal(ask((struct ab_view){0}).body, "[]");
	assert_int_equal(server.connections, 1);
	request.single = true;
	ab_http_send(http, &request, (struct ab_view){0}, NULL);
	hang_up(); /* the idle one: the server has eyes for one only */
	void *owner = NULL;
	struct ab_reply reply;
	while (!ab_http_receive(http, &reply, &owner)) {
		if (ab_http_wait(http, server.connection >= 0 ? server.connection : server.listener,
			-1, WAIT_MS))
			serve();
	}
	assert_int_equal(reply.status, 200);
	assert_int_equal(server.connections, 2);
}

static void
a_wait_that_the_server_asks_for_is_known_and_bounded(void **state)
{
	static const struct {
		const char *answer;
		int64_t ms;
	} cases[] = {
	    {"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n" BYE, 7000},
	    {"HTTP/1.1 429 Busy\r\nRetry-After: 99999999\r\n" BYE, INT64_C(86400000)},
	    {"HTTP/1.1 429 Busy\r\nRetry-After: soon\r\n" BYE, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_reply reply = get_one(cases[i].answer);
		assert_int_equal(reply.retry_after_ms, cases[i].ms);
		assert_string_equal(reply.type, "");
	}
}

static void
a_reply_that_is_too_large_is_lost(void **state)
{
	(void)state;
	request.reply_limit = 4;
	assert_int_equal(get_one("HTTP/1.1 200 OK\r\n" BYE "1234").status, 200);
	const struct ab_reply reply = get_one("HTTP/1.1 200 OK\r\n" BYE "12345");
	assert_int_equal(reply.status, 0);
	assert_true(reply.sent);
	assert_string_equal(reply.loss, "the reply is larger than 0 MiB");
}

static void
a_reply_that_is_cut_is_lost(void **state)
{
	static const char *const answers[] = {
	    "", ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" BYE "12345"), ("no HTTP at all\n" BYE)};

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct ab_reply reply = get_one(answers[i]);
		assert_int_equal(reply.status, 0);
		assert_true(reply.sent && !reply.untrusted);
		assert_true(reply.loss[0] != '\0');
	}
}

static void
what_reached_nobody_was_not_sent(void **state)
{
	(void)state;
	close(server.listener);
	server.listener = -1;
	const struct ab_reply reply = get(NULL);
	assert_int_equal(reply.status, 0);
	assert_false(reply.sent);
	assert_true(reply.loss[0] != '\0');
}

static void
secrets_in_a_refusal_are_masked(void **state)
{
	(void)state;
	ab_secret_add("sk-0123");
	assert_string_equal(get_one("HTTP/1.1 401 No\r\n" BYE "no such key: sk-0123!").body,
	    "no such key: *******!");
	assert_string_equal(get_one("HTTP/1.1 200 OK\r\n" BYE "sk-0123").body, "sk-0123");
	ab_secret_release();
}

/* The server takes the connections, and says nothing. */
static void
a_silence_ends_the_request_that_does_not_allow_it_and_no_other(void **state)
{
	struct ab_request requests[] = {request, request, request};
	struct ab_reply reply;
	void *owner = NULL;

	(void)state;
	requests[0].silence_s = 330;
	requests[1].silence_s = 1;
	for (size_t i = 0; i < COUNT(requests); i++)
		ab_http_send(http, &requests[i], (struct ab_view){0}, &requests[i]);
	while (!ab_http_receive(http, &reply, &owner))
		ab_http_wait(http, -1, -1, 1000);
	assert_ptr_equal(owner, &requests[1]);
	assert_int_equal(reply.status, 0);
	assert_true(reply.sent);
	assert_false(ab_http_receive(http, &reply, &owner));
	assert_int_equal(ab_http_in_flight(http), 2);
}

static void
what_is_in_flight_can_be_dropped(void **state)
{
	struct ab_reply reply;
	void *owner = NULL;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		ab_http_send(http, &request, (struct ab_view){0}, NULL);
		ab_http_send(http, &request, (struct ab_view){0}, NULL);
		assert_false(ab_http_wait(http, -1, -1, 0));
		assert_int_equal(ab_http_in_flight(http), 2);
		ab_http_cancel(http);
		assert_int_equal(ab_http_in_flight(http), 0);
		assert_false(ab_http_receive(http, &reply, &owner));
	}
}

static void
a_wait_ends_by_either_descriptor_and_tells_of_the_first(void **state)
{
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_true(ab_http_wait(http, pipes[0], -1, WAIT_MS));
	assert_true(ab_http_wait(http, pipes[0], pipes[0], WAIT_MS));
	assert_false(ab_http_wait(http, -1, pipes[0], WAIT_MS));
	close(pipes[0]);
	close(pipes[1]);
}

static void
many_requests_may_run_at_once(void **state)
{
	struct ab_reply reply;
	void *owner = NULL;
	size_t done = 0;

	(void)state;
	close(server.listener); /* all are refused */
	server.listener = -1;
	for (size_t i = 0; i < 100; i++)
		ab_http_send(http, &request, (struct ab_view){0}, NULL);
	assert_int_equal(ab_http_in_flight(http), 100);
	while (done < 100) {
		while (ab_http_receive(http, &reply, &owner))
			done++;
		if (done < 100)
			ab_http_wait(http, -1, -1, WAIT_MS);
	}
	assert_int_equal(ab_http_in_flight(http), 0);
}

static void
memory_for_bodies_is_told_while_they_are_out(void **state)
{
	static char body[600 << 10];
	const size_t sizes[] = {1, 100 << 10, sizeof(body)};
	const size_t buffers[] = {16 << 10, 128 << 10, 512 << 10};
	size_t sum = 0;
	struct ab_reply reply;
	void *owner = NULL;

	(void)state;
	memset(body, ' ', sizeof(body));
	close(server.listener); /* all are refused */
	server.listener = -1;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		ab_http_send(http, &request, (struct ab_view){body, sizes[i]}, NULL);
		sum += buffers[i];
		assert_int_equal(ab_http_buffers(http), sum);
	}
	while (!ab_http_receive(http, &reply, &owner))
		ab_http_wait(http, -1, -1, WAIT_MS);
	assert_true(ab_http_buffers(http) < sum);
	ab_http_cancel(http);
	while (ab_http_receive(http, &reply, &owner)) {
	}
	assert_int_equal(ab_http_buffers(http), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_reply_is_status_type_and_body, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_request_is_method_place_headers_and_body, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_post_without_a_body_says_so, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_large_body_arrives_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_connection_that_died_is_replaced, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		connections_are_used_again_but_not_for_what_goes_out_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_wait_that_the_server_asks_for_is_known_and_bounded, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_reply_that_is_too_large_is_lost, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_reply_that_is_cut_is_lost, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_reached_nobody_was_not_sent, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(secrets_in_a_refusal_are_masked, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_silence_ends_the_request_that_does_not_allow_it_and_no_other, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_in_flight_can_be_dropped, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_wait_ends_by_either_descriptor_and_tells_of_the_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(many_requests_may_run_at_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		memory_for_bodies_is_told_while_they_are_out, set_up, tear_down),
	};

	/* A proxy of the environment would stand between. */
	setenv("NO_PROXY", "*", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
