#include "reply.h"

#include <string.h>

#include <cjson/cJSON.h>

#define WORDS_MAX 1000
/* After a 429: the window of the service slides, so some room is there soon. */
#define LIMIT_WAIT_MS 5000

void
dust_refusal_read(struct dust_refusal *refusal, const struct ab_reply *in)
{
	cJSON *document = ab_reply_json(in);
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(document, "error");
	const cJSON *cause = cJSON_GetObjectItemCaseSensitive(error, "data_source_error");

	*refusal = (struct dust_refusal){.type = ""};
	ab_reply_copy_text(
	    refusal->type, sizeof(refusal->type), cJSON_GetObjectItemCaseSensitive(error, "type"));
	ab_reply_copy_text(refusal->message, sizeof(refusal->message),
	    cJSON_GetObjectItemCaseSensitive(error, "message"));
	ab_reply_copy_text(refusal->cause, sizeof(refusal->cause),
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
dust_refusal_words(struct ab_buf *words, const struct ab_reply *in)
{
	struct dust_refusal refusal;

	dust_refusal_read(&refusal, in);
	if (refusal.message[0] == '\0' && refusal.type[0] == '\0')
		return;
	ab_buf_add_text(words, refusal.message);
	if (refusal.cause[0] != '\0' && strcmp(refusal.cause, refusal.message) != 0)
		ab_buf_printf(words, " [%s]", refusal.cause);
	ab_buf_printf(words, " (HTTP %d, %s)", in->status, refusal.type);
}

enum ab_verdict
dust_judge_json(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **reply, struct ab_error *err)
{
	struct ab_buf words;

	/* A check should not take minutes. */
	if (in->status == 429 && x->phase != AB_CHECK)
		return dust_wait(dust, x, in, what, LIMIT_WAIT_MS, err);
	ab_buf_init(&words, WORDS_MAX);
	if (in->status >= 300)
		dust_refusal_words(&words, in);
	const enum ab_verdict verdict =
	    ab_service_judge(&dust->service, x, in, what, words.data, reply, err);
	ab_buf_release(&words);
	return verdict;
}

enum ab_verdict
dust_judge(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, struct ab_error *err)
{
	return dust_judge_json(dust, x, in, what, NULL, err);
}

enum ab_verdict
dust_judge_documents(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **reply, struct ab_error *err)
{
	cJSON *read = NULL;
	const enum ab_verdict verdict = dust_judge_json(dust, x, in, what, &read, err);

	/* A failure of the database behind a list comes as a 400. */
	if (in->status == 400 && dust_refusal_is(in, "data_source_error")) {
		err->kind = AB_TRANSIENT_ERROR;
		return AB_RETRY;
	}
	if (verdict != AB_DONE)
		return verdict;
	if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(read, "documents"))) {
		cJSON_Delete(read);
		return ab_service_unreadable(&dust->service, x, what, err);
	}
	*reply = read;
	return AB_DONE;
}

enum ab_verdict
dust_wait(const struct dust *dust, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, int64_t ms, struct ab_error *err)
{
	struct ab_buf words;

	x->wait_ms = ms;
	ab_buf_init(&words, WORDS_MAX);
	dust_refusal_words(&words, in);
	err->kind = AB_TRANSIENT_ERROR;
	ab_service_describe(&dust->service, x, in, what, words.data, err);
	ab_buf_release(&words);
	return AB_WAIT;
}
