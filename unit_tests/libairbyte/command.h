/*
 * command.h: a whole program of a small destination, as a command line starts it, in a folder of
 * its own. What it prints is kept. Include it in one file of a test program.
 */
#ifndef AB_COMMAND_H
#define AB_COMMAND_H

#include <fcntl.h>
#include <getopt.h>
#include <sys/resource.h>

#include "fake_http.h"

#include "destination.h"

#define COMMAND_WORDS 16

static struct {
	char folder[32];
	int folder_before;
	int before[3];           /* the standard descriptors of the tests */
	FILE *files[3];          /* in their place */
	char out[16384];         /* what the last run printed */
	char errors[8192];       /* and on stderr */
	const char *refusal;     /* of a check; NULL: none */
	unsigned opened, closed; /* how often the destination was */
} command;

/* --- the destination --- */

static int
command_open(
    void **self, struct ab_limits *limits, const struct ab_config *config, struct ab_error *err)
{
	(void)limits;
	(void)config;
	(void)err;
	*self = &command;
	command.opened++;
	return 0;
}

static void
command_close(void *self)
{
	assert_ptr_equal(self, &command);
	command.closed++;
}

static enum ab_taken
command_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	(void)self;
	(void)err;
	ab_buf_add(&batch->body, record->raw.data, record->raw.len);
	return AB_TAKEN;
}

static enum ab_ask
command_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	if (x->phase == AB_CHECK && command.refusal != NULL) {
		ab_fail(err, AB_CONFIG_ERROR, "%s", command.refusal);
		return AB_REFUSE;
	}
	if (x->phase == AB_DISCOVER)
		ab_buf_add_text(&x->answer, "{\"operations\":[]}");
	if (x->phase != AB_BATCH)
		return AB_SKIP;
	out->method = AB_POST;
	ab_buf_add_text(&out->url, "x");
	out->to = x->batch->body.len;
	return AB_SEND;
}

static enum ab_verdict
command_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	(void)x;
	return ab_verdict_of_status(in, err);
}

static const struct ab_destination command_destination = {
    .name = "destination-x",
    .version = "1.2",
    .spec = (const unsigned char *)"{\"supported_destination_sync_modes\": [\"append\"],\n"
				   " \"connectionSpecification\": {\"type\": \"object\",\n"
				   "  \"properties\": {\"key\": {\"type\": \"string\"}}}}\n",
    .open = command_open,
    .close = command_close,
    .append = command_append,
    .request = command_request,
    .response = command_response,
};

static void
command_answer(const struct fake_call *call, struct ab_reply *reply)
{
	(void)call;
	reply->status = 200;
}

/* --- its folder --- */

static void
command_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
command_set_up(void **state)
{
	(void)state;
	snprintf(command.folder, sizeof(command.folder), "/tmp/ab_test_XXXXXX");
	assert_non_null(mkdtemp(command.folder));
	command.folder_before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(chdir(command.folder), 0);
	command_file("config.json", "{\"key\": \"sk-1\"}");
	command_file("catalog.json",
	    "{\"streams\": [{\"stream\": {\"name\": \"a\", \"json_schema\": {}},"
	    " \"sync_mode\": \"incremental\", \"destination_sync_mode\": \"append\"}]}");
	command.refusal = NULL;
	command.opened = command.closed = 0;
	fake.answer = command_answer;
	unsetenv("LOG_LEVEL");
	unsetenv("DATA_CHANNEL_MEDIUM");
	unsetenv("WORKER_JOB_ID");
	return 0;
}

static int
command_tear_down(void **state)
{
	(void)state;
	unlink("config.json");
	unlink("catalog.json");
	assert_int_equal(fchdir(command.folder_before), 0);
	close(command.folder_before);
	rmdir(command.folder);
	return 0;
}

/* --- runs --- */

static void
command_redirect(const char *input)
{
	fflush(stdout);
	fflush(stderr);
	for (int fd = 0; fd < 3; fd++) {
		command.files[fd] = tmpfile();
		assert_non_null(command.files[fd]);
		command.before[fd] = dup(fd);
		dup2(fileno(command.files[fd]), fd);
	}
	assert_int_equal(write(STDIN_FILENO, input, strlen(input)), (ssize_t)strlen(input));
	lseek(STDIN_FILENO, 0, SEEK_SET);
}

static void
command_restore(void)
{
	fflush(stdout);
	fflush(stderr);
	for (int fd = 0; fd < 3; fd++) {
		dup2(command.before[fd], fd);
		close(command.before[fd]);
		rewind(command.files[fd]);
	}
	command.out[fread(command.out, 1, sizeof(command.out) - 1, command.files[1])] = '\0';
	command.errors[fread(command.errors, 1, sizeof(command.errors) - 1, command.files[2])] =
	    '\0';
	for (int fd = 0; fd < 3; fd++)
		fclose(command.files[fd]);
}

/* words: the command line, a blank between two; the first is the program. Returns its exit code. */
static int
command_run(const struct ab_destination *destination, const char *words, const char *input)
{
	char copy[256];
	char *argv[COMMAND_WORDS + 1] = {NULL};
	char *rest = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(rest, " ", &rest); word != NULL && argc < COMMAND_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	optind = 0; /* of another command line before */
	command_redirect(input);
	const int code = ab_destination_main(argc, argv, destination);
	command_restore();
	assert_int_equal(command.opened, command.closed);
	return code;
}

/* A part of what was printed, on stdout or on stderr. */
static void
command_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("not in it: %s\n%s", part, text);
}

#endif
