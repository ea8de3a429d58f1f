#include "finds.h"

#include "json_write.h"

static void
put_include_tags(struct ab_buf *body)
{
	ab_buf_add_text(body, "\"include\":[{\"model\":\"Tag\",\"attributes\":[\"id\",\"tag\"]}]");
}

void
luzmo_find_tagged(struct ab_buf *body, const char *tag)
{
	ab_buf_add_text(body, "\"find\":{\"where\":{\"type\":\"dataset\"},"
			      "\"attributes\":[\"id\",\"name\",\"rows\"],"
			      "\"include\":[{\"model\":\"Tag\",\"where\":{\"tag\":");
	ab_json_put_text(body, tag);
	ab_buf_add_text(body, "},\"attributes\":[\"id\",\"tag\"],\"jointype\":\"inner\"},"
			      "{\"model\":\"Column\","
			      "\"attributes\":[\"id\",\"source_name\",\"order\"]}]}}");
}

/* "find":{"where":{"type":"dataset","id":...}, */
static void
put_where_id(struct ab_buf *body, const char *dataset)
{
	ab_buf_add_text(body, "\"find\":{\"where\":{\"type\":\"dataset\",\"id\":");
	ab_json_put_text(body, dataset);
	ab_buf_add_text(body, "},");
}

void
luzmo_find_tags_of(struct ab_buf *body, const char *dataset)
{
	put_where_id(body, dataset);
	ab_buf_add_text(body, "\"attributes\":[\"id\"],");
	put_include_tags(body);
	ab_buf_add_text(body, "}}");
}

void
luzmo_find_count(struct ab_buf *body, const char *dataset)
{
	put_where_id(body, dataset);
	ab_buf_add_text(body, "\"attributes\":[\"id\",\"rows\"]}}");
}

void
luzmo_find_columns(struct ab_buf *body, const char *dataset)
{
	put_where_id(body, dataset);
	ab_buf_add_text(body,
	    "\"attributes\":[\"id\"],\"include\":[{\"model\":\"Column\","
	    "\"attributes\":[\"id\",\"source_name\",\"order\",\"type\",\"subtype\"]}]}}");
}

void
luzmo_find_tag(struct ab_buf *body, const char *tag)
{
	ab_buf_add_text(body, "\"find\":{\"where\":{\"tag\":");
	ab_json_put_text(body, tag);
	ab_buf_add_text(body, "},\"attributes\":[\"id\",\"tag\",\"created_at\"]}}");
}

void
luzmo_find_datasets(struct ab_buf *body, size_t offset)
{
	ab_buf_add_text(body, "\"find\":{\"where\":{\"type\":\"dataset\"},"
			      "\"attributes\":[\"id\",\"name\",\"rows\",\"created_at\"],");
	put_include_tags(body);
	ab_buf_printf(body, ",\"order\":[[\"created_at\",\"desc\"]],\"limit\":%d,\"offset\":%zu}}",
	    LUZMO_PAGE, offset);
}
