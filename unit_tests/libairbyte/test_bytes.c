#include "bytes.h"
#include "json.h"
#include "testing.h"

#define LONGEST ((size_t)40)

static void
texts_are_the_same_if_all_their_bytes_are(void **state)
{
	char a[LONGEST];
	char b[LONGEST];

	(void)state;
	for (size_t i = 0; i < LONGEST; i++)
		a[i] = b[i] = (char)('a' + i);
	for (size_t len = 0; len <= LONGEST; len++) {
		assert_true(ab_bytes_same(a, b, len));
		for (size_t i = 0; i < LONGEST; i++) {
			b[i] = '!';
			assert_int_equal(ab_bytes_same(a, b, len), i >= len);
			if (len <= AB_BYTES_FEW)
				assert_int_equal(ab_bytes_same_few(a, b, len), i >= len);
			b[i] = a[i];
		}
	}
}

/* A name of each length is told from one that differs in a single byte, which is found too. */
static void
a_member_is_found_by_all_of_its_name(void **state)
{
	char text[LONGEST + 16];
	char name[LONGEST];
	struct ab_json json;
	struct ab_error err;

	(void)state;
	ab_json_init(&json);
	memset(name, 'n', sizeof(name));
	for (size_t len = 1; len <= LONGEST; len++) {
		for (size_t i = 0; i < len; i++) {
			name[i] = 'm';
			const int bytes =
			    snprintf(text, sizeof(text), "{\"%.*s\":1}", (int)len, name);
			assert_int_equal(ab_json_parse(&json, text, (size_t)bytes, 1, &err), 0);
			assert_int_equal(ab_json_find(&json, 0, name, len), 2);
			name[i] = 'n';
			assert_int_equal(ab_json_find(&json, 0, name, len), 0);
		}
	}
	ab_json_release(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_the_same_if_all_their_bytes_are),
	    cmocka_unit_test(a_member_is_found_by_all_of_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
