#include "row.h"

#include <string.h>

#include "json_write.h"
#include "value.h"

#define TEXT_MAX AB_JSON_TEXT_MAX

/* A record on its way. */
struct row {
	const struct pendo *pendo;
	struct pendo_stream *stream;
	struct ab_batch *batch;
	const struct ab_json *json;
	uint32_t data;
	bool deleted;
	struct ab_view id; /* unescaped; empty until it is known */
	struct ab_buf room;
	struct ab_error *err;
};

static enum ab_taken
reject(struct row *row)
{
	pendo_report_add(&row->stream->report, row->err->message, row->id, 1);
	return AB_REJECTED;
}

/* --- what there is --- */

static bool
is_null(const struct row *row, uint32_t node)
{
	return node == 0 || row->json->nodes[node].type == AB_JSON_NULL;
}

/* Whether Pendo lacks what the member at a key is to go into. A mapping that names fields leaves
 * the others out on purpose, and fields that sources add for themselves are none of the record's.
 */
static bool
is_unmapped(const struct row *row, size_t name, uint32_t key)
{
	const struct pendo_fields *fields = &row->stream->fields;
	const struct ab_view view = ab_json_view(row->json, key);

	/* What is mapped to nothing was named at the start: to ignore it needs no second word. */
	if (name != PENDO_NO_NAME)
		return fields->names[name].absent && !is_null(row, key + 1) &&
		       row->pendo->on_unmapped_field != PENDO_IGNORE;
	return fields->by_name && !is_null(row, key + 1) && !pendo_is_metadata(view.data, view.len);
}

/* Notes for each name where its value is; returns the first key that has no place, 0 for none. */
static uint32_t
place_members(struct row *row)
{
	struct pendo_fields *fields = &row->stream->fields;
	uint32_t stranger = 0;
	size_t position = 0;

	for (uint32_t i = ab_json_first(row->json, row->data); i != 0;
	     i = ab_json_after(row->json, row->data, i)) {
		const size_t name = pendo_fields_find(fields, position++, row->json, i);
		if (name != PENDO_NO_NAME)
			fields->names[name].node = i + 1;
		if (stranger == 0 && is_unmapped(row, name, i))
			stranger = i;
	}
	return stranger;
}

static void
forget_members(struct pendo_fields *fields)
{
	for (size_t i = 0; i < fields->name_count; i++)
		fields->names[i].node = 0;
}

/* --- what is not to be sent --- */

static enum ab_taken
judge_stranger(struct row *row, uint32_t key)
{
	const struct ab_view name = ab_json_view(row->json, key);
	const int len = (int)(name.len < 100 ? name.len : 100);
	const char *group = row->pendo->group;
	const char *kind = pendo_kind_name(row->stream->kind);
	char label[256];

	switch (row->pendo->on_unmapped_field) {
	case PENDO_IGNORE:
		ab_note(row->batch->stream, PENDO_NOTE_UNMAPPED,
		    "fields of its records are left out, as they have no %s field of the group %s "
		    "in Pendo: %.*s is the first; on_unmapped_field can reject such records",
		    kind, group, len, name.data);
		return AB_TAKEN;
	case PENDO_REJECT:
		ab_fail(row->err, AB_CONFIG_ERROR,
		    "it has a field without a %s field of the group %s in Pendo: %.*s", kind, group,
		    len, name.data);
		return reject(row);
	case PENDO_FAIL:
		break;
	}
	ab_fail(row->err, AB_CONFIG_ERROR,
	    "stream %s has a field without a %s field of the group %s in Pendo: %.*s; make it "
	    "under Settings, Data mappings, or name in field_mappings what is to be sent",
	    ab_stream_label(row->batch->stream, label, sizeof(label)), kind, group, len, name.data);
	return AB_BROKEN;
}

/* --- what is --- */

static bool
is_scalar(enum ab_json_type type)
{
	return type == AB_JSON_STRING || type == AB_JSON_NUMBER || type == AB_JSON_TRUE ||
	       type == AB_JSON_FALSE;
}

/* Finds the id; false, and err says why, if there is none that can be sent. */
static bool
read_id(struct row *row)
{
	const struct pendo_fields *fields = &row->stream->fields;
	const uint32_t node = fields->names[fields->id].node;
	const char *name = row->stream->id_field;
	bool replaced = false;

	if (node != 0 && is_scalar((enum ab_json_type)row->json->nodes[node].type))
		row->id = ab_json_view(row->json, node);
	if (row->id.len > 0 && row->json->nodes[node].escaped) {
		replaced = ab_json_unescape(row->json, node, false, &row->room);
		row->id = (struct ab_view){row->room.data, row->room.len};
	}
	if (row->id.len == 0 || row->id.len > AB_BATCH_KEY_MAX)
		ab_fail(row->err, AB_CONFIG_ERROR,
		    "its %.100s is no id: that is a text, not an empty one, a number or a boolean, "
		    "of at most %zu bytes",
		    name, AB_BATCH_KEY_MAX);
	else if (replaced)
		ab_fail(row->err, AB_CONFIG_ERROR,
		    "its %.100s holds half of a surrogate pair, which is no character", name);
	else if (memchr(row->id.data, '\0', row->id.len) != NULL)
		ab_fail(row->err, AB_CONFIG_ERROR,
		    "its %.100s holds a NUL, and Pendo's answers do not tell such ids apart", name);
	else
		return true;
	return false;
}

static void
put_id(struct row *row)
{
	const struct pendo_fields *fields = &row->stream->fields;
	const struct ab_view view = ab_json_view(row->json, fields->names[fields->id].node);
	struct ab_buf *out = &row->batch->body;

	/* As it is spelt: escapes stay escapes. */
	ab_buf_printf(out, "{\"%s\":\"", pendo_kind_id(row->stream->kind));
	ab_json_put_view(out, view);
	ab_buf_add_text(out, "\",\"values\":{");
}

/* False if the value does not fit. */
static bool
put_value(struct row *row, const struct pendo_field *field, uint32_t node, struct ab_buf *room)
{
	struct ab_buf *out = &row->batch->body;

	if (!pendo_value_is_null(field->type, row->json, node))
		return pendo_value_put(out, field->type, row->json, node, room);
	ab_buf_add_text(out, row->pendo->nulls == PENDO_NULL ? "null" : "\"\"");
	return true;
}

static enum ab_taken
put_values(struct row *row)
{
	struct pendo_fields *fields = &row->stream->fields;
	struct ab_buf *out = &row->batch->body;
	const struct pendo_field *misfit = NULL;
	struct ab_buf room;
	bool any = false;

	ab_buf_init(&room, TEXT_MAX);
	memset(fields->filled, 0, fields->words * sizeof(fields->filled[0]));
	for (size_t i = 0; i < fields->count && misfit == NULL; i++) {
		const struct pendo_field *field = &fields->list[i];
		const uint32_t node = fields->names[field->name].node;
		if (node == 0 || (row->pendo->nulls == PENDO_OMIT &&
				     pendo_value_is_null(field->type, row->json, node)))
			continue;
		if (any)
			ab_buf_add_char(out, ',');
		any = true;
		ab_buf_add(out, field->member, field->len);
		fields->filled[i / 64] |= (uint64_t)1 << i % 64;
		if (!put_value(row, field, node, &room))
			misfit = field;
	}
	ab_buf_release(&room);
	if (misfit == NULL)
		return AB_TAKEN;
	ab_fail(row->err, AB_CONFIG_ERROR, "the value for the field %.*s is not %s",
	    (int)(misfit->len < 100 ? misfit->len - 1 : 100), misfit->member,
	    pendo_type_name(misfit->type));
	return reject(row);
}

/* It has the batch to itself. The library would reject it too, but then the report lacks it. */
static enum ab_taken
reject_large(struct row *row)
{
	ab_fail(row->err, AB_CONFIG_ERROR, "it is larger than the %zu bytes of batch_bytes",
	    row->batch->body.limit);
	return reject(row);
}

/* --- which batch --- */

/* Whether an earlier record of this id would lose values if this one took its place. */
static bool
would_lose(const struct row *row)
{
	const struct pendo_fields *fields = &row->stream->fields;
	size_t earlier;

	if (!ab_batch_find(row->batch, row->id.data, row->id.len, &earlier))
		return false;
	for (size_t i = 0; i < fields->words; i++) {
		if ((fields->batch[i] & ~fields->filled[i]) != 0)
			return true;
	}
	return false;
}

static void
join_batch(struct row *row)
{
	struct pendo_fields *fields = &row->stream->fields;

	if (row->batch->count == 0)
		memset(fields->batch, 0, fields->words * sizeof(fields->batch[0]));
	for (size_t i = 0; i < fields->words; i++)
		fields->batch[i] |= fields->filled[i];
}

static enum ab_taken
put(struct row *row)
{
	const uint32_t stranger = place_members(row);

	if (!read_id(row))
		return reject(row);
	if (row->deleted) {
		ab_fail(
		    row->err, AB_CONFIG_ERROR, "it is a deletion, and Pendo can delete nothing");
		return reject(row);
	}
	if (stranger != 0) {
		const enum ab_taken taken = judge_stranger(row, stranger);
		if (taken != AB_TAKEN)
			return taken;
	}
	put_id(row);
	const enum ab_taken taken = put_values(row);
	if (taken != AB_TAKEN)
		return taken;
	ab_buf_add_text(&row->batch->body, "}},");
	if (row->batch->body.overflowed && row->batch->count == 0)
		return reject_large(row);
	if (would_lose(row))
		return AB_NEXT_BATCH;
	join_batch(row);
	ab_batch_key(row->batch, row->id.data, row->id.len);
	return AB_TAKEN;
}

enum ab_taken
pendo_row_put(const struct pendo *pendo, struct ab_batch *batch, const struct ab_record *record,
    struct ab_error *err)
{
	struct row row = {
	    .pendo = pendo,
	    .stream = batch->stream->self,
	    .batch = batch,
	    .json = record->json,
	    .data = record->data,
	    .deleted = record->deleted,
	    .err = err,
	};

	ab_buf_init(&row.room, TEXT_MAX);
	const enum ab_taken taken = put(&row);
	forget_members(&row.stream->fields);
	ab_buf_release(&row.room);
	return taken;
}
