/*
 * Steps: SPACES proves key, workspace and base_url, and learns the names of the spaces.
 * DATA_SOURCES proves space and data source, and that no connection manages it. READ reads what a
 * sync will. PROBE proves that we may write, and stores nothing: it sends a document without text,
 * and the server looks at permissions before it misses the text. UNDO only follows if it did store
 * one.
 */
#include "check.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "reply.h"

enum step { SPACES, DATA_SOURCES, READ, PROBE, UNDO };

#define PROBE_PLACE "documents/airbyte-connection-check"
#define NAMES_MAX 5
#define TABLES_MAX ((size_t)64 << 20) /* the list of tables has no pages */

/* What SPACES learnt. */
struct findings {
	bool listed; /* the space is among those that the key sees */
	char names[700];
};

enum ab_ask
dust_check_request(
    struct dust *dust, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)err;
	switch ((enum step)x->step) {
	case SPACES:
		dust_request_start_workspace(dust, out, AB_GET, "spaces");
		break;
	case DATA_SOURCES:
		dust_request_start_workspace(dust, out, AB_GET, "spaces/");
		ab_url_encode(&out->url, dust->space_id, strlen(dust->space_id));
		ab_buf_add_text(&out->url, "/data_sources");
		break;
	case READ:
		dust_request_start(
		    dust, out, AB_GET, dust->is_tables ? "tables" : "documents?limit=1");
		out->reply_limit = TABLES_MAX;
		break;
	case PROBE:
		dust_request_start(dust, out, AB_POST, PROBE_PLACE);
		ab_buf_add_text(&out->head, "{}");
		break;
	case UNDO:
		dust_request_start(dust, out, AB_DELETE, PROBE_PLACE);
		break;
	}
	return AB_SEND;
}

/* "name (id)" of the first few objects of a list, separated by commas. */
static void
put_names(struct ab_buf *names, const cJSON *list)
{
	const cJSON *item;
	unsigned count = 0;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
		const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "sId");
		if (!cJSON_IsString(name) || !cJSON_IsString(id))
			continue;
		if (count++ == NAMES_MAX) {
			ab_buf_add_text(names, ", ...");
			break;
		}
		ab_buf_printf(names, "%s%.60s (%.60s)", count > 1 ? ", " : "", name->valuestring,
		    id->valuestring);
	}
	if (count == 0)
		ab_buf_add_text(names, "none");
}

static enum ab_verdict
fail_region(const struct dust *dust, struct ab_error *err)
{
	const bool american = strcmp(dust->base_url, "https://dust.tt") == 0;
	const bool european = strcmp(dust->base_url, "https://eu.dust.tt") == 0;

	if (american || european)
		ab_fail(err, AB_CONFIG_ERROR,
		    "api_key is not known at %s; check it, or if the workspace is in the %s region "
		    "set base_url to %s",
		    dust->base_url, american ? "European" : "US",
		    american ? "https://eu.dust.tt" : "https://dust.tt");
	else
		ab_fail(err, AB_CONFIG_ERROR,
		    "api_key is not known at %s; check api_key and base_url", dust->base_url);
	return AB_FAILED;
}

/* What is wrong with key, workspace or base_url; AB_DONE if none of them is to blame. */
static enum ab_verdict
judge_access(const struct dust *dust, const struct ab_reply *in, struct ab_error *err)
{
	struct dust_refusal refusal;

	if (in->status == 0 || ab_verdict_of_status(in, err) == AB_RETRY)
		return AB_DONE;
	dust_refusal_read(&refusal, in);
	if (refusal.type[0] == '\0')
		ab_fail(err, AB_CONFIG_ERROR,
		    "base_url %s is not a Dust server: it answered HTTP %d without Dust's words",
		    dust->base_url, in->status);
	else if (strcmp(refusal.type, "invalid_api_key_error") == 0)
		return fail_region(dust, err);
	else if (strcmp(refusal.type, "malformed_authorization_header_error") == 0 ||
		 strcmp(refusal.type, "not_authenticated") == 0)
		ab_fail(err, AB_CONFIG_ERROR,
		    "api_key must look like sk-..., with letters and digits only: %s",
		    refusal.message);
	else if (strcmp(refusal.type, "workspace_not_found") == 0)
		ab_fail(err, AB_CONFIG_ERROR, "workspace_id %.60s is not known at %s: %s",
		    dust->workspace_id, dust->base_url, refusal.message);
	else if (strcmp(refusal.type, "workspace_auth_error") == 0)
		ab_fail(err, AB_CONFIG_ERROR,
		    "api_key belongs to another workspace than workspace_id %.60s: %s",
		    dust->workspace_id, refusal.message);
	else if (strcmp(refusal.type, "workspace_can_use_product_required_error") == 0)
		ab_fail(err, AB_CONFIG_ERROR, "the plan of workspace_id %.60s is to blame: %s",
		    dust->workspace_id, refusal.message);
	else
		return AB_DONE;
	return AB_FAILED;
}

static enum ab_verdict
spaces(struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	cJSON *document = ab_reply_json(in);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, "spaces");
	const cJSON *space;
	enum ab_verdict verdict = AB_NEXT;
	struct ab_buf names;

	ab_buf_init(&names, sizeof(((struct findings *)0)->names) - 1);
	if (!cJSON_IsArray(list)) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "base_url %s is not a Dust server: its answer is no list of spaces",
		    dust->base_url);
		verdict = AB_FAILED;
		goto out;
	}
	struct findings *findings = ab_calloc(1, sizeof(*findings));
	cJSON_ArrayForEach(space, list)
	{
		const cJSON *id = cJSON_GetObjectItemCaseSensitive(space, "sId");
		if (cJSON_IsString(id) && strcmp(id->valuestring, dust->space_id) == 0)
			findings->listed = true;
	}
	put_names(&names, list);
	memcpy(findings->names, names.data, names.len + 1);
	x->scratch = findings;
	x->step = DATA_SOURCES;
out:
	ab_buf_release(&names);
	cJSON_Delete(document);
	return verdict;
}

static const cJSON *
find_data_source(const struct dust *dust, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
		const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "sId");
		if ((cJSON_IsString(id) && strcmp(id->valuestring, dust->data_source_id) == 0) ||
		    (cJSON_IsString(name) && strcmp(name->valuestring, dust->data_source_id) == 0))
			return item;
	}
	return NULL;
}

/* Fills err and returns false if the data source is not there or not ours to write. */
static bool
writable(const struct dust *dust, const cJSON *list, struct ab_error *err)
{
	const cJSON *found = find_data_source(dust, list);
	const cJSON *connector = cJSON_GetObjectItemCaseSensitive(found, "connectorId");
	const cJSON *provider = cJSON_GetObjectItemCaseSensitive(found, "connectorProvider");

	if (found == NULL) {
		struct ab_buf names;
		ab_buf_init(&names, 700);
		put_names(&names, list);
		ab_fail(err, AB_CONFIG_ERROR,
		    "data_source_id %.60s is not in space %.60s; there are: %s",
		    dust->data_source_id, dust->space_id, names.data);
		ab_buf_release(&names);
		return false;
	}
	if (connector != NULL && !cJSON_IsNull(connector)) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "data_source_id %.60s is managed by a connection (%.40s) and so read-only; "
		    "choose a folder",
		    dust->data_source_id,
		    cJSON_IsString(provider) ? provider->valuestring : "of Dust");
		return false;
	}
	return true;
}

static enum ab_verdict
data_sources(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	static const char what[] = "the list of data sources";
	const struct findings *findings = x->scratch;
	cJSON *document = NULL;

	if (in->status == 404 && dust_refusal_is(in, "space_not_found")) {
		ab_fail(err, AB_CONFIG_ERROR,
		    findings->listed
			? "space_id %.60s cannot be read with this api_key; there are: %s"
			: "space_id %.60s is not in the workspace; there are: %s",
		    dust->space_id, findings->names);
		return AB_FAILED;
	}
	const enum ab_verdict verdict = dust_judge_json(dust, x, in, what, &document, err);
	if (verdict != AB_DONE)
		return verdict;
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, "data_sources");
	bool good = false;
	if (cJSON_IsArray(list))
		good = writable(dust, list, err);
	else
		ab_service_unreadable(&dust->service, x, what, err);
	cJSON_Delete(document);
	if (!good)
		return AB_FAILED;
	x->step = READ;
	return AB_NEXT;
}

static void
refuse_writing(const struct dust *dust, const struct ab_reply *in, struct ab_error *err)
{
	struct ab_buf words;
	struct ab_buf text;

	ab_buf_init(&words, sizeof(err->message));
	ab_buf_init(&text, sizeof(err->message));
	dust_refusal_words(&words, in);
	ab_service_words(&dust->service, in, words.data, &text);
	ab_fail(err, AB_CONFIG_ERROR, "api_key may not write to data_source_id %.60s: %s",
	    dust->data_source_id, text.data);
	ab_buf_release(&text);
	ab_buf_release(&words);
}

static enum ab_verdict
probe(struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	/* Permission is looked at before the rate limit, and that before the missing text. */
	if (in->status == 400 || in->status == 429)
		return AB_DONE;
	if (in->status >= 200 && in->status < 300) {
		x->step = UNDO;
		return AB_NEXT;
	}
	if (in->status == 401 || in->status == 403) {
		refuse_writing(dust, in, err);
		return AB_FAILED;
	}
	return dust_judge(dust, x, in, "the test of the permission to write", err);
}

enum ab_verdict
dust_check_response(
    struct dust *dust, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	enum ab_verdict verdict;

	switch ((enum step)x->step) {
	case SPACES:
		if (in->status >= 200 && in->status < 300)
			return spaces(dust, x, in, err);
		verdict = judge_access(dust, in, err);
		return verdict == AB_DONE ? dust_judge(dust, x, in, "the list of spaces", err)
					  : verdict;
	case DATA_SOURCES:
		return data_sources(dust, x, in, err);
	case READ:
		verdict = dust_judge(dust, x, in, "the reading of data_source_id", err);
		if (verdict != AB_DONE)
			return verdict;
		x->step = PROBE;
		return AB_NEXT;
	case PROBE:
		return probe(dust, x, in, err);
	case UNDO:
		break;
	}
	return dust_judge(dust, x, in, "the deletion of the test document", err);
}
