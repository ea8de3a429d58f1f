#include "json_escape.h"

char *
ab_json_escape_unit(char *to, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'u';
	to[2] = hex[unit >> 12 & 0xF];
	to[3] = hex[unit >> 8 & 0xF];
	to[4] = hex[unit >> 4 & 0xF];
	to[5] = hex[unit & 0xF];
	return to + 6;
}

char *
ab_json_escape(char *to, uint32_t character)
{
	char letter;

	switch (character) {
	case '"':
	case '\\':
		letter = (char)character;
		break;
	case '\b':
		letter = 'b';
		break;
	case '\f':
		letter = 'f';
		break;
	case '\n':
		letter = 'n';
		break;
	case '\r':
		letter = 'r';
		break;
	case '\t':
		letter = 't';
		break;
	default:
		return ab_json_escape_unit(to, character);
	}
	to[0] = '\\';
	to[1] = letter;
	return to + 2;
}
