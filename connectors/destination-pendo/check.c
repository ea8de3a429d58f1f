#include "check.h"

#include <cjson/cJSON.h>

#include "reply.h"
#include "schema.h"

enum step { VERIFY, SCHEMA };

enum ab_ask
pendo_check_request(const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out)
{
	if (x->step == VERIFY)
		pendo_request_start(pendo, out, AB_GET, "token/verify");
	else
		pendo_schema_request(pendo, PENDO_VISITOR, out);
	return AB_SEND;
}

static enum ab_verdict
judge_token(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	cJSON *document = NULL;

	const enum ab_verdict verdict =
	    pendo_judge_object(pendo, x, in, "the check of the integration key", &document, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *valid = cJSON_GetObjectItemCaseSensitive(document, "valid");
	const bool readable = cJSON_IsBool(valid);
	const bool good = cJSON_IsTrue(valid);
	const bool writes = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "writeAccess"));
	cJSON_Delete(document);
	if (!readable)
		return ab_service_unreadable(
		    &pendo->service, x, "the check of the integration key", err);
	x->step = SCHEMA;
	if (good && writes)
		return AB_NEXT;
	if (good)
		ab_fail(err, AB_CONFIG_ERROR,
		    "the integration key can only read: make one with write access in Pendo under "
		    "Settings, Integrations, Integration keys");
	else
		ab_fail(err, AB_CONFIG_ERROR, "Pendo says that the integration key is not valid%s",
		    pendo->advice);
	return AB_FAILED;
}

enum ab_verdict
pendo_check_response(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	cJSON *document = NULL;
	const cJSON *group = NULL;

	if (x->step == VERIFY)
		return judge_token(pendo, x, in, err);
	const enum ab_verdict verdict = pendo_schema_judge(pendo, x, in, &document, &group, err);
	if (verdict == AB_DONE)
		cJSON_Delete(document);
	return verdict;
}
