#include "fixture.h"
#include "slug.h"

static const struct {
	const char *name;
	const char *column;
	const char *table;
} cases[] = {
    {"id", "id", "id"}, {"user_name", "user_name", "user_name"},
    {"userName", "user_name", "username"}, {"USER ID", "user_id", "user_id"},
    {"address1", "address_1", "address1"}, {"A1", "a_1", "a1"}, {"1a", "1a", "1a"},
    {"HTTPServer", "httpserver", "httpserver"}, {"a__b", "a_b", "a_b"}, {"a - b", "a_b", "a_b"},
    {" padded ", "padded", "_padded_"}, {"-dashed-", "_dashed_", "_dashed_"},
    {"__dust_id", "_dust_id", "_dust_id"},
    {"_ab_cdc_deleted_at", "_ab_cdc_deleted_at", "_ab_cdc_deleted_at"},
    {"Pr\xC3\xA9nom", "prenom", "prenom"},
    {"\xC3\xA9"
     "1",
	"e_1", "e1"},
    {"\xEF\xAC\x81le", "file", "file"}, /* the ligature fi */
    {"\xE2\x84\xAB", "a", "a"},         /* Angstrom */
    {"x\xC2\xB2", "x_2", "x2"},         /* superscript two */
    {"a\xC2\xA0"
     "b",
	"a_b", "a_b"},                      /* no-break space */
    {"\xE6\x97\xA5\xE6\x9C\xAC", "_", "_"}, /* two ideographs */
    {"a\xE6\x97\xA5", "a_", "a_"}, {"a\tb", "a_b", "a_b"}, {"", "", ""}, {"   ", "", "_"},
    {"\xCC\x81", "", ""},      /* an accent alone */
    {"\xFF\xFEz", "_z", "_z"}, /* not UTF-8 */
};

static void
names_become_what_dust_keeps(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		ab_buf_init(&out, 1000);
		dust_slug(&out, cases[i].name, strlen(cases[i].name));
		assert_string_equal(out.data, cases[i].column);
		ab_buf_reset(&out);
		dust_slug_table(&out, cases[i].name, strlen(cases[i].name));
		assert_string_equal(out.data, cases[i].table);
		ab_buf_release(&out);
	}
}

static void
expect_stable(const char *name)
{
	struct ab_buf once;
	struct ab_buf twice;

	ab_buf_init(&once, 10000);
	ab_buf_init(&twice, 10000);
	dust_slug(&once, name, strlen(name));
	dust_slug(&twice, once.data, once.len);
	assert_string_equal(twice.data, once.data);
	assert_int_equal(strspn(once.data, "abcdefghijklmnopqrstuvwxyz0123456789_"), once.len);
	ab_buf_release(&once);
	ab_buf_release(&twice);
}

static void
a_slug_of_a_slug_is_the_same(void **unused)
{
	static const char alphabet[] = "aBz19_ -.\xC3\xA9\xCC\x81";
	uint32_t state = 12345;
	char name[12];

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_stable(cases[i].name);
	for (int round = 0; round < 20000; round++) {
		size_t len = 0;
		for (; len < sizeof(name) - 1; len++) {
			state = state * 1664525 + 1013904223;
			if ((state >> 16) % 8 == 0)
				break;
			name[len] = alphabet[(state >> 20) % (sizeof(alphabet) - 1)];
		}
		name[len] = '\0';
		expect_stable(name);
	}
}

static void
a_suffix_is_stable_and_depends_on_the_seed(void **unused)
{
	struct ab_buf a;
	struct ab_buf b;

	(void)unused;
	ab_buf_init(&a, 100);
	ab_buf_init(&b, 100);
	ab_buf_add_text(&a, "name__");
	dust_slug_suffix(&a, 0, 50, "seed", 4, 0);
	assert_int_equal(a.len, 13);
	assert_memory_equal(a.data, "name_", 5);
	expect_stable(a.data);
	ab_buf_add_text(&b, "name");
	dust_slug_suffix(&b, 0, 50, "seed", 4, 0);
	assert_string_equal(a.data, b.data);
	ab_buf_truncate(&b, 4);
	dust_slug_suffix(&b, 0, 50, "seed", 4, 1);
	assert_string_not_equal(a.data, b.data);
	ab_buf_truncate(&b, 4);
	dust_slug_suffix(&b, 0, 11, "other", 5, 0);
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.data, "na_", 3);
	ab_buf_release(&a);
	ab_buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_become_what_dust_keeps),
	    cmocka_unit_test(a_slug_of_a_slug_is_the_same),
	    cmocka_unit_test(a_suffix_is_stable_and_depends_on_the_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
