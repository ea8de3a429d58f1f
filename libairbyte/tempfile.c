#include "tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"

void
ab_tempfile_init(struct ab_tempfile *file)
{
	*file = (struct ab_tempfile){.fd = -1};
}

void
ab_tempfile_release(struct ab_tempfile *file)
{
	if (file->fd != -1)
		close(file->fd);
	free(file->directory);
	ab_tempfile_init(file);
}

static int
open_and_unlink(const char *directory)
{
	struct ab_buf path;

	ab_buf_init(&path, SIZE_MAX / 2);
	ab_buf_printf(&path, "%s/airbyte-XXXXXX", directory);
	const int fd = mkstemp(path.data);
	const int cause = errno;
	if (fd != -1) {
		unlink(path.data);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	ab_buf_release(&path);
	errno = cause;
	return fd;
}

static int
make(struct ab_tempfile *file, struct ab_error *err)
{
	const char *set = getenv("TMPDIR");
	const char *directory = set != NULL && set[0] != '\0' ? set : "/tmp";
	const int fd = open_and_unlink(directory);

	if (fd == -1)
		return ab_fail(err, AB_SYSTEM_ERROR,
		    "cannot make a temporary file in %s: %s; set TMPDIR to a directory that can be "
		    "written to",
		    directory, strerror(errno));
	file->fd = fd;
	file->directory = ab_strdup(directory);
	return 0;
}

static int
fail_write(const struct ab_tempfile *file, int cause, struct ab_error *err)
{
	if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG)
		return ab_fail(err, AB_SYSTEM_ERROR,
		    "no room left in %s after %" PRIu64
		    " MB of temporary data of this run; give it more room, or set TMPDIR to a "
		    "directory that has it",
		    file->directory, file->end / 1000000);
	return ab_fail(err, AB_SYSTEM_ERROR, "cannot write a temporary file in %s: %s",
	    file->directory, strerror(cause));
}

int
ab_tempfile_write(
    struct ab_tempfile *file, const void *bytes, size_t len, uint64_t offset, struct ab_error *err)
{
	const char *from = bytes;

	if (file->fd == -1 && make(file, err) != 0)
		return -1;
	while (len > 0) {
		const ssize_t rc = pwrite(file->fd, from, len, (off_t)offset);
		if (rc == -1 && errno == EINTR)
			continue;
		if (rc <= 0)
			return fail_write(file, rc == 0 ? ENOSPC : errno, err);
		from += rc;
		len -= (size_t)rc;
		offset += (uint64_t)rc;
		if (offset > file->end)
			file->end = offset;
	}
	return 0;
}

int
ab_tempfile_read(
    const struct ab_tempfile *file, void *bytes, size_t len, uint64_t offset, struct ab_error *err)
{
	char *to = bytes;

	while (len > 0) {
		const ssize_t rc = pread(file->fd, to, len, (off_t)offset);
		if (rc == -1 && errno == EINTR)
			continue;
		if (rc <= 0)
			return ab_fail(err, AB_SYSTEM_ERROR,
			    "cannot read back a temporary file in %s: %s", file->directory,
			    rc == 0 ? "it is shorter than what was written" : strerror(errno));
		to += rc;
		len -= (size_t)rc;
		offset += (uint64_t)rc;
	}
	return 0;
}
