#include "emit.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "json_write.h"
#include "secret.h"
#include "utf8.h"

#define GATHER_BYTES ((size_t)64 << 10)
/* A STATE line may be as long as a line of input. */
#define LINES_MAX ((size_t)1 << 30)
#define TEXT_MAX ((size_t)64 << 10)

static const char *const level_names[] = {"FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
/* Python's. */
static const char *const singer_names[] = {
    "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "DEBUG"};

static struct {
	enum ab_emit_style style;
	enum ab_level level;
	struct ab_buf lines;
	size_t whole;       /* bytes of lines up to the end of the last whole one */
	struct ab_buf text; /* scratch for a formatted message */
	int failed;         /* errno of the write that failed */
} out;

/* Returns 0, or the errno of the failure; *done receives how much was written. */
static int
write_all(int fd, const char *bytes, size_t len, size_t *done)
{
	*done = 0;
	while (*done < len) {
		const ssize_t n = write(fd, bytes + *done, len - *done);
		if (n > 0) {
			*done += (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			/* it shares its description with someone who made it non-blocking */
			struct pollfd writable = {.fd = fd, .events = POLLOUT};
			poll(&writable, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

static bool
is_file(struct stat *status)
{
	return fstat(STDOUT_FILENO, status) == 0 && S_ISREG(status->st_mode);
}

/* So much a pipe takes in one piece or not at all (POSIX, write()): the end of this process cuts no
 * line that is not longer. A file promises that of no size, and many writes take their time. */
static size_t
piece_max(void)
{
	struct stat status;

	return is_file(&status) ? SIZE_MAX : PIPE_BUF;
}

/* How much of these whole lines to write at once: lines of at most so many bytes together, or one
 * that is longer. */
static size_t
next_piece(const char *lines, size_t len, size_t most)
{
	size_t piece = len < most ? len : most;

	while (piece > 0 && lines[piece - 1] != '\n')
		piece--;
	if (piece > 0)
		return piece;
	const char *newline = memchr(lines, '\n', len);
	return (size_t)(newline - lines) + 1;
}

/* A line that a full disk cut goes from the end of the file again: the last one is whole. */
static void
take_back_cut(const char *written, size_t len)
{
	const off_t end = lseek(STDOUT_FILENO, 0, SEEK_CUR);
	struct stat status;
	size_t cut = 0;

	while (cut < len && written[len - 1 - cut] != '\n')
		cut++;
	if (cut == 0 || !is_file(&status) || status.st_size != end)
		return;
	if (ftruncate(STDOUT_FILENO, end - (off_t)cut) == 0)
		lseek(STDOUT_FILENO, end - (off_t)cut, SEEK_SET);
}

static void
write_gathered(void)
{
	const char *at = out.lines.data;
	const char *const end = at + out.whole;
	const size_t most = at < end ? piece_max() : 0;

	while (out.failed == 0 && at < end) {
		const size_t piece = next_piece(at, (size_t)(end - at), most);
		size_t done = 0;
		out.failed = write_all(STDOUT_FILENO, at, piece, &done);
		if (out.failed != 0)
			take_back_cut(at, done);
		at += piece;
	}
	ab_buf_reset(&out.lines);
	out.whole = 0;
}

/* Must not allocate: there is no memory. */
static void
report_out_of_memory(size_t size)
{
	static const char airbyte[] =
	    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ERROR\",\"emitted_at\":0.0,\"error\":{"
	    "\"message\":\"%s\",\"failure_type\":\"system_error\"}}}\n";
	const bool singer = out.style == AB_EMIT_SINGER;
	char bytes[64] = "";
	char text[160];
	char line[320];
	size_t done = 0;

	write_gathered();
	if (size > 0)
		snprintf(bytes, sizeof(bytes), ": %zu bytes could not be allocated", size);
	snprintf(text, sizeof(text), "out of memory%s; give the connector more memory", bytes);
	const int len = singer ? snprintf(line, sizeof(line), "CRITICAL %s\n", text)
			       : snprintf(line, sizeof(line), airbyte, text);
	if (len > 0 && (singer || out.failed == 0))
		write_all(singer ? STDERR_FILENO : STDOUT_FILENO, line, (size_t)len, &done);
}

void
ab_emit_init(enum ab_emit_style style)
{
	const char *wanted = getenv("LOG_LEVEL");

	/* A reader that left and a file that may not grow are errors to report, not ends. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	out.style = style;
	out.failed = 0;
	out.whole = 0;
	out.level = AB_INFO;
	for (size_t i = 0; wanted != NULL && i < sizeof(level_names) / sizeof(level_names[0]);
	     i++) {
		if (strcasecmp(wanted, level_names[i]) == 0)
			out.level = (enum ab_level)i;
	}
	ab_buf_init(&out.lines, LINES_MAX);
	ab_buf_init(&out.text, TEXT_MAX);
	ab_alloc_on_failure(report_out_of_memory);
}

void
ab_emit_release(void)
{
	ab_buf_release(&out.lines);
	ab_buf_release(&out.text);
}

/* Messages quote what servers and files say: no secret gets out, and whoever prints a message, raw
 * or decoded, prints one line. */
static void
clean(char *text, size_t len)
{
	ab_secret_mask(text, len);
	ab_utf8_print(text, len);
}

/* Adds text as a JSON string to the lines. */
static void
put_clean(const char *text)
{
	const size_t len = strlen(text);
	char *copy = ab_memdup(text, len);

	clean(copy, len);
	ab_json_put_string(&out.lines, copy, len);
	free(copy);
}

static void
end_line(void)
{
	ab_buf_add_char(&out.lines, '\n');
	out.whole = out.lines.len;
	if (out.lines.len > GATHER_BYTES)
		write_gathered();
}

void
ab_emit_level(enum ab_level level)
{
	out.level = level;
}

bool
ab_emit_on_stderr(void)
{
	return out.style == AB_EMIT_SINGER;
}

/* "LEVEL text" on stderr. */
static void
put_singer(enum ab_level level, const char *text)
{
	struct ab_buf line;
	size_t done = 0;

	ab_buf_init(&line, TEXT_MAX);
	ab_buf_printf(&line, "%s ", singer_names[level]);
	const size_t start = line.len;
	ab_buf_add_text(&line, text);
	clean(line.data + start, line.len - start);
	ab_buf_add_char(&line, '\n');
	write_all(STDERR_FILENO, line.data, line.len, &done);
	ab_buf_release(&line);
}

void
ab_emit_metric(const char *json)
{
	struct ab_buf text;

	if (out.style != AB_EMIT_SINGER || !ab_emit_wanted(AB_INFO))
		return;
	ab_buf_init(&text, TEXT_MAX);
	ab_buf_printf(&text, "METRIC: %s", json);
	put_singer(AB_INFO, text.data);
	ab_buf_release(&text);
}

bool
ab_emit_wanted(enum ab_level level)
{
	return level <= out.level;
}

void
ab_emit_log(enum ab_level level, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	if (!ab_emit_wanted(level))
		return;
	ab_buf_reset(&out.text);
	text = ab_buf_reserve(&out.text, 4096);
	va_start(args, format);
	vsnprintf(text, 4096, format, args);
	va_end(args);
	if (out.style == AB_EMIT_SINGER) {
		put_singer(level, text);
		return;
	}
	ab_buf_add_text(&out.lines, "{\"type\":\"LOG\",\"log\":{\"level\":\"");
	ab_buf_add_text(&out.lines, level_names[level]);
	ab_buf_add_text(&out.lines, "\",\"message\":");
	put_clean(text);
	ab_buf_add_text(&out.lines, "}}");
	end_line();
}

void
ab_emit_spec(const unsigned char *spec)
{
	ab_buf_add_text(&out.lines, "{\"type\":\"SPEC\",\"spec\":");
	/* A newline never stands inside a JSON string: dropping them with the indentation that
	 * follows makes the document one line. */
	for (const unsigned char *at = spec; *at != '\0'; at++) {
		if (*at != '\n') {
			ab_buf_add_char(&out.lines, (char)*at);
			continue;
		}
		while (at[1] == ' ' || at[1] == '\t')
			at++;
	}
	ab_buf_add_text(&out.lines, "}");
	end_line();
}

void
ab_emit_connection_status(const char *message)
{
	ab_buf_add_text(
	    &out.lines, "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":");
	if (message == NULL) {
		ab_buf_add_text(&out.lines, "\"SUCCEEDED\"");
	} else {
		ab_buf_add_text(&out.lines, "\"FAILED\",\"message\":");
		put_clean(message);
	}
	ab_buf_add_text(&out.lines, "}}");
	end_line();
}

/* Adds a JSON text as it is, but for what is masked in its strings: names come from the service,
 * and the text around them is not to be hit. */
static void
put_masked(struct ab_view text)
{
	struct ab_json json;
	struct ab_buf string;
	struct ab_error error;
	size_t done = 0;

	ab_json_init(&json);
	ab_buf_init(&string, text.len);
	const int rc = ab_json_parse(&json, text.data, text.len, AB_JSON_NESTING_MAX, &error);
	assert(rc == 0); /* of our own making */
	for (uint32_t i = 0; rc == 0 && i < json.count; i++) {
		if (json.nodes[i].type != AB_JSON_STRING)
			continue;
		ab_buf_reset(&string);
		ab_json_unescape(&json, i, false, &string);
		if (!ab_secret_mask(string.data, string.len))
			continue;
		const struct ab_view raw = ab_json_raw(&json, i);
		const size_t at = (size_t)(raw.data - text.data);
		ab_buf_add(&out.lines, text.data + done, at - done);
		ab_json_put_string(&out.lines, string.data, string.len);
		done = at + raw.len;
	}
	ab_buf_add(&out.lines, text.data + done, text.len - done);
	ab_buf_release(&string);
	ab_json_release(&json);
}

void
ab_emit_destination_catalog(struct ab_view catalog)
{
	ab_buf_add_text(&out.lines, "{\"type\":\"DESTINATION_CATALOG\",\"destination_catalog\":");
	put_masked(catalog);
	ab_buf_add_char(&out.lines, '}');
	end_line();
}

void
ab_emit_state(const char *line, size_t len)
{
	ab_buf_add(&out.lines, line, len);
	end_line();
}

static void
put_critical(const struct ab_error *failure)
{
	struct ab_buf text;

	ab_buf_init(&text, TEXT_MAX);
	ab_buf_add_text(&text, failure->message);
	if (failure->detail[0] != '\0')
		ab_buf_printf(&text, " (%s)", failure->detail);
	put_singer(AB_FATAL, text.data);
	ab_buf_release(&text);
}

void
ab_emit_error(const struct ab_error *failure, int64_t now_ms)
{
	if (out.style == AB_EMIT_SINGER) {
		put_critical(failure);
		return;
	}
	ab_buf_printf(&out.lines,
	    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ERROR\",\"emitted_at\":%lld.0,\"error\":{"
	    "\"message\":",
	    (long long)now_ms);
	put_clean(failure->message);
	if (failure->detail[0] != '\0') {
		ab_buf_add_text(&out.lines, ",\"internal_message\":");
		put_clean(failure->detail);
	}
	ab_buf_add_text(&out.lines, ",\"failure_type\":\"");
	ab_buf_add_text(&out.lines, ab_failure_name(failure->kind));
	ab_buf_add_text(&out.lines, "\"}}}");
	end_line();
}

int
ab_emit_flush(struct ab_error *err)
{
	write_gathered();
	if (out.failed != 0)
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "stdout cannot be written: %s", strerror(out.failed));
	return 0;
}
