#include "reply.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#define DESCRIPTION_MAX 1000
/* After a 429: the window of the service slides, so some room is there soon. */
#define LIMIT_WAIT_MS 5000

cJSON *
dust_reply_json(const struct ab_reply *in)
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

/* Copies a text on one line, cut to what fits. */
static void
copy_text(char *to, size_t size, const cJSON *text)
{
	if (!cJSON_IsString(text))
		return;
	const struct ab_view view = dust_text_trim(text->valuestring, strlen(text->valuestring));
	size_t len = view.len < size ? view.len : size - 1;
	/* Not in the middle of a character. */
	while (len > 0 && len < view.len && ((unsigned char)view.data[len] & 0xC0) == 0x80)
		len--;
	memcpy(to, view.data, len);
	to[len] = '\0';
	for (char *p = to; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
}

void
dust_refusal_read(struct dust_refusal *refusal, const struct ab_reply *in)
{
	cJSON *document = dust_reply_json(in);
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(document, "error");
	const cJSON *cause = cJSON_GetObjectItemCaseSensitive(error, "data_source_error");

	*refusal = (struct dust_refusal){.type = ""};
	copy_text(
	    refusal->type, sizeof(refusal->type), cJSON_GetObjectItemCaseSensitive(error, "type"));
	copy_text(refusal->message, sizeof(refusal->message),
	    cJSON_GetObjectItemCaseSensitive(error, "message"));
	copy_text(refusal->cause, sizeof(refusal->cause),
	    cJSON_GetObjectItemCaseSensitive(cause, "message"));
	cJSON_Delete(document);
}

bool
dust_refusal_is(const struct ab_reply *in, const char *type)
{
	struct dust_refusal refusal;

	dust_refusal_read(&refusal, in);
	return strcmp(refusal.type, type) == 0;
}

void
dust_refusal_describe(struct ab_buf *text, const struct ab_reply *in)
{
	struct dust_refusal refusal;

	dust_refusal_read(&refusal, in);
	if (refusal.message[0] == '\0' && refusal.type[0] == '\0') {
		ab_buf_printf(text, "an answer that is not Dust's (HTTP %d%s%s)", in->status,
		    in->type[0] != '\0' ? ", " : "", in->type);
		return;
	}
	ab_buf_add_text(text, refusal.message);
	if (refusal.cause[0] != '\0' && strcmp(refusal.cause, refusal.message) != 0)
		ab_buf_printf(text, " [%s]", refusal.cause);
	ab_buf_printf(text, " (HTTP %d, %s)", in->status, refusal.type);
}

/* " of stream X", or nothing in a check. */
static void
add_stream(struct ab_buf *text, const struct ab_exchange *x)
{
	char label[256];

	if (x->stream != NULL)
		ab_buf_printf(
		    text, " of stream %s", ab_stream_label(x->stream, label, sizeof(label)));
}

static void
describe_loss(const struct dust *dust, const struct ab_exchange *x, const struct ab_reply *in,
    const char *what, struct ab_buf *text)
{
	if (x->phase == AB_CHECK) {
		ab_buf_printf(text, "cannot reach base_url %s: %s", dust->base_url, in->loss);
		return;
	}
	ab_buf_add_text(text, what);
	add_stream(text, x);
	ab_buf_printf(text, " got no answer from %s: %s", dust->base_url, in->loss);
}

static void
describe(const struct dust *dust, const struct ab_exchange *x, const struct ab_reply *in,
    const char *what, struct ab_error *err)
{
	struct ab_buf text;

	ab_buf_init(&text, sizeof(err->message) + DESCRIPTION_MAX);
	if (in->status == 0) {
		describe_loss(dust, x, in, what, &text);
	} else {
		ab_buf_printf(&text, "Dust refused %s", what);
		add_stream(&text, x);
		ab_buf_add_text(&text, ": ");
		dust_refusal_describe(&text, in);
	}
	ab_fail(err, err->kind, "%s", text.data);
	ab_buf_release(&text);
}

enum ab_verdict
dust_unreadable(
    const struct dust *dust, const struct ab_exchange *x, const char *what, struct ab_error *err)
{
	struct ab_buf text;

	ab_buf_init(&text, sizeof(err->message));
	ab_buf_printf(&text, "the answer from %s to %s", dust->base_url, what);
	add_stream(&text, x);
	ab_fail(err, AB_SYSTEM_ERROR, "%s is not what Dust sends; check base_url", text.data);
	ab_buf_release(&text);
	return AB_FAILED;
}

enum ab_verdict
dust_judge(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, struct ab_error *err)
{
	const enum ab_verdict verdict = ab_verdict_of_status(in, err);

	/* A check should not take minutes. */
	if (in->status == 429 && x->phase != AB_CHECK)
		return dust_wait(dust, x, in, what, LIMIT_WAIT_MS, err);
	if (verdict != AB_DONE)
		describe(dust, x, in, what, err);
	/* A login page of a proxy must not pass for an acknowledgement. */
	else if (strcmp(in->type, "application/json") != 0)
		return dust_unreadable(dust, x, what, err);
	return verdict;
}

enum ab_verdict
dust_judge_list(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, struct ab_error *err)
{
	const enum ab_verdict verdict = dust_judge(dust, x, in, what, err);

	/* A failure of the database behind a list comes as a 400. */
	if (in->status == 400 && dust_refusal_is(in, "data_source_error")) {
		err->kind = AB_TRANSIENT_ERROR;
		return AB_RETRY;
	}
	return verdict;
}

enum ab_verdict
dust_judge_documents(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **reply, struct ab_error *err)
{
	const enum ab_verdict verdict = dust_judge_list(dust, x, in, what, err);

	if (verdict != AB_DONE)
		return verdict;
	cJSON *read = dust_reply_json(in);
	if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(read, "documents"))) {
		cJSON_Delete(read);
		return dust_unreadable(dust, x, what, err);
	}
	*reply = read;
	return AB_DONE;
}

enum ab_verdict
dust_wait(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, int64_t ms, struct ab_error *err)
{
	x->wait_ms = ms;
	ab_fail(err, AB_TRANSIENT_ERROR, "HTTP %d", in->status);
	describe(dust, x, in, what, err);
	return AB_WAIT;
}
