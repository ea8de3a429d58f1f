#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog.h"
#include "clock.h"
#include "destination.h"
#include "emit.h"
#include "message.h"
#include "process.h"
#include "secret.h"
#include "session.h"
#include "singer.h"

#define EXIT_USAGE 2

struct arguments {
	const char *command;
	const char *config;
	const char *catalog;
};

/* --- usage --------------------------------------------------------------------------------- */

static void
print_help(const struct ab_destination *destination)
{
	const char *name = destination->name;

	printf("%s: a destination of the Airbyte protocol\n\n"
	       "  %s spec\n"
	       "  %s check --config FILE\n",
	    name, name, name);
	if (destination->discovers)
		printf("  %s discover --config FILE\n", name);
	printf(
	    "  %s write --config FILE --catalog FILE < messages\n\n"
	    "  --help, --version\n\n"
	    "Environment: LOG_LEVEL (ERROR, WARN, INFO, DEBUG), TMPDIR, HTTPS_PROXY, NO_PROXY,\n"
	    "SSL_CERT_FILE. For tests: AB_TIME_SCALE multiplies retry waits and pacing windows.\n",
	    name);
}

static int
refuse_usage(const char *name, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s%s; see %s --help\n", name, what, which, name);
	return EXIT_USAGE;
}

/* A letter may stand among others, and then getopt is not through with the word. */
static int
refuse_option(const char *name, const char *word)
{
	const char letter[] = {'-', (char)optopt, '\0'};

	return refuse_usage(
	    name, "unknown option ", optopt != 0 && strncmp(word, "--", 2) != 0 ? letter : word);
}

/* Returns -1 to go on, else the exit code. */
static int
parse_arguments(
    int argc, char *argv[], const struct ab_destination *destination, struct arguments *arguments)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"catalog", required_argument, NULL, 'g'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'v'},
	    {NULL, 0, NULL, 0},
	};
	const char *name = destination->name;
	int option = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->config = optarg;
			break;
		case 'g':
			arguments->catalog = optarg;
			break;
		case 'h':
			print_help(destination);
			return EXIT_SUCCESS;
		case 'v':
			printf("%s %s\n", name, destination->version);
			return EXIT_SUCCESS;
		case ':':
			return refuse_usage(name, "a file must follow ", argv[optind - 1]);
		default:
			return refuse_option(name, argv[optind - 1]);
		}
	}
	if (optind == argc)
		return refuse_usage(name, "a command is missing", "");
	arguments->command = argv[optind];
	if (optind + 1 < argc)
		return refuse_usage(name, "unexpected argument ", argv[optind + 1]);
	return -1;
}

/* --- commands ------------------------------------------------------------------------------ */

/* A failed check is an answer: CONNECTION_STATUS FAILED, exit code 0. A file that cannot be read is
 * a fault. */
static int
check(struct ab_session *session, const char *config_path, struct ab_error *err)
{
	struct ab_buf answer;
	struct ab_error error;

	if (ab_session_read(session, config_path, err) != 0)
		return -1;
	if (ab_session_open(session, &error) == 0 &&
	    ab_session_exchange(session, AB_CHECK, &answer, &error) == 0) {
		ab_buf_release(&answer);
		ab_emit_connection_status(NULL);
	} else {
		ab_emit_connection_status(error.message);
	}
	return 0;
}

static int
discover(struct ab_session *session, const char *config_path, struct ab_error *err)
{
	struct ab_buf catalog;

	if (ab_session_read(session, config_path, err) != 0 || ab_session_open(session, err) != 0 ||
	    ab_session_exchange(session, AB_DISCOVER, &catalog, err) != 0)
		return -1;
	ab_emit_destination_catalog((struct ab_view){catalog.data, catalog.len});
	ab_buf_release(&catalog);
	return 0;
}

static int
write_command(struct ab_session *session, const struct arguments *arguments, struct ab_error *err)
{
	const char *medium = getenv("DATA_CHANNEL_MEDIUM");
	struct ab_catalog catalog = {0};

	if (medium != NULL && medium[0] != '\0' && strcmp(medium, "STDIO") != 0)
		return ab_fail(err, AB_CONFIG_ERROR,
		    "DATA_CHANNEL_MEDIUM is %.32s, but this connector only reads standard input "
		    "(STDIO)",
		    medium);
	if (ab_session_read(session, arguments->config, err) != 0 ||
	    ab_session_open(session, err) != 0)
		return -1;
	if (ab_catalog_read(&catalog, arguments->catalog, session->spec,
		getenv("WORKER_JOB_ID") != NULL, err) != 0)
		return -1;
	return ab_session_write(session, &catalog, &ab_airbyte_dialect, false, err);
}

static int
run(struct ab_session *session, const struct arguments *arguments, struct ab_error *err)
{
	const char *command = arguments->command;
	const char *name = session->destination->name;

	if (strcmp(command, "spec") == 0) {
		ab_emit_spec(session->destination->spec);
		return 0;
	}
	if (strcmp(command, "check") == 0) {
		if (arguments->config == NULL)
			return refuse_usage(name, "check needs --config FILE", "");
		return check(session, arguments->config, err);
	}
	if (strcmp(command, "write") == 0) {
		if (arguments->config == NULL || arguments->catalog == NULL)
			return refuse_usage(
			    name, "write needs --config FILE and --catalog FILE", "");
		return write_command(session, arguments, err);
	}
	if (strcmp(command, "discover") == 0 && session->destination->discovers) {
		if (arguments->config == NULL)
			return refuse_usage(name, "discover needs --config FILE", "");
		return discover(session, arguments->config, err);
	}
	if (strcmp(command, "discover") == 0)
		return ab_fail(err, AB_CONFIG_ERROR,
		    "%s has no catalog to discover: it takes the streams of any source", name);
	return refuse_usage(name, "unknown command ", command);
}

int
ab_destination_main(int argc, char *argv[], const struct ab_destination *destination)
{
	struct arguments arguments = {0};
	struct ab_session session = {.destination = destination};
	struct ab_error error = {.kind = AB_SYSTEM_ERROR};
	struct ab_error lost;

	if (argc > 0 && ab_singer_is_target(argv[0]))
		return ab_singer_main(argc, argv, destination);
	ab_process_hold_descriptors();
	ab_process_forbid_core();
	int code = parse_arguments(argc, argv, destination, &arguments);
	if (code >= 0)
		return code;
	ab_process_handle_signals();
	ab_emit_init(AB_EMIT_AIRBYTE);
	const int rc = run(&session, &arguments, &error);
	if (rc < 0)
		ab_emit_error(&error, ab_clock_unix_ms());
	code = rc < 0 ? EXIT_FAILURE : rc;
	ab_session_close(&session);
	if (ab_emit_flush(&lost) != 0) {
		fprintf(stderr, "%s: %s\n", destination->name, lost.message);
		code = EXIT_FAILURE;
	}
	ab_emit_release();
	ab_secret_release();
	if (code != EXIT_SUCCESS)
		ab_process_end();
	return code;
}
