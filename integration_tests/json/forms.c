/*
 * What the library makes of JSON texts, for a comparison with another reader. Standard input is
 * texts, each after a line with its length in bytes; for each a line with its canonical and one
 * with its compact form is printed, or the line "refused".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "json.h"
#include "json_write.h"

static void
print_forms(const char *text, size_t len)
{
	struct ab_buf canonical;
	struct ab_buf compact;
	struct ab_json json;
	struct ab_error err;

	ab_buf_init(&canonical, AB_JSON_TEXT_MAX);
	ab_buf_init(&compact, AB_JSON_TEXT_MAX);
	ab_json_init(&json);
	if (ab_json_parse(&json, text, len, AB_JSON_NESTING_MAX, &err) != 0 ||
	    ab_json_put_canonical(&canonical, text, len, &err) != 0) {
		puts("refused");
	} else {
		const struct ab_view whole = ab_json_raw(&json, 0);
		ab_json_put_compact(&compact, whole.data, whole.len, false);
		printf("%s\n%s\n", canonical.data, compact.data);
	}
	ab_json_release(&json);
	ab_buf_release(&compact);
	ab_buf_release(&canonical);
}

int
main(void)
{
	char line[32];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		const size_t len = (size_t)strtoumax(line, NULL, 10);
		char *text = ab_malloc(len);
		if (fread(text, 1, len, stdin) != len)
			return EXIT_FAILURE;
		print_forms(text, len);
		free(text);
	}
	return EXIT_SUCCESS;
}
