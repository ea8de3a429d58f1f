#include "fields.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json_write.h"

void
dust_path_init(struct dust_path *path, const char *text)
{
	size_t count = 1;

	for (const char *p = text; *p != '\0'; p++)
		count += *p == '.';
	*path = (struct dust_path){.text = text};
	path->path.parts = ab_calloc(count, sizeof(*path->path.parts));
	for (const char *p = text; p != NULL;) {
		const char *dot = strchr(p, '.');
		const size_t len = dot != NULL ? (size_t)(dot - p) : strlen(p);
		path->path.parts[path->path.count++] = ab_memdup(p, len);
		p = dot != NULL ? dot + 1 : NULL;
	}
}

void
dust_path_release(struct dust_path *path)
{
	for (size_t i = 0; i < path->path.count; i++)
		free(path->path.parts[i]);
	free(path->path.parts);
	*path = (struct dust_path){0};
}

struct dust_field
dust_field_at(
    struct ab_json *nested, const struct ab_json *json, uint32_t object, const struct ab_path *path)
{
	struct dust_field field = {.json = json};

	for (size_t i = 0; i < path->count; i++) {
		field.node = ab_json_get(field.json, object, path->parts[i]);
		if (field.node == 0 || i + 1 == path->count)
			break;
		if (field.json->nodes[field.node].type != AB_JSON_OBJECT)
			return (struct dust_field){.json = json};
		/* The view stays good while its own tape is overwritten: it points into the text.
		 */
		const struct ab_view text = ab_json_view(field.json, field.node);
		struct ab_error err;
		if (ab_json_parse(nested, text.data, text.len, 1, &err) != 0)
			return (struct dust_field){.json = json};
		field.json = nested;
		object = 0;
	}
	return field;
}

struct dust_field
dust_field_find(struct ab_json *nested, const struct ab_json *json, uint32_t object,
    const struct dust_path *path)
{
	const uint32_t node = ab_json_get(json, object, path->text);

	if (node != 0 || path->path.count == 1)
		return (struct dust_field){.json = json, .node = node};
	return dust_field_at(nested, json, object, &path->path);
}

enum ab_json_type
dust_field_type(struct dust_field field)
{
	return field.node == 0 ? AB_JSON_NULL
			       : (enum ab_json_type)field.json->nodes[field.node].type;
}

bool
dust_field_scalar(struct dust_field field)
{
	const enum ab_json_type type = dust_field_type(field);

	return type != AB_JSON_NULL && type != AB_JSON_ARRAY && type != AB_JSON_OBJECT;
}

/* The four hex digits of a \u escape. */
static unsigned
hex_unit(const char *digits)
{
	const char text[5] = {digits[0], digits[1], digits[2], digits[3], '\0'};

	return (unsigned)strtoul(text, NULL, 16);
}

bool
dust_field_unstorable(struct dust_field field)
{
	const struct ab_json_node *node = &field.json->nodes[field.node];

	if (node->type != AB_JSON_STRING || !node->escaped)
		return false;
	const char *p = field.json->text + node->at;
	const char *end = p + node->len;
	for (;;) {
		p = memchr(p, '\\', (size_t)(end - p));
		if (p == NULL)
			return false;
		if (p[1] != 'u') {
			p += 2;
			continue;
		}
		const unsigned unit = hex_unit(p + 2);
		p += 6;
		if (unit == 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
			return true;
		if (unit < 0xD800 || unit > 0xDFFF)
			continue;
		if (end - p < 6 || p[0] != '\\' || p[1] != 'u' ||
		    (hex_unit(p + 2) & 0xFC00) != 0xDC00)
			return true;
		p += 6;
	}
}

bool
dust_field_put_text(struct ab_buf *out, struct dust_field field)
{
	if (dust_field_type(field) == AB_JSON_STRING)
		return ab_json_unescape(field.json, field.node, true, out);
	ab_json_put_view(out, ab_json_view(field.json, field.node));
	return false;
}

bool
dust_field_put_inside(struct ab_buf *out, struct dust_field field)
{
	const struct ab_view view = ab_json_view(field.json, field.node);

	if (dust_field_type(field) != AB_JSON_STRING) {
		ab_json_put_inside(out, view);
		return false;
	}
	if (!dust_field_unstorable(field)) {
		ab_json_put_view(out, view);
		return false;
	}
	/* Unescaped it is never longer. */
	struct ab_buf text;
	ab_buf_init(&text, view.len);
	ab_json_unescape(field.json, field.node, true, &text);
	ab_json_put_escaped(out, text.data, text.len);
	ab_buf_release(&text);
	return true;
}

size_t
dust_text_cut(const char *bytes, size_t len, size_t units)
{
	size_t at = 0;

	while (at < len) {
		const unsigned char lead = (unsigned char)bytes[at];
		const size_t need = lead >= 0xF0 ? 2 : 1;
		const size_t used = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
		if (need > units || used > len - at)
			break;
		units -= need;
		at += used;
	}
	return at;
}

struct ab_view
dust_text_trim(const char *bytes, size_t len)
{
	while (len > 0 && (unsigned char)bytes[len - 1] <= ' ')
		len--;
	while (len > 0 && (unsigned char)*bytes <= ' ') {
		bytes++;
		len--;
	}
	return (struct ab_view){bytes, len};
}
