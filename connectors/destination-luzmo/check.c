/*
 * One request: the authorizations of type api that the key sees, itself among them. A wrong pair is
 * refused with 401, or sees none.
 */
#include "check.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "reply.h"

#define EUROPE "https://api.luzmo.com"
#define AMERICA "https://api.us.luzmo.com"

enum ab_ask
luzmo_check_request(const struct luzmo *luzmo, struct ab_request *out)
{
	luzmo_request_start(luzmo, out, "authorization", "get");
	ab_buf_add_text(&out->head, "\"find\":{\"where\":{\"type\":\"api\"}}}");
	return AB_SEND;
}

/* What else might be wrong with a pair that is not known: a pair is good in its region only. */
static const char *
region_hint(const struct luzmo *luzmo)
{
	if (strcmp(luzmo->api_host, EUROPE) == 0)
		return "check both, or if the account is in the US region (app.us.luzmo.com) set "
		       "api_host to " AMERICA;
	if (strcmp(luzmo->api_host, AMERICA) == 0)
		return "check both, or if the account is in the EU region (app.luzmo.com) set "
		       "api_host to " EUROPE;
	return "check both, and api_host";
}

static enum ab_verdict
fail_unauthorized(const struct luzmo *luzmo, const struct ab_reply *in, struct ab_error *err)
{
	struct ab_buf words;

	ab_buf_init(&words, sizeof(err->message));
	luzmo_refusal_describe(&words, in);
	ab_fail(err, AB_CONFIG_ERROR,
	    "api_key and api_token are not known at %s; %s; Luzmo says: %.400s", luzmo->api_host,
	    region_hint(luzmo), words.len > 0 ? words.data : "HTTP 401");
	ab_buf_release(&words);
	return AB_FAILED;
}

/* A path that does not exist, or a refusal without Luzmo's words: of a proxy, say. */
static bool
is_stranger(const struct ab_reply *in)
{
	struct ab_error ignored;
	struct ab_buf words;

	if (in->status == 404)
		return true;
	if (ab_verdict_of_status(in, &ignored) != AB_FAILED || in->status == 0)
		return false;
	ab_buf_init(&words, sizeof(ignored.message));
	luzmo_refusal_describe(&words, in);
	const bool none = words.len == 0;
	ab_buf_release(&words);
	return none;
}

enum ab_verdict
luzmo_check_response(const struct luzmo *luzmo, const struct ab_exchange *x,
    const struct ab_reply *in, struct ab_error *err)
{
	cJSON *document = NULL;
	const cJSON *rows = NULL;

	if (in->status == 401)
		return fail_unauthorized(luzmo, in, err);
	if (is_stranger(in)) {
		ab_fail(err, AB_CONFIG_ERROR, "api_host %s is not a Luzmo API: it answered HTTP %d",
		    luzmo->api_host, in->status);
		return AB_FAILED;
	}
	const enum ab_verdict verdict =
	    luzmo_judge_rows(luzmo, x, in, "the check", &document, &rows, err);
	if (verdict != AB_DONE)
		return verdict;
	const bool none = rows->child == NULL;
	cJSON_Delete(document);
	if (!none)
		return AB_DONE;
	ab_fail(err, AB_CONFIG_ERROR,
	    "%s knows no such combination of api_key and api_token (it answered with none); %s",
	    luzmo->api_host, region_hint(luzmo));
	return AB_FAILED;
}
