#include "service.h"

#include <stdbool.h>
#include <string.h>

#include <cjson/cJSON.h>

/* Far longer than a message: what is too long is to be cut, not left out. */
#define DESCRIPTION_MAX ((size_t)1 << 16)

cJSON *
ab_reply_json(const struct ab_reply *in)
{
	const char *end = NULL;

	if (in->body == NULL || in->len == 0)
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
	const char *from = cJSON_IsString(text) ? text->valuestring : "";
	size_t whole = strlen(from);

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
    const struct ab_reply *in, const char *what, const char *words, struct ab_error *err)
{
	const enum ab_verdict verdict = ab_verdict_of_status(in, err);

	if (verdict != AB_DONE)
		ab_service_describe(service, x, in, what, words, err);
	/* A login page of a proxy must not pass for an acknowledgement. */
	else if (strcmp(in->type, "application/json") != 0)
		return ab_service_unreadable(service, x, what, err);
	return verdict;
}
