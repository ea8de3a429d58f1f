#include "reply.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "count.h"

#define WORDS_MAX 4096 /* all that may come, so that none is left out */
#define WORD_MAX 300
#define VALIDATIONS_MAX 5
#define COUNT_MAX 9007199254740992.0 /* 2^53: beyond, it would not be exact */

bool
luzmo_is_ambiguous(const struct ab_reply *in)
{
	return (in->status == 0 && in->sent) || in->status == 408 || in->status >= 500;
}

bool
luzmo_is_pending(const struct ab_reply *in)
{
	return in->status == 0 || in->status == 408 || in->status == 502 || in->status == 504 ||
	       strcmp(in->type, "application/json") != 0;
}

bool
luzmo_id_copy(char id[LUZMO_ID_MAX + 1], const cJSON *value)
{
	if (!cJSON_IsString(value) || value->valuestring[0] == '\0' ||
	    strlen(value->valuestring) > LUZMO_ID_MAX)
		return false;
	memcpy(id, value->valuestring, strlen(value->valuestring) + 1);
	return true;
}

int64_t
luzmo_row_count(const cJSON *dataset)
{
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(dataset, "rows");

	if (!cJSON_IsNumber(count) || count->valuedouble < 0 || count->valuedouble > COUNT_MAX)
		return -1;
	return (int64_t)count->valuedouble;
}

/* " [field: message; field: message]" */
static void
describe_validation(struct ab_buf *text, const cJSON *validation)
{
	const cJSON *field;
	int count = 0;

	cJSON_ArrayForEach(field, validation)
	{
		char words[WORD_MAX];
		const cJSON *message = cJSON_IsArray(field) ? field->child : field;
		if (field->string == NULL || !cJSON_IsString(message) || count == VALIDATIONS_MAX)
			continue;
		ab_reply_copy_text(words, sizeof(words), message);
		ab_buf_printf(
		    text, "%s%.60s: %s", count++ == 0 ? " [" : "; ", field->string, words);
	}
	if (count > 0)
		ab_buf_add_char(text, ']');
}

void
luzmo_refusal_describe(struct ab_buf *text, const struct ab_reply *in)
{
	char words[WORD_MAX] = "";
	cJSON *document = ab_reply_json(in);
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(document, "type");

	ab_reply_copy_text(
	    words, sizeof(words), cJSON_GetObjectItemCaseSensitive(document, "message"));
	if (words[0] == '\0')
		ab_reply_copy_text(
		    words, sizeof(words), cJSON_GetObjectItemCaseSensitive(type, "description"));
	if (words[0] != '\0') {
		ab_buf_printf(text, "%s (HTTP %d)", words, in->status);
		describe_validation(text, cJSON_GetObjectItemCaseSensitive(document, "validation"));
	}
	cJSON_Delete(document);
}

static enum ab_verdict
judge(const struct luzmo *luzmo, const struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **document, struct ab_error *err)
{
	struct ab_buf words;

	ab_buf_init(&words, WORDS_MAX);
	if (in->status >= 300)
		luzmo_refusal_describe(&words, in);
	const enum ab_verdict verdict =
	    ab_service_judge(&luzmo->service, x, in, what, words.data, document, err);
	ab_buf_release(&words);
	return verdict;
}

enum ab_verdict
luzmo_judge_change(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, struct ab_error *err)
{
	return in->status == 204 ? AB_DONE : judge(luzmo, x, in, what, NULL, err);
}

enum ab_verdict
luzmo_judge_object(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, const char *what, cJSON **document, struct ab_error *err)
{
	cJSON *read = NULL;
	const enum ab_verdict verdict = judge(luzmo, x, in, what, &read, err);

	if (verdict != AB_DONE)
		return verdict;
	if (!cJSON_IsObject(read)) {
		cJSON_Delete(read);
		return ab_service_unreadable(&luzmo->service, x, what, err);
	}
	*document = read;
	return AB_DONE;
}

enum ab_verdict
luzmo_judge_rows(const struct luzmo *luzmo, const struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **document, const cJSON **rows, struct ab_error *err)
{
	cJSON *read = NULL;
	const enum ab_verdict verdict = luzmo_judge_object(luzmo, x, in, what, &read, err);

	if (verdict != AB_DONE)
		return verdict;
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(read, "rows");
	if (!cJSON_IsArray(list)) {
		cJSON_Delete(read);
		return ab_service_unreadable(&luzmo->service, x, what, err);
	}
	*document = read;
	*rows = list;
	return AB_DONE;
}

/* A dataset that this run made may lag behind; of any other it is known that it was there. */
static enum ab_verdict
judge_absence(struct ab_exchange *x, struct ab_error *err)
{
	const struct luzmo_stream *stream = x->stream->self;
	char label[256];

	if (stream->ours && luzmo_look_later(x, LUZMO_LOOKS_LONG, "new datasets", err) == AB_WAIT)
		return AB_WAIT;
	ab_fail(err, AB_CONFIG_ERROR,
	    "the dataset of stream %s is not there any more: it was deleted during the run",
	    ab_stream_label(x->stream, label, sizeof(label)));
	return AB_FAILED;
}

enum ab_verdict
luzmo_judge_dataset(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, cJSON **document, const cJSON **dataset, struct ab_error *err)
{
	cJSON *read = NULL;
	const cJSON *rows = NULL;

	const enum ab_verdict verdict = luzmo_judge_rows(luzmo, x, in, what, &read, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	if (rows == NULL || rows->child == NULL) {
		cJSON_Delete(read);
		return judge_absence(x, err);
	}
	*document = read;
	*dataset = rows->child;
	return AB_DONE;
}

enum ab_verdict
luzmo_judge_list(const struct luzmo *luzmo, struct ab_exchange *x, const struct ab_reply *in,
    const char *what, const char *name, cJSON **document, const cJSON **list, struct ab_error *err)
{
	cJSON *read = NULL;
	const cJSON *dataset = NULL;

	const enum ab_verdict verdict =
	    luzmo_judge_dataset(luzmo, x, in, what, &read, &dataset, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(dataset, name);
	if (!cJSON_IsArray(member)) {
		cJSON_Delete(read);
		return ab_service_unreadable(&luzmo->service, x, what, err);
	}
	*document = read;
	*list = member;
	return AB_DONE;
}
