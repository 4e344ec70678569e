/* Directory archives: several files in one input. */
#include "archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[PATH_MAX + 8];
	const char *folder = fuzz_folder();

	snprintf(out, sizeof(out), "%s.out", folder);
	fuzz_files(data, size, fuzz_put_file);
	exercise(folder, out);
	return 0;
}
