/* Archives in one file: custom, tar, plain, and these two inside gzip, lz4 and zstd. */
#include "archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32], out[PATH_MAX + 8];
	int fd = fuzz_file(data, size, path);

	snprintf(out, sizeof(out), "%s/out", fuzz_folder());
	exercise(path, out);
	close(fd);
	return 0;
}
