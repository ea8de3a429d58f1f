#include "discover.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "json_write.h"
#include "schema.h"

/* A step is a kind. */
static enum pendo_kind
kind_of(const struct ab_exchange *x)
{
	return (enum pendo_kind)x->step;
}

enum ab_ask
pendo_discover_request(
    const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out)
{
	pendo_schema_request(pendo, kind_of(x), out);
	return AB_SEND;
}

static void
put_properties(struct ab_buf *out, const char *id, const cJSON *group)
{
	const cJSON *field;
	enum pendo_type type;

	ab_buf_printf(out, "{\"%s\":{\"type\":\"string\"}", id);
	cJSON_ArrayForEach(field, group)
	{
		if (strcmp(field->string, id) == 0 || !pendo_schema_type(field, &type))
			continue;
		ab_buf_add_char(out, ',');
		ab_json_put_text(out, field->string);
		ab_buf_add_char(out, ':');
		ab_buf_add_text(out, pendo_type_schema(type));
	}
	ab_buf_add_char(out, '}');
}

static void
put_operation(struct ab_buf *out, enum pendo_kind kind, const cJSON *group)
{
	const char *id = pendo_kind_id(kind);

	ab_buf_printf(out,
	    "{\"object_name\":\"%s\",\"sync_mode\":\"update\",\"matching_keys\":[[\"%s\"]],"
	    "\"json_schema\":{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
	    "\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"%s\"],"
	    "\"properties\":",
	    pendo_kind_name(kind), id, id);
	put_properties(out, id, group);
	ab_buf_add_text(out, "}}");
}

enum ab_verdict
pendo_discover_response(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	cJSON *document = NULL;
	const cJSON *group = NULL;

	const enum ab_verdict verdict = pendo_schema_judge(pendo, x, in, &document, &group, err);
	if (verdict != AB_DONE)
		return verdict;
	ab_buf_add_text(&x->answer, x->step == 0 ? "{\"operations\":[" : ",");
	put_operation(&x->answer, kind_of(x), group);
	cJSON_Delete(document);
	if (++x->step < PENDO_KINDS)
		return AB_NEXT;
	ab_buf_add_text(&x->answer, "]}");
	return AB_DONE;
}
