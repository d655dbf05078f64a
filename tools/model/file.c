// SPDX-License-Identifier: MIT
/*
 * Whole files in and out: bounded reads, and writes that replace a file atomically.
 */
#include "tools/model/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/status.h"

static enum eb_status open_error(const char *path)
{
	enum eb_status status = errno == ENOMEM ? EB_OUT_OF_MEMORY : EB_INVALID_ARGUMENT;

	return eb_fail(status, "%s: can not be opened: %s; check the path", path, strerror(errno));
}

/* Opens a regular file for reading; its size goes to *ret_size. */
static enum eb_status open_regular(const char *path, int *ret_descriptor, size_t *ret_size)
{
	struct stat attributes;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return open_error(path);
	if (fstat(descriptor, &attributes) < 0 || !S_ISREG(attributes.st_mode)) {
		close(descriptor);
		return eb_fail(EB_INVALID_ARGUMENT, "%s: is not a regular file; name a file", path);
	}
	*ret_descriptor = descriptor;
	*ret_size = (size_t)attributes.st_size;
	return EB_OK;
}

static enum eb_status read_all(int descriptor, const char *path, char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t count = read(descriptor, bytes + done, size - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return eb_fail(EB_INVALID_ARGUMENT, "%s: read stopped after %zu of %zu bytes: %s",
				       path, done, size, count ? strerror(errno) : "end of file");
		done += (size_t)count;
	}
	return EB_OK;
}

enum eb_status eb_file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_size)
{
	enum eb_status status;
	int descriptor;
	size_t size;
	char *bytes;

	status = open_regular(path, &descriptor, &size);
	if (status)
		return status;
	if (size > limit) {
		close(descriptor);
		return eb_fail(EB_INVALID_ARGUMENT, "%s: has %zu bytes, at most %zu are expected",
			       path, size, limit);
	}
	bytes = malloc(size + 1);
	if (!bytes) {
		close(descriptor);
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for %zu bytes", path, size);
	}
	status = read_all(descriptor, path, bytes, size);
	close(descriptor);
	if (status) {
		free(bytes);
		return status;
	}
	bytes[size] = '\0';
	*ret_bytes = bytes;
	*ret_size = size;
	return EB_OK;
}

enum eb_status eb_file_map(const char *path, const uint8_t **ret_bytes, size_t *ret_size)
{
	enum eb_status status;
	int descriptor;
	size_t size;
	void *map;

	status = open_regular(path, &descriptor, &size);
	if (status)
		return status;
	if (size == 0) {
		close(descriptor);
		return eb_fail(EB_INVALID_ARGUMENT, "%s: is empty", path);
	}
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	close(descriptor);
	if (map == MAP_FAILED)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: can not be mapped: %s", path, strerror(errno));
	*ret_bytes = map;
	*ret_size = size;
	return EB_OK;
}

static int write_all(int descriptor, const void *bytes, size_t size)
{
	const char *next = bytes;

	while (size > 0) {
		ssize_t count = write(descriptor, next, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		next += count;
		size -= (size_t)count;
	}
	return 0;
}

static int write_zeroes(int descriptor, size_t size)
{
	static const char zeroes[4096];
	int error = 0;

	while (size > 0 && !error) {
		size_t count = size < sizeof(zeroes) ? size : sizeof(zeroes);

		error = write_all(descriptor, zeroes, count);
		size -= count;
	}
	return error;
}

static int write_parts(int descriptor, const struct eb_file_part *parts, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		if (parts[i].bytes)
			error = write_all(descriptor, parts[i].bytes, parts[i].size);
		else
			error = write_zeroes(descriptor, parts[i].size);
	}
	if (!error && fsync(descriptor) < 0)
		error = -errno;
	return error;
}

/* A name of this process alone; what a killed process of that name left behind is removed. */
static int open_temporary(const char *path)
{
	unlink(path);
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

enum eb_status eb_file_replace(const char *path, const struct eb_file_part *parts, size_t count)
{
	enum eb_status status = EB_OK;
	int descriptor, error;
	char *temporary;

	if (asprintf(&temporary, "%s.%d.tmp", path, (int)getpid()) < 0)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory to write it", path);
	descriptor = open_temporary(temporary);
	if (descriptor < 0) {
		status = eb_fail(EB_INVALID_ARGUMENT, "%s: can not be created: %s; check the folder",
				 temporary, strerror(errno));
		free(temporary);
		return status;
	}
	error = write_parts(descriptor, parts, count);
	if (close(descriptor) < 0 && !error)
		error = -errno;
	if (!error && rename(temporary, path) < 0)
		error = -errno;
	if (error) {
		status = eb_fail(EB_INVALID_ARGUMENT, "%s: can not be written: %s", path,
				 strerror(-error));
		unlink(temporary);
	}
	free(temporary);
	return status;
}

char *eb_path_join(const char *directory, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}
