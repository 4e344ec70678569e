/* Which column names look personal. */
#include "plan/personal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_names(void **state)
{
	static const char *const yes[] = {
		"email", "E-Mail", "customerEmail", "guest_phone", "PHONE_2", "name", "first name", "lastName", "ip_addr",
		"client_ip", "macAddress", "imei", "birth_date", "receiver", "billing street", "product_id_name",
	};
	static const char *const no[] = {
		"id", "total", "created_at", "file_name", "productName", "shipped", "mailing", "unique", "zippedfile", "",
		"42", "status name", "machine", "hostname",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!personal_name(yes[i]))
			fail_msg("%s does not look personal", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (personal_name(no[i]))
			fail_msg("%s looks personal", no[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
