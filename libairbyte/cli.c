#include <cjson/cJSON.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "catalog.h"
#include "clock.h"
#include "config.h"
#include "destination.h"
#include "emit.h"
#include "exchange.h"
#include "http.h"
#include "secret.h"
#include "sync.h"

/* For check and discover. The platform's limit is 9 minutes; a person at a form has less patience.
 */
#define ANSWER_MS 55000
#define ANSWER_REQUEST_MS 15000
#define EXIT_USAGE 2

struct arguments {
	const char *command;
	const char *config;
	const char *catalog;
};

/* --- signals ------------------------------------------------------------------------------- */

/* Dies by the signal, so that whoever waits sees it; PID 1 cannot, it exits with the shell's code.
 */
static void
on_terminate(int number)
{
	signal(number, SIG_DFL);
	raise(number);
	_exit(128 + number);
}

static void
handle_signals(void)
{
	struct sigaction action = {.sa_handler = on_terminate, .sa_flags = SA_NODEFER};

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

/* --- descriptors --------------------------------------------------------------------------- */

/* A closed standard descriptor would become the first socket we open, and messages would go to the
 * service. In its place comes one that fails at the first read or write. */
static void
hold_descriptors(void)
{
	static const int flags[] = {O_WRONLY, O_RDONLY, O_WRONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			_exit(EXIT_FAILURE);
	}
}

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
			return refuse_usage(name, "unknown option ", argv[optind - 1]);
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

/* What a command works with. */
struct session {
	const struct ab_destination *destination;
	cJSON *spec;
	struct ab_config config;
	void *self;
	struct ab_limits limits;
};

/* Reads the configuration. Failing here is a fault of how the connector was called. */
static int
read_session(struct session *session, const char *config_path, struct ab_error *err)
{
	session->spec = cJSON_Parse((const char *)session->destination->spec);
	if (session->spec == NULL)
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "the embedded specification is not valid JSON");
	if (ab_config_read(&session->config, config_path, session->spec, err) != 0)
		return -1;
	ab_config_secrets(&session->config, ab_secret_add);
	return 0;
}

/* Gives the configuration to the connector. Failing here is the configuration's fault. */
static int
open_session(struct session *session, struct ab_error *err)
{
	const struct ab_destination *destination = session->destination;
	void *self = NULL;

	if (ab_config_check(&session->config, err) != 0)
		return -1;
	const char *unknown = ab_config_unknown(&session->config, !destination->stream_settings);
	if (unknown != NULL)
		ab_emit_log(AB_WARN, "the configuration has a field that %s does not know: %.100s",
		    destination->name, unknown);
	if (destination->open(&self, &session->limits, &session->config, err) != 0)
		return -1;
	session->self = self;
	ab_sync_default_limits(&session->limits);
	return 0;
}

static void
close_session(struct session *session)
{
	if (session->self != NULL)
		session->destination->close(session->self);
	ab_config_release(&session->config);
	cJSON_Delete(session->spec);
}

/* What is known of why there is no answer. */
static void
give_up(const struct ab_exchange_set *set, struct ab_error *err)
{
	if (!ab_exchange_trouble(set, err))
		ab_fail(err, AB_TRANSIENT_ERROR, "the service did not answer within %d seconds",
		    ANSWER_MS / 1000);
}

/* Runs the one exchange of a check or a discovery; gives up when the time is over. *answer is the
 * caller's on success. */
static int
run_exchange(
    struct session *session, enum ab_phase phase, struct ab_buf *answer, struct ab_error *err)
{
	struct ab_http *http = ab_http_new(session->destination->name, ANSWER_REQUEST_MS);
	struct ab_exchange_set *set =
	    ab_exchange_set_new(session->destination, session->self, &session->limits, http);
	const int64_t give_up_ms = ab_clock_ms() + ANSWER_MS;
	struct ab_outcome outcome = {.result = AB_RESULT_FAILED};
	int rc = 0;

	ab_exchange_start(set, phase, NULL, NULL, false);
	for (;;) {
		const int64_t now_ms = ab_clock_ms();
		ab_exchange_drive(set, now_ms);
		if (ab_exchange_finished(set, &outcome))
			break;
		/* A wait beyond the time that is left helps nobody. */
		int64_t deadline = ab_exchange_deadline(set);
		if (now_ms >= give_up_ms || (deadline > give_up_ms && deadline != INT64_MAX)) {
			give_up(set, &outcome.error);
			break;
		}
		deadline = deadline < give_up_ms ? deadline : give_up_ms;
		ab_http_wait(http, -1, deadline > now_ms ? (int)(deadline - now_ms) : 0);
	}
	if (outcome.result == AB_RESULT_DONE) {
		*answer = outcome.answer;
	} else {
		*err = outcome.error;
		rc = -1;
	}
	ab_exchange_set_free(set);
	ab_http_free(http);
	return rc;
}

/* A failed check is an answer: CONNECTION_STATUS FAILED, exit code 0. A file that cannot be read is
 * a fault. */
static int
check(struct session *session, const char *config_path, struct ab_error *err)
{
	struct ab_buf answer;
	struct ab_error error;

	if (read_session(session, config_path, err) != 0)
		return -1;
	if (open_session(session, &error) == 0 &&
	    run_exchange(session, AB_CHECK, &answer, &error) == 0) {
		ab_buf_release(&answer);
		ab_emit_connection_status(NULL);
	} else {
		ab_emit_connection_status(error.message);
	}
	return 0;
}

static int
discover(struct session *session, const char *config_path, struct ab_error *err)
{
	struct ab_buf catalog;

	if (read_session(session, config_path, err) != 0 || open_session(session, err) != 0 ||
	    run_exchange(session, AB_DISCOVER, &catalog, err) != 0)
		return -1;
	ab_emit_destination_catalog((struct ab_view){catalog.data, catalog.len});
	ab_buf_release(&catalog);
	return 0;
}

static int
write_command(struct session *session, const struct arguments *arguments, struct ab_error *err)
{
	const char *medium = getenv("DATA_CHANNEL_MEDIUM");
	struct ab_catalog catalog = {0};
	int rc = -1;

	if (medium != NULL && medium[0] != '\0' && strcmp(medium, "STDIO") != 0)
		return ab_fail(err, AB_CONFIG_ERROR,
		    "DATA_CHANNEL_MEDIUM is %.32s, but this connector only reads standard input "
		    "(STDIO)",
		    medium);
	if (read_session(session, arguments->config, err) != 0 || open_session(session, err) != 0)
		return -1;
	if (ab_catalog_read(&catalog, arguments->catalog, session->spec,
		getenv("WORKER_JOB_ID") != NULL, err) != 0)
		return -1;
	const struct ab_destination *destination = session->destination;
	if (destination->streams != NULL &&
	    destination->streams(session->self, catalog.streams, catalog.count, err) != 0)
		goto out;
	const struct ab_sync_options options = {
	    .input = STDIN_FILENO,
	    .dialect = &ab_airbyte_dialect,
	    .reject_file = ab_config_string(&session->config, "reject_file"),
	};
	rc = ab_sync_write(destination, session->self, &session->limits, &catalog, &options, err);
out:
	/* The connector's state may point into the catalog: it goes first. */
	destination->close(session->self);
	session->self = NULL;
	ab_catalog_release(&catalog);
	return rc;
}

static int
run(struct session *session, const struct arguments *arguments, struct ab_error *err)
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
	struct session session = {.destination = destination};
	struct ab_error error = {.kind = AB_SYSTEM_ERROR};
	struct ab_error lost;

	hold_descriptors();
	int code = parse_arguments(argc, argv, destination, &arguments);
	if (code >= 0)
		return code;
	handle_signals();
	ab_emit_init(AB_EMIT_AIRBYTE);
	const int rc = run(&session, &arguments, &error);
	if (rc < 0)
		ab_emit_error(&error, ab_clock_unix_ms());
	code = rc < 0 ? EXIT_FAILURE : rc;
	close_session(&session);
	if (ab_emit_flush(&lost) != 0) {
		fprintf(stderr, "%s: %s\n", destination->name, lost.message);
		code = EXIT_FAILURE;
	}
	ab_emit_release();
	ab_secret_release();
	return code;
}
