/* SHA-256 as it is shown everywhere: "sha256:" and 64 hex digits. */
#ifndef PGRETAIN_BASE_DIGEST_H
#define PGRETAIN_BASE_DIGEST_H

#include "base/util.h"

#define DIGEST_TEXT 72
void digest_text(const void *bytes, size_t n, char into[DIGEST_TEXT]);
/* Of everything that can be read from a file descriptor, from its start; false: errno says why not. */
bool digest_file(int fd, char into[DIGEST_TEXT]) must_use;

#endif
