/* The tables of keys, one section a kind of thing. */
#ifndef PGRETAIN_CONF_SECTIONS_H
#define PGRETAIN_CONF_SECTIONS_H

#include "conf/keys.h"

extern const struct conf_section section_main, section_included, section_tables_file,
	section_job_file;
extern const struct conf_section section_database, section_limits;
extern const struct conf_section section_class, section_floor, section_standard;
extern const struct conf_section section_rule, section_exempt, section_anonymity,
	section_start_column,
	section_start_latest, section_column, section_child, section_subject_path;
extern const struct conf_section section_subject, section_identifier, section_jurisdiction;
extern const struct conf_section section_backup, section_recipient, section_job, section_throttle;

extern const char *const action_words[];	/* without "none": the first is ACTION_DELETE */

/* start, events.NAME: "col", [ "a", "b" ], ( "a", { column; unit } ), { latest = … }, { column;
 * unit }. */
extern const struct conf_type conf_start, conf_events;
extern const struct conf_type conf_columns, conf_children, conf_subjects;
/* Text that must be a period; text that must be a term of a jurisdiction ("15 working days"). */
extern const struct conf_type conf_period_text, conf_term_text;
/* A command: a list of arguments, ended by NULL, its program a name for PATH or a path beside the file. */
extern const struct conf_type conf_argv;

/* What holds between things: names that must exist, actions, events, chains. After everything is
 * read. */
void conf_check(struct conf_reader *r);
void conf_check_rules(struct conf_reader *r);
void conf_check_recipients(struct conf_reader *r);

#endif
