#include "fixture.h"
#include "names.h"
#include "slug.h"
#include "table_names.h"

/* Resolves raw names whose clean form is given; result[i] belongs to raws[i]. */
static void
resolve(size_t count, const char *const *raws, const char *const *cleans, char **result)
{
	struct dust_name *names = ab_calloc(count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		names[i] = (struct dust_name){
		    .raw = ab_strdup(raws[i]),
		    .clean = ab_strdup(cleans[i]),
		    .seed = ab_strdup(raws[i]),
		    .seed_len = strlen(raws[i]),
		    .owner = i,
		};
	}
	dust_names_resolve(names, count, 100);
	for (size_t i = 0; i < count; i++)
		result[names[i].owner] = ab_strdup(names[i].clean);
	dust_names_free(names, count);
}

static void
free_all(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
}

static void
the_name_spelt_like_the_result_keeps_it(void **unused)
{
	static const char *const raws[] = {"userName", "user_name", "USER NAME"};
	static const char *const cleans[] = {"user_name", "user_name", "user_name"};
	char *result[3];

	(void)unused;
	resolve(3, raws, cleans, result);
	assert_string_equal(result[1], "user_name");
	assert_int_equal(strlen(result[0]), strlen("user_name_12345678"));
	assert_int_equal(strlen(result[2]), strlen("user_name_12345678"));
	assert_string_not_equal(result[0], result[2]);
	free_all(result, 3);
}

static void
else_the_smallest_keeps_it(void **unused)
{
	static const char *const raws[] = {"user name", "User Name"};
	static const char *const cleans[] = {"user_name", "user_name"};
	char *result[2];

	(void)unused;
	resolve(2, raws, cleans, result);
	assert_string_equal(result[1], "user_name");
	assert_string_not_equal(result[0], "user_name");
	free_all(result, 2);
}

static void
the_order_of_the_names_does_not_matter(void **unused)
{
	static const char *const raws[] = {"a b", "a-b", "a_b", "c"};
	static const char *const cleans[] = {"a_b", "a_b", "a_b", "c"};
	static const char *const raws_back[] = {"c", "a_b", "a-b", "a b"};
	static const char *const cleans_back[] = {"c", "a_b", "a_b", "a_b"};
	char *result[4];
	char *back[4];

	(void)unused;
	resolve(4, raws, cleans, result);
	resolve(4, raws_back, cleans_back, back);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(result[i], back[3 - i]);
	free_all(result, 4);
	free_all(back, 4);
}

static void
a_suffix_gives_way_to_a_name_that_is_there(void **unused)
{
	struct ab_buf would_be;
	char *result[3];

	(void)unused;
	ab_buf_init(&would_be, 100);
	ab_buf_add_text(&would_be, "a_b");
	dust_slug_suffix(&would_be, 0, 100, "a b", 3, 0);
	const char *const raws[] = {"a_b", "a b", would_be.data};
	const char *const cleans[] = {"a_b", "a_b", would_be.data};
	resolve(3, raws, cleans, result);
	assert_string_equal(result[0], "a_b");
	assert_string_equal(result[2], would_be.data);
	assert_string_not_equal(result[1], would_be.data);
	free_all(result, 3);
	ab_buf_release(&would_be);
}

static void
release(struct dust_table_name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dust_table_name_release(&names[i]);
}

static void
tables_are_named_after_prefix_namespace_and_stream(void **unused)
{
	const struct ab_stream streams[] = {
	    {.name = "users"},
	    {.name = "users", .namespace = "crm"},
	    {.name = "Pr\xC3\xA9noms & co", .namespace = "a.b"},
	    {.name = "users", .namespace = ""},
	};
	static const char *const plain[] = {
	    "airbyte_users", "airbyte_crm_users", "airbyte_a_b_prenoms_co", "airbyte_users"};
	struct dust_table_name names[COUNT(streams)];

	(void)unused;
	dust_table_names("airbyte_", streams, COUNT(streams), names);
	for (size_t i = 0; i < COUNT(streams); i++) {
		assert_string_equal(names[i].plain, plain[i]);
		assert_memory_equal(names[i].suffixed, plain[i], strlen(plain[i]));
		assert_int_equal(strlen(names[i].suffixed), strlen(plain[i]) + 9);
		assert_int_equal(names[i].first, i != 3);
	}
	assert_string_not_equal(names[0].suffixed, names[3].suffixed);
	release(names, COUNT(streams));
}

/* Else clearing one stream, whose catalog holds no other, would clear another one's table. */
static void
the_names_of_a_stream_depend_on_nothing_but_the_stream(void **unused)
{
	const struct ab_stream streams[] = {
	    {.name = "c", .namespace = "a_b"},
	    {.name = "b_c", .namespace = "a"},
	    {.name = "a_b_c"},
	    {.name = "a.b.c"},
	    {.name = "A_B_C"},
	};
	struct dust_table_name names[COUNT(streams)];
	struct dust_table_name alone;
	unsigned first = 0;

	(void)unused;
	dust_table_names("", streams, COUNT(streams), names);
	assert_true(names[2].first);
	for (size_t i = 0; i < COUNT(streams); i++) {
		assert_string_equal(names[i].plain, "a_b_c");
		first += names[i].first;
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(names[i].suffixed, names[j].suffixed);
		dust_table_names("", &streams[i], 1, &alone);
		assert_string_equal(alone.plain, names[i].plain);
		assert_string_equal(alone.suffixed, names[i].suffixed);
		assert_true(alone.first);
		dust_table_name_release(&alone);
	}
	assert_int_equal(first, 1);
	release(names, COUNT(streams));
}

static void
a_long_name_is_cut_and_stays_different(void **unused)
{
	char a[301];
	char b[301];
	struct dust_table_name names[2];

	(void)unused;
	memset(a, 'x', sizeof(a) - 1);
	a[300] = '\0';
	memcpy(b, a, sizeof(a));
	b[299] = 'y';
	const struct ab_stream streams[] = {{.name = a}, {.name = b}};
	dust_table_names("airbyte_", streams, 2, names);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(strlen(names[i].plain), DUST_TABLE_MAX);
		assert_string_equal(names[i].plain, names[i].suffixed);
		assert_true(names[i].first);
	}
	assert_string_not_equal(names[0].plain, names[1].plain);
	release(names, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_name_spelt_like_the_result_keeps_it),
	    cmocka_unit_test(else_the_smallest_keeps_it),
	    cmocka_unit_test(the_order_of_the_names_does_not_matter),
	    cmocka_unit_test(a_suffix_gives_way_to_a_name_that_is_there),
	    cmocka_unit_test(tables_are_named_after_prefix_namespace_and_stream),
	    cmocka_unit_test(the_names_of_a_stream_depend_on_nothing_but_the_stream),
	    cmocka_unit_test(a_long_name_is_cut_and_stays_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
