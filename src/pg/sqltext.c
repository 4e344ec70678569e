#include "pg/sqltext.h"

const char *sqltext_get(const char *name)
{
	for (const struct sqltext *t = sqltext_all; t->name; t++)
		if (streq(t->name, name))
			return t->text;
	bug(__FILE__, __LINE__, name);
}
