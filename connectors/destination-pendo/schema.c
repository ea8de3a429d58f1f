#include "schema.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "reply.h"

void
pendo_schema_request(const struct pendo *pendo, enum pendo_kind kind, struct ab_request *out)
{
	char path[64];

	snprintf(path, sizeof(path), "metadata/schema/%s", pendo_kind_name(kind));
	pendo_request_start(pendo, out, AB_GET, path);
}

enum ab_verdict
pendo_schema_judge(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    cJSON **document, const cJSON **group, struct ab_error *err)
{
	cJSON *read = NULL;
	const cJSON *one;

	const enum ab_verdict verdict =
	    pendo_judge_object(pendo, x, in, "the metadata schema", &read, err);
	if (verdict != AB_DONE)
		return verdict;
	*group = cJSON_GetObjectItemCaseSensitive(read, pendo->group);
	/* A schema has groups, whatever they are; beside them `sample` may be a list. */
	bool has_group = *group == NULL || cJSON_IsObject(*group) || cJSON_IsNull(*group);
	bool any = false;
	cJSON_ArrayForEach(one, read)
	{
		any = any || cJSON_IsObject(one);
	}
	if (!has_group || !any) {
		cJSON_Delete(read);
		return ab_service_unreadable(&pendo->service, x, "the metadata schema", err);
	}
	if (!cJSON_IsObject(*group))
		*group = NULL;
	*document = read;
	return AB_DONE;
}

bool
pendo_schema_type(const cJSON *field, enum pendo_type *type)
{
	/* cJSON_GetObjectItem reads names in any case. */
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(field, "type"));

	if (!cJSON_IsObject(field) || cJSON_IsTrue(cJSON_GetObjectItem(field, "isDeleted")) ||
	    cJSON_IsTrue(cJSON_GetObjectItem(field, "is_deleted")))
		return false;
	*type = pendo_type_read(name != NULL ? name : "");
	return true;
}
