/*
 * urls.h: pure: which source URLs Dust takes.
 */
#ifndef DUST_URLS_H
#define DUST_URLS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether Dust surely takes the text as a source_url: http or https, a host that JavaScript's URL
 * parser accepts, no blanks or controls, and no `//` in its path. It is stricter than the server in
 * rare cases (user names, IPv6 and international hosts), since one URL the server dislikes would
 * make it refuse the document.
 */
bool dust_url_good(const char *text, size_t len);

#endif
