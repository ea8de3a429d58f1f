#include "reply.h"

#include <string.h>

#include <cjson/cJSON.h>

#define WORDS_MAX 2048
#define WORD_MAX 400
#define THROTTLED_MS 30000 /* what clients of Pendo's wait */

/* The text of an error: {"message": ...}, {"error": ...}, or a JSON text. */
static const cJSON *
message_of(const cJSON *document)
{
	static const char *const names[] = {"message", "error", "errorMessage"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const cJSON *text = cJSON_GetObjectItem(document, names[i]);
		if (cJSON_IsString(text))
			return text;
	}
	return document;
}

/* A body that is a plain text, or no word at all. */
static void
copy_plain(char *to, size_t size, const struct ab_reply *in)
{
	cJSON *text = cJSON_CreateStringReference(in->body);

	if (strcmp(in->type, "text/plain") == 0)
		ab_reply_copy_text(to, size, text);
	cJSON_Delete(text);
}

void
pendo_words(const struct pendo *pendo, const struct ab_reply *in, struct ab_buf *text)
{
	char words[WORD_MAX] = "";
	cJSON *document = ab_reply_json(in);

	ab_reply_copy_text(words, sizeof(words), message_of(document));
	cJSON_Delete(document);
	if (words[0] == '\0')
		copy_plain(words, sizeof(words), in);
	if (words[0] != '\0')
		ab_buf_printf(text, "%s (HTTP %d)", words, in->status);
	else if (in->status == 408)
		ab_buf_add_text(text, "it took longer than Pendo allows for a call (HTTP 408)");
	else if (in->status == 403)
		ab_buf_printf(text,
		    "the integration key is wrong, of another region, or may not do this (HTTP "
		    "403)%s",
		    pendo->advice);
}

static enum ab_verdict
verdict_of(struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	const enum ab_verdict verdict = ab_verdict_of_status(in, err);

	if (in->status == 409) {
		err->kind = AB_TRANSIENT_ERROR;
		return AB_RETRY;
	}
	if (in->status == 429 && x->stream != NULL) {
		x->wait_ms = THROTTLED_MS;
		return AB_WAIT;
	}
	return verdict;
}

enum ab_verdict
pendo_judge_object(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **document, struct ab_error *err)
{
	const enum ab_verdict verdict = verdict_of(x, in, err);

	if (verdict != AB_DONE) {
		struct ab_buf words;
		ab_buf_init(&words, WORDS_MAX);
		pendo_words(pendo, in, &words);
		ab_service_describe(&pendo->service, x, in, what, words.data, err);
		ab_buf_release(&words);
		return verdict;
	}
	cJSON *read = ab_reply_json(in);
	if (!cJSON_IsObject(read)) {
		cJSON_Delete(read);
		return ab_service_unreadable(&pendo->service, x, what, err);
	}
	*document = read;
	return AB_DONE;
}
