/*
 * banned.h: functions that must not be used, made to fail at compile time.
 *
 * Included on the command line for every file of ours (-include). They have no bound, keep
 * hidden state, or turn a number into a double without a report.
 */
#ifndef AB_BANNED_H
#define AB_BANNED_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__GNUC__)
#undef setjmp
#undef sprintf
#undef vsprintf
#undef alloca
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atof
#pragma GCC poison gmtime localtime setjmp longjmp alloca
#endif

#endif
