/* What stands before a telephone number that is written without it (ITU-T E.164). */
#ifndef PGRETAIN_PLAN_CALLING_H
#define PGRETAIN_PLAN_CALLING_H

#include "base/util.h"

/* NULL: the country is not in the list. */
const char *calling_code(const char *country);
/* Numbers of the country begin with a nought abroad too. */
bool calling_keeps_nought(const char *country);

#endif
