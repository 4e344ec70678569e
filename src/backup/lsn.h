/* Positions in the WAL as backup tools spell them. */
#ifndef PGRETAIN_BACKUP_LSN_H
#define PGRETAIN_BACKUP_LSN_H

#include "base/util.h"

#include <jansson.h>

/* How a tool means bare digits: 31557943336 and 759000028 are the same position, and each can be read as the
 * other kind of number. */
enum lsn_form { LSN_DECIMAL, LSN_HEX };

enum lsn_found { LSN_READ, LSN_ABSENT, LSN_WRONG };

/* "7/59000028"; a number; digits, by the form; with a letter A to F they are hexadecimal whatever the form.
 * Absent: NULL, null, "". Wrong: anything else, and more than 64 bits. */
enum lsn_found lsn_read(const json_t *v, enum lsn_form form, uint64_t *ret);

/* A WAL segment's name: timeline(8) log(8) segment(8), upper-case hexadecimal, with or without a suffix such as
 * ".gz" or "-abc.gz" behind it; *start is the position of its first byte. */
bool lsn_segment(const char *name, uint64_t segment_size, int64_t *timeline, uint64_t *start) must_use;

#endif
