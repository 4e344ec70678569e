/* Connection strings, read as far as needed to keep secrets out of the configuration. */
#ifndef PGRETAIN_CONF_CONNINFO_H
#define PGRETAIN_CONF_CONNINFO_H

#include "base/util.h"

/* False: *why says what is wrong (a password, no keyword = value, …), without quoting anything.
 * Both of libpq's forms are read: `host=… service=…` and postgresql:// URIs. */
bool conninfo_check(const char *conninfo, const char **why) must_use;

/* For any string that may be shown to people: does it look like it holds a password? Errs on the
 * side of yes. */
bool conninfo_has_secret(const char *text) must_use;

#endif
