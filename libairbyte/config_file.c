#include "config.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"

#define PIECE_BYTES ((size_t)64 << 10)

/* A pipe that nobody writes to is not waited for until the end of days. */
static ssize_t
read_some(int fd, char *to, size_t size, int64_t deadline_ms)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	for (;;) {
		const int64_t left_ms = deadline_ms - ab_clock_ms();
		const int ready = poll(&readable, 1, left_ms > 0 ? (int)left_ms : 0);
		if (ready == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		const ssize_t got = ready > 0 ? read(fd, to, size) : -1;
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return got;
	}
}

/* Returns 0, or the errno of what went wrong: EFBIG if it is too large. */
static int
read_all(int fd, struct ab_buf *text)
{
	const int64_t deadline_ms = ab_clock_ms() + AB_CONFIG_FILE_WAIT_MS;
	ssize_t got = 0;

	do {
		char *at = ab_buf_reserve(text, PIECE_BYTES);
		if (at == NULL)
			return EFBIG;
		got = read_some(fd, at, PIECE_BYTES, deadline_ms);
		if (got < 0)
			return errno;
		text->len += (size_t)got;
	} while (got > 0);
	*ab_buf_reserve(text, 0) = '\0';
	return 0;
}

static int
read_whole(struct ab_buf *text, const char *path, const char *what, struct ab_error *err)
{
	/* Without O_NONBLOCK a pipe would not even be opened before somebody writes to it. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const int cause = fd < 0 ? errno : read_all(fd, text);

	if (fd >= 0)
		close(fd);
	if (cause == EFBIG)
		return ab_fail(err, AB_CONFIG_ERROR, "%s %s is larger than %zu MB", what, path,
		    AB_CONFIG_FILE_MAX >> 20);
	if (cause == ETIMEDOUT)
		return ab_fail(err, AB_CONFIG_ERROR, "%s %s did not come to its end in %d seconds",
		    what, path, AB_CONFIG_FILE_WAIT_MS / 1000);
	if (cause != 0)
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%s %s cannot be read: %s", what, path, strerror(cause));
	return 0;
}

/* Texts of a document end at a NUL: one inside would cut a value short. An escape is a backslash
 * and what follows it, which may be a backslash too. */
static bool
holds_nul(const struct ab_buf *text)
{
	static const char escaped[] = "\\u0000";
	const char *at = strchr(text->data, '\\');

	while (at != NULL && at[1] != '\0') {
		if (strncmp(at, escaped, strlen(escaped)) == 0)
			return true;
		at = strchr(at + 2, '\\');
	}
	return strlen(text->data) != text->len;
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
