/*
 * Makes system calls and allocations of a program fail, by LD_PRELOAD: what a test cannot bring
 * about from outside at a certain point.
 *
 * FAULTS is a list of call:descriptor:when:effect, a comma between them, of which the first that
 * fits counts:
 *   call        read, write, pread, pwrite, fdatasync; malloc stands for all allocations
 *   descriptor  a number; "file" for regular files; "-" for any
 *   when        counted from 1 for each of the list: "3", "3-" from there on, "3/2" and each second
 *               after it
 *   effect      a number: so many bytes at most are moved; or EINTR, EIO, ENOSPC, ENOMEM, EAGAIN
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAULTS_MAX 8

struct fault {
	char call[16];
	char descriptor[8];
	unsigned first, step;
	bool on; /* from first on */
	size_t bytes;
	int cause; /* 0: bytes counts */
	atomic_uint calls;
};

static struct fault faults[FAULTS_MAX];
static size_t count;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static int
cause_of(const char *name)
{
	static const struct {
		const char *name;
		int cause;
	} causes[] = {{"EINTR", EINTR}, {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"ENOMEM", ENOMEM},
	    {"EAGAIN", EAGAIN}};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (strcmp(name, causes[i].name) == 0)
			return causes[i].cause;
	}
	return 0;
}

__attribute__((constructor)) static void
read_faults(void)
{
	const char *at = getenv("FAULTS");
	size_t read = 0;

	while (at != NULL && *at != '\0' && read < FAULTS_MAX) {
		struct fault *fault = &faults[read++];
		char when[16] = "";
		char effect[16] = "";
		int len = 0;
		if (sscanf(at, "%15[^:]:%7[^:]:%15[^:]:%15[^,]%n", fault->call, fault->descriptor,
			when, effect, &len) != 4)
			abort();
		fault->first = (unsigned)strtoul(when, NULL, 10);
		fault->on = strchr(when, '-') != NULL;
		const char *step = strchr(when, '/');
		fault->step = step != NULL ? (unsigned)strtoul(step + 1, NULL, 10) : 0;
		fault->cause = cause_of(effect);
		fault->bytes = strtoul(effect, NULL, 10);
		at += len + (at[len] == ',' ? 1 : 0);
	}
	count = read;
}

static bool
is_of(const struct fault *fault, const char *call, int fd)
{
	struct stat about;

	if (strcmp(fault->call, call) != 0)
		return false;
	if (strcmp(fault->descriptor, "file") == 0)
		return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
	return fault->descriptor[0] == '-' || atoi(fault->descriptor) == fd;
}

static bool
is_due(struct fault *fault)
{
	const unsigned n = atomic_fetch_add(&fault->calls, 1) + 1;

	if (n <= fault->first || fault->on)
		return n >= fault->first;
	return fault->step > 0 && (n - fault->first) % fault->step == 0;
}

/* Whether a call fails, with errno set; else *bytes becomes what it may move. */
static bool
fails(const char *call, int fd, size_t *bytes)
{
	for (size_t i = 0; i < count; i++) {
		struct fault *fault = &faults[i];
		if (!is_of(fault, call, fd) || !is_due(fault))
			continue;
		if (fault->cause != 0) {
			errno = fault->cause;
			return true;
		}
		if (bytes != NULL && fault->bytes < *bytes)
			*bytes = fault->bytes;
		return false;
	}
	return false;
}

ssize_t
read(int fd, void *to, size_t bytes)
{
	return fails("read", fd, &bytes) ? -1 : syscall(SYS_read, fd, to, bytes);
}

ssize_t
write(int fd, const void *from, size_t bytes)
{
	return fails("write", fd, &bytes) ? -1 : syscall(SYS_write, fd, from, bytes);
}

ssize_t
pread(int fd, void *to, size_t bytes, off_t offset)
{
	return fails("pread", fd, &bytes) ? -1 : syscall(SYS_pread64, fd, to, bytes, offset);
}

ssize_t
pwrite(int fd, const void *from, size_t bytes, off_t offset)
{
	return fails("pwrite", fd, &bytes) ? -1 : syscall(SYS_pwrite64, fd, from, bytes, offset);
}

int
fdatasync(int fd)
{
	return fails("fdatasync", fd, NULL) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

void *
malloc(size_t size)
{
	return fails("malloc", -1, NULL) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails("malloc", -1, NULL) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails("malloc", -1, NULL) ? NULL : __libc_realloc(old, size);
}
