#include "begin.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "schema.h"

static int
refuse(const struct ab_stream *stream, const char *why, struct ab_error *err)
{
	char label[256];

	return ab_fail(err, AB_CONFIG_ERROR, "stream %s: %s",
	    ab_stream_label(stream, label, sizeof(label)), why);
}

/* Whether a field is mapped to the id of a kind. */
static bool
maps_id(const struct pendo_mapping *mapping, enum pendo_kind kind)
{
	return mapping != NULL && pendo_mapping_source(mapping, pendo_kind_id(kind)) != NULL;
}

static int
take_object(struct pendo_stream *made, const struct ab_stream *stream, struct ab_error *err)
{
	const struct pendo_mapping *mapping = made->mapping;

	if (!pendo_kind_read(&made->kind, stream->object_name))
		return refuse(
		    stream, "its destination_object_name must be visitor or account", err);
	if (mapping != NULL && mapping->has_kind && mapping->kind != made->kind)
		return refuse(stream,
		    "its destination_object_name is not the kind that the configuration has for it",
		    err);
	return 0;
}

static int
take_mapped(struct pendo_stream *made, const struct ab_stream *stream, struct ab_error *err)
{
	const bool visitor = maps_id(made->mapping, PENDO_VISITOR);
	const bool account = maps_id(made->mapping, PENDO_ACCOUNT);

	if (visitor && account)
		return refuse(stream,
		    "it is mapped to visitorId and to accountId, and its name says neither visitor "
		    "nor account; set its kind in streams",
		    err);
	if (!visitor && !account)
		return refuse(stream,
		    "its name says neither visitor nor account; set its kind in streams", err);
	made->kind = visitor ? PENDO_VISITOR : PENDO_ACCOUNT;
	return 0;
}

static int
find_kind(struct pendo_stream *made, const struct ab_stream *stream, struct ab_error *err)
{
	const struct pendo_mapping *mapping = made->mapping;

	if (stream->object_name != NULL)
		return take_object(made, stream, err);
	if (mapping != NULL && mapping->has_kind) {
		made->kind = mapping->kind;
		return 0;
	}
	if (pendo_kind_guess(&made->kind, stream->name))
		return 0;
	return take_mapped(made, stream, err);
}

/* Where a mapping has an id, but of the other kind, the primary key is hardly one of this. */
static int
refuse_other_id(
    const struct pendo_stream *made, const struct ab_stream *stream, struct ab_error *err)
{
	const bool visitor = made->kind == PENDO_VISITOR;

	if (made->mapping == NULL || made->mapping->has_kind ||
	    !maps_id(made->mapping, visitor ? PENDO_ACCOUNT : PENDO_VISITOR))
		return 0;
	return refuse(stream,
	    visitor ? "it is of visitors, and what is mapped to accountId is the id of an account; "
		      "set its kind in streams"
		    : "it is of accounts, and what is mapped to visitorId is the id of a visitor; "
		      "set its kind in streams",
	    err);
}

static int
find_id(struct pendo_stream *made, const struct ab_stream *stream, struct ab_error *err)
{
	if (made->mapping != NULL &&
	    pendo_mapping_id(made->mapping, made->kind, &made->id_field, err) != 0)
		return -1;
	if (made->id_field != NULL)
		return 0;
	if (refuse_other_id(made, stream, err) != 0)
		return -1;
	if (stream->primary_keys == 0)
		return refuse(stream,
		    "it has no primary key, and no id_field in streams: which field holds the id?",
		    err);
	if (stream->primary_keys > 1 || stream->primary_key[0].count != 1)
		return refuse(
		    stream, "its primary key is more than one field; set id_field in streams", err);
	made->id_field = stream->primary_key[0].parts[0];
	return 0;
}

int
pendo_stream_new(struct pendo_stream **made, const struct pendo *pendo,
    const struct ab_stream *stream, struct ab_error *err)
{
	struct pendo_mapping *mapping = pendo_mappings_find(&pendo->mappings, stream);
	struct pendo_stream found = {.mapping = mapping};

	if (find_kind(&found, stream, err) != 0 || find_id(&found, stream, err) != 0)
		return -1;
	if (mapping != NULL)
		mapping->used = true;
	ab_buf_init(&found.refusals.id, AB_BATCH_KEY_MAX);
	*made = ab_malloc(sizeof(found));
	**made = found;
	return 0;
}

void
pendo_stream_free(struct pendo_stream *stream)
{
	pendo_fields_release(&stream->fields);
	pendo_report_release(&stream->report);
	free(stream->refusals.words);
	ab_buf_release(&stream->refusals.id);
	free(stream);
}

enum ab_ask
pendo_begin_request(const struct pendo *pendo, const struct ab_exchange *x, struct ab_request *out)
{
	const struct pendo_stream *stream = x->stream->self;

	pendo_schema_request(pendo, stream->kind, out);
	return AB_SEND;
}

static enum ab_verdict
judge_fields(
    const struct pendo *pendo, struct ab_stream *stream, const char *absent, struct ab_error *err)
{
	const struct pendo_stream *ours = stream->self;
	const char *kind = pendo_kind_name(ours->kind);
	char label[256];

	ab_stream_label(stream, label, sizeof(label));
	if (absent[0] != '\0' && pendo->on_unmapped_field == PENDO_FAIL)
		ab_fail(err, AB_CONFIG_ERROR,
		    "stream %s is mapped to %s fields that Pendo does not have in the group %s: "
		    "%.500s; make them under Settings, Data mappings",
		    label, kind, pendo->group, absent);
	else if (ours->fields.count == 0)
		ab_fail(err, AB_CONFIG_ERROR,
		    "stream %s: Pendo has no %s field of the group %s for any of its fields; make "
		    "them under Settings, Data mappings",
		    label, kind, pendo->group);
	else
		return AB_DONE;
	return AB_FAILED;
}

enum ab_verdict
pendo_begin_response(const struct pendo *pendo, struct ab_exchange *x, const struct ab_reply *in,
    struct ab_error *err)
{
	struct pendo_stream *stream = x->stream->self;
	cJSON *document = NULL;
	const cJSON *group = NULL;
	char absent[1024];

	const enum ab_verdict verdict = pendo_schema_judge(pendo, x, in, &document, &group, err);
	if (verdict != AB_DONE)
		return verdict;
	pendo_fields_init(&stream->fields, stream->mapping, stream->kind, stream->id_field, group,
	    absent, sizeof(absent));
	cJSON_Delete(document);
	if (absent[0] != '\0')
		ab_note(x->stream, PENDO_NOTE_ABSENT,
		    "it is mapped to %s fields that Pendo does not have in the group %s: %s; make "
		    "them under Settings, Data mappings",
		    pendo_kind_name(stream->kind), pendo->group, absent);
	if (x->stream->overwrite)
		ab_note(x->stream, PENDO_NOTE_REPLACE,
		    "what Pendo has of it is to be replaced, but cannot be removed: what is not "
		    "sent stays as it is");
	return judge_fields(pendo, x->stream, absent, err);
}
