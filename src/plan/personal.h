/* Column names that look personal (personal.def). A guess for warnings: only people know. */
#ifndef PGRETAIN_PLAN_PERSONAL_H
#define PGRETAIN_PLAN_PERSONAL_H

#include "base/util.h"

bool personal_name(const char *column);

#endif
