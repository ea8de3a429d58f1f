#include "http.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "alloc.h"
#include "clock.h"
#include "secret.h"

#define CONNECT_MS 15000L
#define SILENCE_S 120L
/* However short a test makes time: what is only slow is not lost. */
#define SILENCE_LEAST_S 5L
#define TOTAL_MS (10L * 60 * 1000)
#define REPLY_LIMIT ((size_t)8 << 20)
/* What libcurl sends in one go: mostly the whole body. It may be no less than 16 KB. */
#define UPLOAD_MIN (16L << 10)
#define UPLOAD_MAX (512L << 10)
/* libcurl sends a body below this together with the head, but only if it has it in one piece. */
#define SMALL_BODY ((size_t)64 << 10)
/* Idle handles kept for the next request. */
#define IDLE_MAX 64
/* A server that says "come back in a year" is not believed. */
#define RETRY_AFTER_MAX_S ((curl_off_t)24 * 60 * 60)

/*
 * A transfer is one of:
 *   idle      in http->idle, nothing set but the handle's constant options
 *   running   added to the multi handle, owner set
 *   received  http->current: taken off the multi handle, its reply lent to the caller
 */
struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	const struct ab_request *request;
	struct ab_view parts[3]; /* of the body */
	size_t position;         /* in the body as a whole */
	size_t buffer;           /* bytes that libcurl takes for it while it runs */
	struct ab_buf small;     /* the parts together, if they are small */
	struct ab_buf reply;
	char error[CURL_ERROR_SIZE];
	void *owner;
	struct transfer *prev, *next; /* among the idle or the running */
};

struct ab_http {
	CURLM *multi;
	char *user_agent;
	long total_ms;
	struct transfer *running;
	struct transfer *idle;
	size_t idle_count;
	struct transfer *current;
	size_t in_flight;
	size_t buffers; /* of all that are running */
};

static size_t
body_size(const struct transfer *t)
{
	return t->parts[0].len + t->parts[1].len + t->parts[2].len;
}

static size_t
on_read(char *to, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	const size_t room = size * count;
	size_t done = 0;
	size_t part_start = 0;

	for (int i = 0; i < 3 && done < room; i++) {
		const struct ab_view part = t->parts[i];
		if (t->position < part_start + part.len) {
			const size_t skip = t->position - part_start;
			size_t n = part.len - skip;
			if (n > room - done)
				n = room - done;
			memcpy(to + done, part.data + skip, n);
			done += n;
			t->position += n;
		}
		part_start += part.len;
	}
	return done;
}

/* curl rewinds when it has to send a body again on a fresh connection. */
static int
on_seek(void *context, curl_off_t offset, int origin)
{
	struct transfer *t = context;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > body_size(t))
		return CURL_SEEKFUNC_FAIL;
	t->position = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t
on_write(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;

	ab_buf_add(&t->reply, bytes, size * count);
	return t->reply.overflowed ? 0 : size * count;
}

static void
set_certificates(CURL *easy)
{
	const char *file = getenv("CURL_CA_BUNDLE");
	const char *directory = getenv("SSL_CERT_DIR");

	if (file == NULL || file[0] == '\0')
		file = getenv("SSL_CERT_FILE");
	if (file != NULL && file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	if (directory != NULL && directory[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAPATH, directory);
}

static struct transfer *
transfer_new(const struct ab_http *http)
{
	struct transfer *t = ab_calloc(1, sizeof(*t));

	t->easy = ab_alloc_check(curl_easy_init());
	ab_buf_init(&t->reply, REPLY_LIMIT);
	ab_buf_init(&t->small, SMALL_BODY);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, http->user_agent);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, http->total_ms);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	set_certificates(t->easy);
	return t;
}

static void
transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	ab_buf_release(&t->reply);
	ab_buf_release(&t->small);
	free(t);
}

static void
transfer_recycle(struct ab_http *http, struct transfer *t)
{
	if (t == NULL)
		return;
	if (http->idle_count >= IDLE_MAX) {
		transfer_free(t);
		return;
	}
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	t->request = NULL;
	ab_buf_release(&t->reply);
	ab_buf_release(&t->small);
	DL_PREPEND(http->idle, t);
	http->idle_count++;
}

/* libcurl quotes a proxy's address that it cannot use, with the user and the password in it. */
static void
hide_proxy_user(const char *variable)
{
	const char *address = getenv(variable);
	const char *end = address != NULL ? strrchr(address, '@') : NULL;

	if (end == NULL)
		return;
	const char *scheme_end = strstr(address, "://");
	const char *start = scheme_end != NULL && scheme_end < end ? scheme_end + 3 : address;
	char *user = ab_memdup(start, (size_t)(end - start));
	ab_secret_add(user);
	free(user);
}

static void
hide_proxy_users(void)
{
	static const char *const variables[] = {
	    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		hide_proxy_user(variables[i]);
}

struct ab_http *
ab_http_new(const char *user_agent, int64_t deadline_ms)
{
	struct ab_http *http = ab_calloc(1, sizeof(*http));

	/* Else a request whose headers found no room would go out without them. */
	curl_global_init_mem(
	    CURL_GLOBAL_DEFAULT, ab_malloc, free, ab_realloc, ab_strdup, ab_calloc);
	hide_proxy_users();
	http->multi = ab_alloc_check(curl_multi_init());
	http->user_agent = ab_strdup(user_agent);
	http->total_ms = deadline_ms > 0 && deadline_ms < TOTAL_MS ? (long)deadline_ms : TOTAL_MS;
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_MAX);
	return http;
}

void
ab_http_cancel(struct ab_http *http)
{
	struct transfer *t = NULL;
	struct transfer *following = NULL;

	DL_FOREACH_SAFE(http->running, t, following)
	{
		curl_multi_remove_handle(http->multi, t->easy);
		DL_DELETE(http->running, t);
		transfer_recycle(http, t);
	}
	http->in_flight = 0;
	http->buffers = 0;
}

void
ab_http_free(struct ab_http *http)
{
	if (http == NULL)
		return;
	struct transfer *t = NULL;
	struct transfer *following = NULL;
	ab_http_cancel(http);
	DL_FOREACH_SAFE(http->idle, t, following)
	{
		transfer_free(t);
	}
	transfer_free(http->current);
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	free(http->user_agent);
	free(http);
}

/* request->headers holds "Name: value\n" lines. */
static void
set_headers(struct transfer *t, const struct ab_request *request)
{
	const char *at = request->headers.data;

	t->headers = curl_slist_append(NULL, "Expect:"); /* no waiting for 100 Continue */
	while (*at != '\0') {
		const size_t len = strcspn(at, "\n");
		char *line = ab_memdup(at, len);
		t->headers = curl_slist_append(t->headers, line);
		free(line);
		at += len + (at[len] == '\n' ? 1 : 0);
	}
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

/* The body in one piece if it is small, else NULL: libcurl asks for it piece by piece. */
static const char *
small_body(struct transfer *t)
{
	if (body_size(t) >= SMALL_BODY)
		return NULL;
	for (int i = 0; i < 3; i++)
		ab_buf_add(&t->small, t->parts[i].data, t->parts[i].len);
	return t->small.data;
}

/* No more than the body needs: there is one for each request in flight. */
static long
upload_buffer(size_t size)
{
	long buffer = UPLOAD_MIN;

	while (buffer < UPLOAD_MAX && (size_t)buffer < size)
		buffer *= 2;
	return buffer;
}

static void
set_method(struct transfer *t, enum ab_method method)
{
	static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
	const size_t size = body_size(t);
	const bool upload = size > 0 || method == AB_POST || method == AB_PUT || method == AB_PATCH;

	if (upload) {
		t->buffer = (size_t)upload_buffer(size);
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)t->buffer);
		curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, small_body(t));
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	} else {
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, names[method]);
}

static long
silence_s(const struct ab_request *request)
{
	const long wanted = request->silence_s > 0 ? (long)request->silence_s : SILENCE_S;
	const long scaled = (long)(ab_clock_scaled((int64_t)wanted * 1000) / 1000);

	return scaled > SILENCE_LEAST_S ? scaled : SILENCE_LEAST_S;
}

void
ab_http_send(
    struct ab_http *http, const struct ab_request *request, struct ab_view batch, void *owner)
{
	struct transfer *t = http->idle;

	if (t != NULL) {
		DL_DELETE(http->idle, t);
		http->idle_count--;
	} else {
		t = transfer_new(http);
	}
	t->request = request;
	t->owner = owner;
	t->position = 0;
	t->buffer = 0;
	t->error[0] = '\0';
	t->parts[0] = (struct ab_view){request->head.data, request->head.len};
	t->parts[1] = batch;
	t->parts[2] = (struct ab_view){request->tail.data, request->tail.len};
	t->reply.limit = request->reply_limit > 0 ? request->reply_limit : REPLY_LIMIT;
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, silence_s(request));
	curl_easy_setopt(t->easy, CURLOPT_URL, request->url.data);
	curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, request->single ? 1L : 0L);
	set_headers(t, request);
	set_method(t, request->method);
	curl_multi_add_handle(http->multi, t->easy);
	DL_APPEND(http->running, t);
	http->in_flight++;
	http->buffers += t->buffer;
}

bool
ab_http_wait(struct ab_http *http, int fd, int wake, int timeout_ms)
{
	struct curl_waitfd extra[] = {
	    {.fd = fd, .events = CURL_WAIT_POLLIN}, {.fd = wake, .events = CURL_WAIT_POLLIN}};
	struct curl_waitfd *first = fd >= 0 ? &extra[0] : &extra[1];
	const unsigned count = (fd >= 0 ? 1U : 0U) + (wake >= 0 ? 1U : 0U);
	int running = 0;

	curl_multi_perform(http->multi, &running);
	/* A finished transfer is waiting to be received: do not sleep on it. */
	if (http->in_flight > (size_t)running)
		timeout_ms = 0;
	curl_multi_poll(http->multi, first, count, timeout_ms, NULL);
	curl_multi_perform(http->multi, &running);
	return fd >= 0 && extra[0].revents != 0;
}

static void
read_type(CURL *easy, char *type, size_t size)
{
	const char *given = NULL;
	size_t len = 0;

	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &given);
	while (given != NULL && given[len] != '\0' && given[len] != ';' && given[len] != ' ' &&
	       len + 1 < size) {
		const char c = given[len];
		type[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	type[len] = '\0';
}

/* A service may quote the credentials it refuses; nobody after this sees them. */
static void
mask_refusal(const struct transfer *t, long status)
{
	if (status < 200 || status > 299)
		ab_secret_mask(t->reply.data, t->reply.len);
}

static void
describe_loss(const struct transfer *t, CURLcode result, struct ab_reply *reply)
{
	if (t->reply.overflowed)
		snprintf(reply->loss, sizeof(reply->loss), "the reply is larger than %zu MiB",
		    t->reply.limit >> 20);
	else if (result == CURLE_OUT_OF_MEMORY) /* its word for a line beyond its limit, too */
		snprintf(reply->loss, sizeof(reply->loss),
		    "the reply's head has a line that is too long, or memory is short");
	else
		snprintf(reply->loss, sizeof(reply->loss), "%s",
		    t->error[0] != '\0' ? t->error : curl_easy_strerror(result));
}

static void
read_reply(const struct transfer *t, CURLcode result, struct ab_reply *reply)
{
	long status = 0;
	long sent = 0;
	curl_off_t retry_after = 0;
	curl_off_t elapsed_us = 0;

	*reply = (struct ab_reply){.retry_after_ms = -1};
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	mask_refusal(t, status);
	reply->sent = sent > 0;
	reply->body = t->reply.data;
	reply->len = t->reply.len;
	if (result == CURLE_OK) {
		reply->status = (int)status;
	} else {
		reply->untrusted =
		    result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE;
		describe_loss(t, result, reply);
	}
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &elapsed_us);
	reply->elapsed_us = elapsed_us;
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (retry_after > 0)
		reply->retry_after_ms =
		    (retry_after < RETRY_AFTER_MAX_S ? retry_after : RETRY_AFTER_MAX_S) * 1000;
	read_type(t->easy, reply->type, sizeof(reply->type));
}

bool
ab_http_receive(struct ab_http *http, struct ab_reply *reply, void **owner)
{
	const CURLMsg *finished = NULL;
	int left = 0;

	transfer_recycle(http, http->current);
	http->current = NULL;
	do {
		finished = curl_multi_info_read(http->multi, &left);
	} while (finished != NULL && finished->msg != CURLMSG_DONE);
	if (finished == NULL)
		return false;
	const CURLcode result = finished->data.result;
	struct transfer *t = NULL;
	curl_easy_getinfo(finished->easy_handle, CURLINFO_PRIVATE, (char **)&t);
	curl_multi_remove_handle(http->multi, t->easy);
	DL_DELETE(http->running, t);
	http->in_flight--;
	http->buffers -= t->buffer;
	http->current = t;
	*owner = t->owner;
	read_reply(t, result, reply);
	return true;
}

size_t
ab_http_in_flight(const struct ab_http *http)
{
	return http->in_flight;
}

size_t
ab_http_buffers(const struct ab_http *http)
{
	return http->buffers;
}
