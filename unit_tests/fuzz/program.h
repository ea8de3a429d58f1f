/*
 * program.h: a whole connector as a fuzz target, with its world (world.h). Only the network and the
 * clock are not the real ones.
 *
 * An input is text. Its first line says what is run: "write"; "job", a write on the platform;
 * "check"; "discover"; "load", a Singer target's; "test", its check. Its second is the
 * configuration, its third the catalog. After them lines that begin with "<" are replies of the
 * service (world.h), all others are standard input.
 */
#ifndef AB_FUZZ_PROGRAM_H
#define AB_FUZZ_PROGRAM_H

#include "world.h"

#include <cjson/cJSON.h>
#include <getopt.h>

#include "message.h"
#include "singer_message.h"

/* Where a secret of the configuration is this one, nothing may say it. */
#define SECRET "sk-fuzzed-secret"

struct program_input {
	char command[16];
	bool singer;
	bool secret; /* the configuration has it */
	struct fuzz_file config;
	struct fuzz_file catalog;
	struct fuzz_file messages;
	struct ab_buf lines; /* of standard input */
	struct ab_buf replies;
};

static struct program_input program_input;

/* --- what came out --------------------------------------------------------------------------- */

static inline bool
program_contains(struct ab_view text, const char *part)
{
	const size_t len = strlen(part);

	for (size_t i = 0; i + len <= text.len; i++) {
		if (memcmp(text.data + i, part, len) == 0)
			return true;
	}
	return false;
}

static inline void
check_secrecy(struct ab_view text)
{
	CHECK(!program_input.secret || !program_contains(text, SECRET));
}

/* Nothing is acknowledged as stored before the service took anything. */
static inline void
check_acknowledgement(const struct ab_json *json)
{
	int64_t count = 0;

	const uint32_t stats = ab_json_get(json, ab_json_get(json, 0, "state"), "destinationStats");
	CHECK(stats != 0);
	CHECK(ab_json_integer(json, ab_json_get(json, stats, "recordCount"), &count));
	CHECK(count == 0 || world.accepted > 0);
}

static inline void
check_airbyte(const char *bytes, size_t len)
{
	struct ab_view rest = {bytes, len};
	struct ab_json json;
	struct ab_error err;

	CHECK(len == 0 || bytes[len - 1] == '\n');
	ab_json_init(&json);
	while (rest.len > 0) {
		const struct ab_view line = fuzz_line(&rest);
		CHECK(ab_json_parse(&json, line.data, line.len, 3, &err) == 0 && !json.specials);
		const uint32_t type = ab_json_get(&json, 0, "type");
		if (ab_message_says(&json, type, "STATE"))
			check_acknowledgement(&json);
		else
			check_secrecy(line);
	}
	ab_json_release(&json);
}

static inline void
check_states(const char *bytes, size_t len)
{
	struct ab_view rest = {bytes, len};
	struct ab_json json;
	struct ab_error err;

	ab_json_init(&json);
	while (rest.len > 0) {
		const struct ab_view line = fuzz_line(&rest);
		CHECK(ab_json_parse(&json, line.data, line.len, 0, &err) == 0 && !json.specials);
	}
	ab_json_release(&json);
}

/* The lines of a text that have a part in them, or all. */
static inline size_t
program_count(const struct ab_buf *text, const char *part)
{
	struct ab_view rest = {text->data, text->len};
	size_t count = 0;

	while (rest.len > 0) {
		const struct ab_view line = fuzz_line(&rest);
		count += part == NULL || program_contains(line, part);
	}
	return count;
}

/* The states that came in. */
static inline size_t
program_states(const struct program_input *input)
{
	const struct ab_dialect *dialect = input->singer ? &ab_singer_dialect : &ab_airbyte_dialect;
	struct ab_view rest = {input->lines.data, input->lines.len};
	struct ab_message_reader reader;
	struct ab_message message;
	struct ab_error err;
	size_t count = 0;

	ab_message_init(&reader);
	while (rest.len > 0) {
		const struct ab_view line = fuzz_line(&rest);
		count += dialect->parse(&reader, line, &message, &err) == 0 &&
			 message.kind == AB_MESSAGE_STATE;
	}
	ab_message_release(&reader);
	return count;
}

/* A failure says why, once and last; a run that went well let every state go. */
static inline void
check_end(const struct program_input *input, int code)
{
	const struct ab_buf *said = input->singer ? &world.log : &world.out;
	const char *line = said->data + said->len;

	CHECK(code == 0 || code == 1);
	check_secrecy((struct ab_view){world.log.data, world.log.len});
	while (line > said->data + 1 && line[-2] != '\n')
		line--;
	if (said->len > 0)
		line--;
	const char *failure = input->singer ? "CRITICAL " : "{\"type\":\"TRACE\"";
	CHECK((strncmp(line, failure, strlen(failure)) == 0) == (code == 1));
	if (code == 1)
		return;
	if (strcmp(input->command, "write") == 0 || strcmp(input->command, "job") == 0)
		CHECK(program_count(&world.out, "{\"type\":\"LOG\"") + program_states(input) ==
		      program_count(&world.out, NULL));
	if (strcmp(input->command, "load") == 0)
		CHECK(program_states(input) == program_count(&world.out, NULL));
}

/* --- what goes in ---------------------------------------------------------------------------- */

static inline void
note_secret(const char *text)
{
	program_input.secret = program_input.secret || strcmp(text, SECRET) == 0;
}

/* A reject file of the input's would be written to wherever it says. */
static inline void
fill_config(
    struct program_input *input, const struct ab_destination *destination, struct ab_view text)
{
	char *copy = ab_memdup(text.data, text.len);
	cJSON *config = cJSON_ParseWithLengthOpts(copy, text.len + 1, NULL, 1);
	cJSON *spec = cJSON_Parse((const char *)destination->spec);

	input->secret = false;
	ab_config_secrets(&(struct ab_config){.document = config, .spec = spec}, note_secret);
	cJSON_Delete(spec);
	if (cJSON_HasObjectItem(config, "reject_file")) {
		while (cJSON_HasObjectItem(config, "reject_file"))
			cJSON_DeleteItemFromObject(config, "reject_file");
		cJSON_AddStringToObject(config, "reject_file", "/dev/null");
		char *changed = cJSON_Print(config);
		fuzz_fill(&input->config, (struct ab_view){changed, strlen(changed)});
		free(changed);
	} else {
		fuzz_fill(&input->config, text);
	}
	cJSON_Delete(config);
	free(copy);
}

static inline void
read_input(
    struct program_input *input, const struct ab_destination *destination, struct ab_view text)
{
	const struct ab_view command = fuzz_line(&text);

	snprintf(input->command, sizeof(input->command), "%.*s", (int)command.len, command.data);
	input->singer = strcmp(input->command, "load") == 0 || strcmp(input->command, "test") == 0;
	fill_config(input, destination, fuzz_line(&text));
	fuzz_fill(&input->catalog, fuzz_line(&text));
	ab_buf_init(&input->lines, WORLD_BYTES_MAX);
	ab_buf_init(&input->replies, WORLD_BYTES_MAX);
	while (text.len > 0) {
		struct ab_view line = fuzz_line(&text);
		struct ab_buf *to = take(&line, '<') ? &input->replies : &input->lines;
		ab_buf_add(to, line.data, line.len);
		ab_buf_add_char(to, '\n');
	}
	fuzz_fill(&input->messages, (struct ab_view){input->lines.data, input->lines.len});
	lseek(input->messages.fd, 0, SEEK_SET);
	CHECK(dup2(input->messages.fd, STDIN_FILENO) == STDIN_FILENO);
}

/* --- the run --------------------------------------------------------------------------------- */

static inline int
program_main(struct program_input *input, const struct ab_destination *destination)
{
	char name[64];
	const char *command = input->command;
	char *argv[] = {name, (char *)(uintptr_t)command, (char *)(uintptr_t) "--config",
	    input->config.path, (char *)(uintptr_t) "--catalog", input->catalog.path, NULL};
	int argc = 4;

	optind = 0;
	unsetenv("WORKER_JOB_ID");
	snprintf(name, sizeof(name), "%s", destination->name);
	if (input->singer) {
		snprintf(name, sizeof(name), "target-x");
		argv[1] = (char *)(uintptr_t)(strcmp(command, "test") == 0 ? "--test" : "-v");
	} else if (strcmp(command, "job") == 0) {
		setenv("WORKER_JOB_ID", "7", 1);
		argv[1] = (char *)(uintptr_t) "write";
	}
	if (!input->singer && strcmp(argv[1], "write") == 0)
		argc = 6;
	return ab_destination_main(argc, argv, destination);
}

/* healthy: the body of the 200 with which the service answers where the input says nothing. */
static inline void
fuzz_program(const struct ab_destination *destination,
    const char *(*healthy)(const struct world_call *call), struct ab_view text)
{
	static const char *const commands[] = {
	    "write", "job", "check", "discover", "load", "test", NULL};
	struct program_input *input = &program_input;
	size_t known = 0;

	read_input(input, destination, text);
	while (commands[known] != NULL && strcmp(commands[known], input->command) != 0)
		known++;
	if (commands[known] != NULL) {
		world.healthy = healthy;
		world.written = input->singer ? check_states : check_airbyte;
		world_begin((struct ab_view){input->replies.data, input->replies.len});
		check_end(input, program_main(input, destination));
		world_end();
	}
	ab_buf_release(&input->lines);
	ab_buf_release(&input->replies);
}

#endif
