#include "row.h"

#include <string.h>

#include "datetime.h"
#include "json_write.h"

/* What a column may need beyond what the record has for it: a date-time may be much shorter there,
 * a null may have nothing. */
#define COLUMN_BYTES (AB_DATETIME_BYTES + 3)
#define AROUND_BYTES 3 /* brackets, comma */

/* A row on its way. Room for all but lists and objects is reserved at once: as much as could be
 * needed, or all that the limit leaves. */
struct row {
	struct ab_buf *out;
	char *to;
	size_t left;
	size_t most; /* bytes of a row without lists and objects */
	struct luzmo_columns *columns;
	const struct ab_json *json;
	unsigned findings;
};

static void
reserve(struct row *row)
{
	const size_t left = row->out->limit - row->out->len;

	row->left = row->most < left ? row->most : left;
	row->to = ab_buf_reserve(row->out, row->left);
	if (row->to == NULL)
		row->left = 0;
}

/* Hands what was written over to the buffer. */
static void
settle(struct row *row)
{
	if (row->to == NULL)
		return;
	row->out->len = (size_t)(row->to - row->out->data);
	*row->to = '\0';
}

static inline void
put(struct row *row, const char *bytes, size_t len)
{
	if (len > row->left) {
		row->out->overflowed = true;
		row->left = 0;
		return;
	}
	memcpy(row->to, bytes, len);
	row->to += len;
	row->left -= len;
}

static void
put_quoted(struct row *row, struct ab_view view)
{
	put(row, "\"", 1);
	put(row, view.data, view.len);
	put(row, "\"", 1);
}

static void
put_nested(struct row *row, struct ab_view view)
{
	put(row, "\"", 1);
	settle(row);
	ab_json_put_compact(row->out, view.data, view.len, true);
	reserve(row);
	put(row, "\"", 1);
}

/* Returns false, and writes nothing, if the string is no date-time. */
static bool
put_moment(struct row *row, uint32_t node)
{
	struct ab_view text = ab_json_view(row->json, node);
	struct ab_buf *room = &row->columns->room;
	int64_t ms;

	ab_buf_reset(room);
	if (row->json->nodes[node].escaped) {
		ab_json_unescape(row->json, node, false, room);
		if (room->overflowed)
			return false;
		text = (struct ab_view){room->data, room->len};
	}
	if (!ab_datetime_parse(text.data, text.len, &ms))
		return false;
	ab_buf_reset(room);
	if (!ab_datetime_put(room, ms))
		return false;
	put_quoted(row, (struct ab_view){room->data, room->len});
	return true;
}

static void
put_value(struct row *row, uint32_t node, enum luzmo_kind kind)
{
	const struct ab_view raw = ab_json_raw(row->json, node);

	switch ((enum ab_json_type)row->json->nodes[node].type) {
	case AB_JSON_NULL:
	case AB_JSON_NUMBER:
		put(row, raw.data, raw.len);
		break;
	case AB_JSON_FALSE:
	case AB_JSON_TRUE:
	case AB_JSON_SPECIAL:
		put_quoted(row, raw);
		break;
	case AB_JSON_STRING:
		if (kind == LUZMO_DATETIME) {
			if (put_moment(row, node))
				break;
			row->findings |= LUZMO_ROW_NO_MOMENT;
		}
		put(row, raw.data, raw.len);
		break;
	case AB_JSON_ARRAY:
	case AB_JSON_OBJECT:
		put_nested(row, raw);
		break;
	}
}

/* Notes for each column where its value is. */
static void
place_members(struct row *row, uint32_t object)
{
	size_t before = LUZMO_NO_COLUMN;

	for (uint32_t i = ab_json_first(row->json, object); i != 0;
	     i = ab_json_after(row->json, object, i)) {
		const size_t column = luzmo_columns_find(row->columns, before, row->json, i);
		if (column == LUZMO_NO_COLUMN) {
			row->findings |= LUZMO_ROW_UNDECLARED;
			continue;
		}
		row->columns->nodes[column] = i + 1;
		before = column;
	}
}

unsigned
luzmo_row_put(struct ab_buf *out, struct luzmo_columns *columns, const struct ab_record *record)
{
	struct row row = {
	    .out = out,
	    .most = record->raw.len + columns->count * COLUMN_BYTES + AROUND_BYTES,
	    .columns = columns,
	    .json = record->json,
	};

	place_members(&row, record->data);
	reserve(&row);
	put(&row, "[", 1);
	for (size_t i = 0; i < columns->count; i++) {
		const uint32_t node = columns->nodes[i];
		if (i > 0)
			put(&row, ",", 1);
		if (node == 0)
			put(&row, "null", 4);
		else
			put_value(&row, node, columns->list[i].kind);
		columns->nodes[i] = 0;
	}
	put(&row, "],", 2);
	settle(&row);
	return row.findings;
}
