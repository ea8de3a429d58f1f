#include "config.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"

static int
read_whole(struct ab_buf *text, const char *path, const char *what, struct ab_error *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%s %s cannot be read: %s", what, path, strerror(errno));
	for (;;) {
		char *at = ab_buf_reserve(text, 65536);
		if (at == NULL) {
			close(fd);
			return ab_fail(err, AB_CONFIG_ERROR, "%s %s is larger than %zu MB", what,
			    path, AB_CONFIG_FILE_MAX >> 20);
		}
		const ssize_t got = read(fd, at, 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			const int cause = errno;
			close(fd);
			return ab_fail(err, AB_CONFIG_ERROR, "%s %s cannot be read: %s", what, path,
			    strerror(cause));
		}
		if (got == 0)
			break;
		text->len += (size_t)got;
	}
	close(fd);
	*ab_buf_reserve(text, 0) = '\0';
	return 0;
}

/* Texts of a document end at a NUL: one inside would cut a value short. */
static bool
holds_nul(const struct ab_buf *text)
{
	return strlen(text->data) != text->len || strstr(text->data, "\\u0000") != NULL;
}

cJSON *
ab_config_parse_file(const char *path, const char *what, bool refuse_nul, struct ab_error *err)
{
	struct ab_buf text;
	cJSON *document = NULL;

	ab_buf_init(&text, AB_CONFIG_FILE_MAX);
	if (read_whole(&text, path, what, err) != 0)
		goto out;
	if (refuse_nul && holds_nul(&text)) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "%s %s holds a NUL character, which no field may have", what, path);
		goto out;
	}
	document = cJSON_ParseWithLengthOpts(text.data, text.len + 1, NULL, 1);
	if (document == NULL) {
		ab_fail(err, AB_CONFIG_ERROR, "%s %s is not valid JSON", what, path);
	} else if (!cJSON_IsObject(document)) {
		ab_fail(err, AB_CONFIG_ERROR, "%s %s must be a JSON object", what, path);
		cJSON_Delete(document);
		document = NULL;
	}
out:
	ab_buf_release(&text);
	return document;
}
