#include "conf/reference.h"

#include "conf/sections.h"

static const struct conf_section *const sections[] = {
	&section_main, &section_included, &section_database, &section_limits,
	&section_class, &section_floor, &section_standard,
	&section_tables_file, &section_rule, &section_start_column, &section_start_latest,
	&section_anonymity, &section_child, &section_subject_path, &section_exempt,
	&section_job_file, &section_job, &section_throttle,
	&section_subject, &section_identifier, &section_jurisdiction, &section_backup,
	&section_recipient,
};

size_t conf_keys(struct arena *a, const struct conf_key_doc **ret)
{
	struct conf_reader r = { .arena = a };
	VEC(struct conf_key_doc) rows = { NULL, 0, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		for (const struct conf_key *k = sections[i]->keys; k->name; k++)
			vec_push(a, &rows, ((struct conf_key_doc){
				.section = sections[i]->name, .key = k->name, .type = k->type->word,
				.allowed = conf_allowed(&r, k), .meaning = k->meaning,
				.required = k->required,
			}));
	*ret = rows.v;
	return rows.n;
}
