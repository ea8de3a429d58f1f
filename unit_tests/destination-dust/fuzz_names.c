/*
 * Ids and names of Dust's. An input is two lines, each a JSON text that is taken for a key part and
 * a text that is taken for a name: ids differ where the parts do, and have the promised form; a
 * column's name is one that Dust leaves alone.
 */
#include "../fuzz/fuzz.h"

#include "fields.h"
#include "ids.h"
#include "slug.h"

#define HEX "0123456789abcdef"
#define WORD "abcdefghijklmnopqrstuvwxyz0123456789_"
#define LIMIT ((size_t)1 << 24)

struct key {
	struct ab_buf list; /* [part] */
	struct ab_json json;
	uint32_t node; /* 0: the part is no JSON */
	struct dust_id id;
};

/* The document's id of a key of two parts: this one, and itself again. */
static void
key_make(struct key *key, struct ab_view text)
{
	static const struct ab_stream users = {.name = "users"};
	struct ab_error err;

	*key = (struct key){.node = 0};
	ab_buf_init(&key->list, LIMIT);
	ab_json_init(&key->json);
	dust_id_init(&key->id);
	ab_buf_add_char(&key->list, '[');
	ab_buf_add(&key->list, text.data, text.len);
	ab_buf_add_char(&key->list, ']');
	if (ab_json_parse(&key->json, key->list.data, key->list.len, 1, &err) == 0)
		key->node = ab_json_first(&key->json, 0);
	if (key->node == 0 || ab_json_after(&key->json, 0, key->node) != 0)
		return;
	dust_id_start(&key->id, &users);
	dust_id_part(&key->id, (struct dust_field){&key->json, key->node});
	dust_id_part(&key->id, (struct dust_field){&key->json, key->node});
	dust_id_end(&key->id);
}

static void
key_release(struct key *key)
{
	ab_buf_release(&key->list);
	ab_json_release(&key->json);
	dust_id_release(&key->id);
}

/* Plain, or a hash stands at its end. */
static void
check_id(const struct key *key)
{
	const char *id = key->id.text.data;
	const size_t len = key->id.text.len;

	CHECK(strncmp(id, "users", 5) == 0 && len == strlen(id) && len <= DUST_ID_MAX);
	for (const char *p = id; *p != '\0'; p++)
		CHECK(strchr(WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZ-", *p) != NULL);
	const bool tagged =
	    len > 34 && memcmp(id + len - 34, "--", 2) == 0 && strspn(id + len - 32, HEX) == 32;
	CHECK(tagged || len <= DUST_ID_PLAIN_MAX);
}

/* Parts of the same type and text are the same key, and others are not. */
static void
check_difference(const struct key *a, const struct key *b)
{
	const struct ab_json_node *one = &a->json.nodes[a->node];
	const struct ab_json_node *other = &b->json.nodes[b->node];
	const struct ab_view x = ab_json_raw(&a->json, a->node);
	const struct ab_view y = ab_json_raw(&b->json, b->node);
	const bool same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	const bool same_id = strcmp(a->id.text.data, b->id.text.data) == 0;

	CHECK(!same || same_id);
	if (one->type != other->type)
		CHECK(!same_id);
	else if (one->type != AB_JSON_STRING || (!one->escaped && !other->escaped))
		CHECK(same_id == same);
}

static void
check_ids(struct ab_view first, struct ab_view second)
{
	struct key a;
	struct key b;

	key_make(&a, first);
	key_make(&b, second);
	if (a.id.text.len > 0)
		check_id(&a);
	if (a.id.text.len > 0 && b.id.text.len > 0)
		check_difference(&a, &b);
	key_release(&a);
	key_release(&b);
}

static void
check_name(struct ab_view name, void (*make)(struct ab_buf *, const char *, size_t))
{
	struct ab_buf once;
	struct ab_buf twice;

	ab_buf_init(&once, LIMIT);
	ab_buf_init(&twice, LIMIT);
	make(&once, name.data, name.len);
	CHECK(strspn(once.data, WORD) == once.len && strstr(once.data, "__") == NULL);
	make(&twice, once.data, once.len);
	CHECK(strcmp(once.data, twice.data) == 0);
	ab_buf_release(&once);
	ab_buf_release(&twice);
}

/* A name with a suffix stays as it is, and within its length. */
static void
check_suffix(struct ab_view name)
{
	struct ab_buf slug;
	struct ab_buf again;

	ab_buf_init(&slug, LIMIT);
	ab_buf_init(&again, LIMIT);
	dust_slug(&slug, name.data, name.len);
	dust_slug_suffix(&slug, 0, DUST_COLUMN_MAX, name.data, name.len, 0);
	CHECK(slug.len <= DUST_COLUMN_MAX);
	dust_slug(&again, slug.data, slug.len);
	CHECK(strcmp(slug.data, again.data) == 0);
	ab_buf_release(&slug);
	ab_buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ab_view rest = fuzz_view(data, size);
	const struct ab_view first = fuzz_line(&rest);
	const struct ab_view second = fuzz_line(&rest);

	check_ids(first, second);
	check_name(first, dust_slug);
	check_name(first, dust_slug_table);
	check_suffix(first);
	return 0;
}
