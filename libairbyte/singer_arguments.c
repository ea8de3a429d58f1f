#include "singer_arguments.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2
#define COUNT_MAX 1e9
#define DELAY_MAX_S 3600.0

enum {
	OPTION_ABOUT = 256,
	OPTION_FORMAT,
	OPTION_TEST,
	OPTION_VERSION,
	OPTION_RECORDS,
	OPTION_BYTES,
	OPTION_DELAY,
	OPTION_ATTEMPTS
};

/* --- reading --- */

static void
print_help(const char *name)
{
	printf(
	    "%s: a Singer target\n\n"
	    "  %s --config FILE < singer > states\n"
	    "  %s --config FILE --test       is the configuration right?\n"
	    "  %s --about [--format=json]    the settings, as JSON\n\n"
	    "  -c, --config FILE   the settings, a JSON object\n"
	    "  --batch_records N   records of a request at most\n"
	    "  --batch_bytes N     bytes of them at most\n"
	    "  --request_delay S   seconds to pause after each request\n"
	    "  --attempts N        tries of a request at most\n"
	    "  -v, --verbose       also the time of each request\n"
	    "  -q, --quiet         only warnings and errors\n"
	    "  --help, --version\n\n"
	    "States go to stdout once everything before them is stored; the log goes to stderr.\n",
	    name, name, name, name);
}

static int
refuse(const char *name, const char *what, const char *which)
{
	fprintf(stderr, "%s: %s%s; see %s --help\n", name, what, which, name);
	return EXIT_USAGE;
}

/* A letter may stand among others, and then getopt is not through with the word. */
static int
refuse_option(const char *name, const char *word)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const bool is_letter =
	    optopt != 0 && optopt < OPTION_ABOUT && strchr("vqh", optopt) == NULL;

	return refuse(name, "unknown option ", is_letter ? letter : word);
}

/* A number above 0 (least: or as little) up to most. */
static bool
read_number(const char *text, double least, double most, double *number)
{
	char *end = NULL;

	errno = 0;
	*number = strtod(text, &end);
	return end != text && *end == '\0' && errno == 0 && isfinite(*number) && *number >= least &&
	       *number <= most;
}

static bool
read_count(const char *text, size_t *count)
{
	double number = 0;

	if (!read_number(text, 1, COUNT_MAX, &number) || (double)(size_t)number != number)
		return false;
	*count = (size_t)number;
	return true;
}

/* Returns false if the value of an option is wrong. */
static bool
take_value(struct ab_singer_arguments *arguments, int option, const char *value)
{
	size_t attempts = 0;

	switch (option) {
	case 'c':
		if (arguments->config != NULL)
			return false;
		arguments->config = value;
		return true;
	case OPTION_FORMAT:
		return strcmp(value, "json") == 0;
	case OPTION_RECORDS:
		return read_count(value, &arguments->batch_records);
	case OPTION_BYTES:
		return read_count(value, &arguments->batch_bytes);
	case OPTION_DELAY:
		return read_number(value, 0, DELAY_MAX_S, &arguments->request_delay);
	default:
		if (!read_count(value, &attempts) || attempts > AB_RETRY_DELAYS_MAX + 1)
			return false;
		arguments->attempts = (unsigned)attempts;
		return true;
	}
}

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"about", no_argument, NULL, OPTION_ABOUT},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"test", no_argument, NULL, OPTION_TEST},
    {"batch_records", required_argument, NULL, OPTION_RECORDS},
    {"batch_bytes", required_argument, NULL, OPTION_BYTES},
    {"request_delay", required_argument, NULL, OPTION_DELAY},
    {"attempts", required_argument, NULL, OPTION_ATTEMPTS},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int
refuse_value(const char *name, int option, const char *value)
{
	const struct option *one = options;

	while (one->val != option)
		one++;
	fprintf(stderr, "%s: --%s cannot be %s%s; see %s --help\n", name, one->name,
	    option == 'c' ? "given twice: " : "", value, name);
	return EXIT_USAGE;
}

/* By the names that people give it. */
static bool
is_standard_input(const char *path)
{
	static const char *const names[] = {"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(path, names[i]) == 0)
			return true;
	}
	return false;
}

/* Returns -1 to go on, else the exit code. */
static int
check(const struct ab_singer_arguments *arguments, const char *name)
{
	if (arguments->task == AB_SINGER_ABOUT)
		return -1;
	if (arguments->config == NULL)
		return refuse(name, "--config FILE is missing", "");
	if (arguments->task == AB_SINGER_LOAD && is_standard_input(arguments->config))
		return refuse(name, "standard input is for the stream, so --config cannot be ",
		    arguments->config);
	return -1;
}

int
ab_singer_arguments_read(struct ab_singer_arguments *arguments, int argc, char *argv[],
    const char *name, const char *version)
{
	int option = 0;

	*arguments = (struct ab_singer_arguments){.task = AB_SINGER_LOAD, .request_delay = -1};
	opterr = 0;
	optind = 0; /* or a letter of a command line before goes on */
	while ((option = getopt_long(argc, argv, ":c:vqh", options, NULL)) != -1) {
		switch (option) {
		case OPTION_ABOUT:
			arguments->task = AB_SINGER_ABOUT;
			break;
		case OPTION_TEST:
			arguments->task = AB_SINGER_TEST;
			break;
		case 'v':
			arguments->verbose = true;
			break;
		case 'q':
			arguments->quiet = true;
			break;
		case 'h':
			print_help(name);
			return EXIT_SUCCESS;
		case OPTION_VERSION:
			printf("%s %s\n", name, version);
			return EXIT_SUCCESS;
		case ':':
			return refuse(name, "a value must follow ", argv[optind - 1]);
		case '?':
			return refuse_option(name, argv[optind - 1]);
		default:
			if (!take_value(arguments, option, optarg))
				return refuse_value(name, option, optarg);
		}
	}
	if (optind < argc)
		return refuse(name, "unexpected argument ", argv[optind]);
	return check(arguments, name);
}

/* --- applying --- */

static bool
has_field(const struct ab_config *config, const char *name)
{
	const cJSON *form =
	    cJSON_GetObjectItemCaseSensitive(config->spec, "connectionSpecification");
	const cJSON *fields = cJSON_GetObjectItemCaseSensitive(form, "properties");

	return cJSON_GetObjectItemCaseSensitive(fields, name) != NULL;
}

static void
set_field(struct ab_config *config, const char *name, bool given, double value)
{
	if (!given || !has_field(config, name))
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(config->document, name);
	cJSON_AddNumberToObject(config->document, name, value);
}

void
ab_singer_arguments_configure(const struct ab_singer_arguments *arguments, struct ab_config *config)
{
	set_field(config, "batch_records", arguments->batch_records > 0,
	    (double)arguments->batch_records);
	set_field(
	    config, "batch_bytes", arguments->batch_bytes > 0, (double)arguments->batch_bytes);
	set_field(config, "request_delay", arguments->request_delay >= 0, arguments->request_delay);
	set_field(config, "attempts", arguments->attempts > 0, arguments->attempts);
}

static void
lower(size_t *limit, size_t wanted)
{
	if (wanted > 0 && wanted < *limit)
		*limit = wanted;
}

/* Waits beyond those of the policy are as long as its last. */
static void
set_attempts(struct ab_retry_policy *retry, unsigned attempts)
{
	const int64_t last = retry->delays > 0 ? retry->delays_ms[retry->delays - 1] : 0;

	for (unsigned i = retry->delays; i < attempts - 1; i++)
		retry->delays_ms[i] = last;
	retry->delays = attempts - 1;
}

void
ab_singer_arguments_limit(const struct ab_singer_arguments *arguments,
    const struct ab_config *config, struct ab_limits *limits)
{
	if (!has_field(config, "batch_records"))
		lower(&limits->batch_records, arguments->batch_records);
	if (!has_field(config, "batch_bytes"))
		lower(&limits->batch_bytes, arguments->batch_bytes);
	if (!has_field(config, "request_delay") && arguments->request_delay > 0)
		limits->pause_ms = (int64_t)(arguments->request_delay * 1000);
	if (!has_field(config, "attempts") && arguments->attempts > 0)
		set_attempts(&limits->retry, arguments->attempts);
}
