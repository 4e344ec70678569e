/* Included by the compiler before every file (Makefile: -include): functions that have hurt others.
 * After git's banned.h. */
#ifndef PGRETAIN_BASE_BANNED_H
#define PGRETAIN_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* macros of the fortified libc under clang */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok localtime gmtime ctime asctime
#pragma GCC poison atoi atol atof gets system

#endif
