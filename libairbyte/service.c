#include "service.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "secret.h"

/* A value of two bytes takes 80 in memory: what has more values than this is read only if they are
 * so large on the average. The densest list of a service's, Dust's of all tables, has 13 bytes
 * each. */
#define VALUES_MAX ((size_t)1 << 18)
#define VALUE_BYTES 12
/* Far longer than a message: what is too long is to be cut, not left out. */
#define DESCRIPTION_MAX ((size_t)1 << 16)

/* What begins a value, outside of strings: at least as many as there are values, but for one. */
static size_t
count_values(const char *text, size_t len)
{
	size_t count = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '\\':
			i++;
			break;
		case '"':
			quoted = !quoted;
			break;
		case '[':
		case '{':
		case ',':
			count += quoted ? 0 : 1;
			break;
		default:
			break;
		}
	}
	return count;
}

static bool
is_too_dense(const char *text, size_t len)
{
	if (len <= VALUES_MAX)
		return false;
	const size_t count = count_values(text, len);
	return count > VALUES_MAX && count > len / VALUE_BYTES;
}

cJSON *
ab_reply_json(const struct ab_reply *in)
{
	const char *end = NULL;

	if (in->body == NULL || in->len == 0 || is_too_dense(in->body, in->len))
		return NULL;
	/* With the NUL after the body, which must follow the value. */
	cJSON *document = cJSON_ParseWithLengthOpts(in->body, in->len + 1, &end, true);
	if (document != NULL && end != in->body + in->len) {
		cJSON_Delete(document);
		return NULL;
	}
	return document;
}

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

void
ab_reply_copy_text(char *to, size_t size, const cJSON *text)
{
	const char *given = cJSON_IsString(text) ? text->valuestring : "";
	size_t whole = strlen(given);
	char *masked = ab_memdup(given, whole);
	const char *from = masked;

	ab_secret_mask(masked, whole);
	while (whole > 0 && is_blank(from[whole - 1]))
		whole--;
	for (; whole > 0 && is_blank(*from); whole--)
		from++;
	size_t len = whole < size ? whole : size - 1;
	while (len > 0 && len < whole && ((unsigned char)from[len] & 0xC0) == 0x80)
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
	for (char *p = to; *p != '\0'; p++) {
		if (is_blank(*p))
			*p = ' ';
	}
	free(masked);
}

/* " of stream X", or nothing in a check or a discovery. */
static void
add_stream(struct ab_buf *text, const struct ab_exchange *x)
{
	char label[256];

	if (x->stream != NULL)
		ab_buf_printf(
		    text, " of stream %s", ab_stream_label(x->stream, label, sizeof(label)));
}

static void
add_loss(const struct ab_service *service, const struct ab_exchange *x, const struct ab_reply *in,
    const char *what, struct ab_buf *text)
{
	if (x->stream == NULL) {
		ab_buf_printf(
		    text, "cannot reach %s %s: %s", service->url_field, service->url, in->loss);
		return;
	}
	ab_buf_add_text(text, what);
	add_stream(text, x);
	ab_buf_printf(text, " got no answer from %s: %s", service->url, in->loss);
}

void
ab_service_words(const struct ab_service *service, const struct ab_reply *in, const char *words,
    struct ab_buf *text)
{
	if (words != NULL && words[0] != '\0')
		ab_buf_add_text(text, words);
	else
		ab_buf_printf(text, "an answer that is not %s's (HTTP %d%s%s)", service->name,
		    in->status, in->type[0] != '\0' ? ", " : "", in->type);
}

void
ab_service_describe(const struct ab_service *service, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, const char *words, struct ab_error *err)
{
	struct ab_buf text;

	ab_buf_init(&text, DESCRIPTION_MAX);
	if (in->status == 0) {
		add_loss(service, x, in, what, &text);
	} else {
		ab_buf_printf(&text, "%s refused %s", service->name, what);
		add_stream(&text, x);
		ab_buf_add_text(&text, ": ");
		ab_service_words(service, in, words, &text);
	}
	ab_fail(err, err->kind, "%s", text.data);
	ab_buf_release(&text);
}

enum ab_verdict
ab_service_unreadable(const struct ab_service *service, const struct ab_exchange *x,
    const char *what, struct ab_error *err)
{
	struct ab_buf text;

	ab_buf_init(&text, DESCRIPTION_MAX);
	ab_buf_printf(&text, "the answer from %s to %s", service->url, what);
	add_stream(&text, x);
	ab_fail(err, AB_SYSTEM_ERROR, "%s is not what %s sends; check %s", text.data, service->name,
	    service->url_field);
	ab_buf_release(&text);
	return AB_FAILED;
}

enum ab_verdict
ab_service_judge(const struct ab_service *service, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, const char *words, cJSON **document,
    struct ab_error *err)
{
	const enum ab_verdict verdict = ab_verdict_of_status(in, err);
	cJSON *read = NULL;

	if (verdict != AB_DONE) {
		ab_service_describe(service, x, in, what, words, err);
		return verdict;
	}
	/* A login page of a proxy must not pass for an acknowledgement, nor what is cut off, also
	 * where a connector wants nothing of it. */
	if (strcmp(in->type, "application/json") == 0)
		read = ab_reply_json(in);
	if (read == NULL)
		return ab_service_unreadable(service, x, what, err);
	if (document != NULL)
		*document = read;
	else
		cJSON_Delete(read);
	return AB_DONE;
}
