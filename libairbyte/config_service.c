#include "config.h"

#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "buf.h"
#include "emit.h"

#define URL_MAX 1024

/* The parts of a URL; the authority is host and port, and what may stand before them. */
struct parts {
	const char *authority;
	size_t authority_len;
	const char *path; /* what comes after it, up to the NUL */
};

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= ' ' || (unsigned char)*text > '~')
			return false;
	}
	return true;
}

static const char *
text_of(const struct ab_config *config, const char *name)
{
	const char *text = ab_config_string(config, name);

	return text != NULL ? text : "";
}

static void
split(struct parts *parts, const char *url)
{
	const size_t slash = strcspn(url, "/");
	const bool has_scheme = slash > 0 && strncmp(url + slash - 1, "://", 3) == 0;

	parts->authority = has_scheme ? url + slash + 2 : url;
	parts->authority_len = strcspn(parts->authority, "/?#");
	parts->path = parts->authority + parts->authority_len;
}

/* "host", "host:8080" or "[::1]:8080". */
static bool
is_host(const char *text, size_t len)
{
	size_t host = len;

	while (host > 0 && text[host - 1] >= '0' && text[host - 1] <= '9')
		host--;
	host = host > 0 && host < len && text[host - 1] == ':' ? host - 1 : len;
	if (host == 0)
		return false;
	return text[0] == '[' ? text[host - 1] == ']' : memchr(text, ':', host) == NULL;
}

static bool
is_url(const char *url, const struct parts *parts)
{
	const size_t scheme = (size_t)(parts->authority - url);
	const bool known = scheme == 0 || (scheme == 8 && strncasecmp(url, "https", 5) == 0) ||
			   (scheme == 7 && strncasecmp(url, "http", 4) == 0);

	return known && strlen(url) <= URL_MAX && is_printable(url) && strpbrk(url, "?#") == NULL &&
	       is_host(parts->authority, parts->authority_len);
}

static bool
is_named(const struct parts *parts, const char *host)
{
	const size_t len = strlen(host);

	return strncasecmp(parts->authority, host, len) == 0 &&
	       (parts->authority_len == len || parts->authority[len] == ':');
}

/* Whether a host is this machine, as far as its spelling says. */
static bool
is_here(const struct parts *parts)
{
	return is_named(parts, "localhost") || is_named(parts, "[::1]") ||
	       (strncmp(parts->authority, "127.", 4) == 0 &&
		   strspn(parts->authority, "0123456789.:") >= parts->authority_len);
}

static void
warn_if_clear(const char *name, const char *url, const struct parts *parts)
{
	if (strncasecmp(url, "http://", 7) == 0 && !is_here(parts))
		ab_emit_log(AB_WARN,
		    "%s begins with http://: credentials and records can be read on their way to "
		    "%.*s; with https:// they cannot",
		    name, (int)parts->authority_len, parts->authority);
}

/* The length of a path without the slashes at its end. */
static size_t
trim_slashes(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] == '/')
		len--;
	return len;
}

int
ab_config_url(const struct ab_config *config, const char *name, const char *suffix,
    const char *example, char **url, struct ab_error *err)
{
	const char *text = text_of(config, name);
	struct parts parts;
	struct ab_buf whole;

	split(&parts, text);
	/* It would be printed with every error. */
	if (memchr(parts.authority, '@', parts.authority_len) != NULL)
		return ab_fail(
		    err, AB_CONFIG_ERROR, "%s must not hold a user name or password", name);
	if (!is_url(text, &parts))
		return ab_fail(err, AB_CONFIG_ERROR, "%s must be a URL such as %s", name, example);
	warn_if_clear(name, text, &parts);
	size_t len = trim_slashes(parts.path, strlen(parts.path));
	const size_t cut = suffix != NULL ? strlen(suffix) : 0;
	if (cut > 0 && len >= cut && memcmp(parts.path + len - cut, suffix, cut) == 0)
		len = trim_slashes(parts.path, len - cut);
	ab_buf_init(&whole, URL_MAX + strlen("https://"));
	ab_buf_add_text(&whole, parts.authority == text ? "https://" : "");
	ab_buf_add(&whole, text, (size_t)(parts.path - text) + len);
	*url = ab_memdup(whole.data, whole.len);
	ab_buf_release(&whole);
	return 0;
}

int
ab_config_credential(const struct ab_config *config, const char *name, size_t max,
    const char *example, const char **text, struct ab_error *err)
{
	const char *given = text_of(config, name);

	if (given[0] == '\0' || !is_printable(given))
		return ab_fail(err, AB_CONFIG_ERROR,
		    "%s must look like %s, without blanks or line ends", name, example);
	if (strlen(given) > max)
		return ab_fail(err, AB_CONFIG_ERROR, "%s is longer than %zu bytes", name, max);
	*text = given;
	return 0;
}
