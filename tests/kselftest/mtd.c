// SPDX-License-Identifier: MIT
/*
 * The eNVM as an MTD device: raw reads, writes, erases and locks, and what is refused.
 */
#include "tests/kselftest/envm.h"

#include <dirent.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define SECTOR		4096
#define SLOT_A_START	EDGEBERT_HW_ENVM_SLOT_A
#define SLOT_B_START	EDGEBERT_HW_ENVM_SLOT_B

static char mtd_path[32];

/* By its name, as there may be others. */
static bool find_mtd(void)
{
	char path[300], name[32];
	struct dirent *entry;
	DIR *directory = opendir("/sys/class/mtd");
	FILE *file;

	while (directory && !mtd_path[0] && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "/sys/class/mtd/%s/name", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "edgebert-", 9) &&
		    !strstr(entry->d_name, "ro"))
			snprintf(mtd_path, sizeof(mtd_path), "/dev/%.20s", entry->d_name);
		fclose(file);
	}
	if (directory)
		closedir(directory);
	return mtd_path[0];
}

static int mtd_open(void)
{
	int fd = open(mtd_path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static int try_erase(int fd, uint32_t start, uint32_t length)
{
	struct erase_info_user range = { .start = start, .length = length };

	return ioctl(fd, MEMERASE, &range);
}

/* An erased sector of a slot that is not active, and both files. */
static int start(int *node)
{
	int fd = mtd_open();

	*node = device_open();
	envm_deactivate(*node);
	CHECK_OK(try_erase(fd, SLOT_B_START, SECTOR));
	return fd;
}

TEST(mtd_tells_what_it_is)
{
	struct mtd_info_user info;

	CHECK_OK(ioctl(mtd_open(), MEMGETINFO, &info));
	CHECK_EQ(info.type, MTD_NORFLASH);
	CHECK_EQ(info.flags & MTD_WRITEABLE, MTD_WRITEABLE);
	CHECK_EQ(info.size, EDGEBERT_HW_ENVM_BYTES);
	CHECK_EQ(info.erasesize, SECTOR);
	CHECK_EQ(info.writesize, ENVM_PAGE);
}

TEST(mtd_reads_what_it_wrote)
{
	uint8_t written[2 * ENVM_PAGE], read_back[2 * ENVM_PAGE];
	int node, fd = start(&node);

	envm_pattern(written, sizeof(written), 40);
	CHECK_EQ(pwrite(fd, written, sizeof(written), SLOT_B_START), sizeof(written));
	CHECK_EQ(pread(fd, read_back, sizeof(read_back), SLOT_B_START), sizeof(read_back));
	CHECK(!memcmp(written, read_back, sizeof(written)));
	/* It is the slot's memory. */
	CHECK_OK(try_envm_verify(node, SLOT_B, 0, written, sizeof(written)));
	CHECK_EQ(pread(fd, read_back, 3, SLOT_B_START + 5), 3);
	CHECK(!memcmp(written + 5, read_back, 3));
	CHECK_OK(try_erase(fd, SLOT_B_START, SECTOR));
	CHECK_EQ(pread(fd, read_back, 1, SLOT_B_START), 1);
	CHECK_EQ(read_back[0], 0xff);
}

TEST(mtd_refuses_parts)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	int node, fd = start(&node);

	CHECK_ERRNO((int)pwrite(fd, page, sizeof(page), SLOT_B_START + 8), EINVAL);
	CHECK_ERRNO((int)pwrite(fd, page, 8, SLOT_B_START), EINVAL);
	CHECK_ERRNO(try_erase(fd, SLOT_B_START + ENVM_PAGE, SECTOR), EINVAL);
	CHECK_ERRNO(try_erase(fd, SLOT_B_START, ENVM_PAGE), EINVAL);
	CHECK_ERRNO(try_erase(fd, EDGEBERT_HW_ENVM_BYTES, SECTOR), EINVAL);
}

TEST(mtd_refuses_a_second_write)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	int node, fd = start(&node);

	CHECK_EQ(pwrite(fd, page, sizeof(page), SLOT_B_START), sizeof(page));
	CHECK_ERRNO((int)pwrite(fd, page, sizeof(page), SLOT_B_START), EEXIST);
}

/* Neither the image nor the headers that say where it is; the other slot is free. */
TEST(mtd_spares_the_active_image)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	int node, fd = start(&node);

	envm_install(node, SLOT_A, ENVM_PAGE, 41);
	CHECK_ERRNO(try_erase(fd, SLOT_A_START, SECTOR), EBUSY);
	CHECK_ERRNO((int)pwrite(fd, page, sizeof(page), SLOT_A_START + SECTOR), EBUSY);
	CHECK_ERRNO(try_erase(fd, 0, SECTOR), EBUSY);
	CHECK_ERRNO(try_erase(fd, SECTOR, SECTOR), EBUSY);
	CHECK_ERRNO(try_erase(fd, SLOT_B_START - SECTOR, 2 * SECTOR), EBUSY);
	CHECK_OK(try_erase(fd, SLOT_B_START, SECTOR));
	envm_deactivate(node);
	CHECK_OK(try_erase(fd, SLOT_A_START, SECTOR));
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* /sys/class/accel/accelN/device, and the address that it leads to. */
static const char *device_link(char *address, size_t size)
{
	static char link[64];
	char target[128] = "";

	snprintf(link, sizeof(link), "/sys/class/accel/%s/device", strrchr(device_path(), '/') + 1);
	CHECK(readlink(link, target, sizeof(target) - 1) > 0);
	snprintf(address, size, "%s", strrchr(target, '/') + 1);
	return link;
}

TEST(mtd_locks)
{
	struct erase_info_user range = { .start = SLOT_B_START, .length = SECTOR };
	char address[32], path[80];
	int node, fd = start(&node);

	CHECK_EQ(ioctl(fd, MEMISLOCKED, &range), 0);
	CHECK_OK(ioctl(fd, MEMLOCK, &range));
	CHECK_EQ(ioctl(fd, MEMISLOCKED, &range), 1);
	CHECK_ERRNO(try_erase(fd, SLOT_B_START, SECTOR), EROFS);
	CHECK_OK(try_erase(fd, SLOT_B_START + SECTOR, SECTOR));
	CHECK_ERRNO(ioctl(fd, MEMUNLOCK, &range), EOPNOTSUPP);
	CHECK_EQ(envm_info(node).locked, 1u << SLOT_B);
	snprintf(path, sizeof(path), "%s/reset", device_link(address, sizeof(address)));
	write_file(path, "1");
	CHECK_EQ(ioctl(fd, MEMISLOCKED, &range), 0);
	CHECK_OK(try_erase(fd, SLOT_B_START, SECTOR));
}

TEST(mtd_has_error_statistics)
{
	struct mtd_ecc_stats stats;
	struct drm_edgebert_envm_info info;
	uint8_t byte;
	int node, fd = start(&node);

	CHECK_EQ(pread(fd, &byte, 1, SLOT_B_START), 1);
	CHECK_OK(ioctl(fd, ECCGETSTATS, &stats));
	info = envm_info(node);
	CHECK_EQ(stats.corrected, info.ecc_corrected);
	CHECK_EQ(stats.failed, info.ecc_failed);
}

TEST(mtd_is_roots)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_OK(setuid(65534));
		CHECK_ERRNO(open(mtd_path, O_RDONLY), EACCES);
		_exit(HARNESS_PASSED);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
}

/* Open while the driver is unbound, and closed after it is bound again. */
TEST(mtd_outlives_the_device)
{
	char address[32];
	uint8_t byte;
	int node, fd = start(&node);

	device_link(address, sizeof(address));
	close(node);
	write_file("/sys/bus/pci/drivers/edgebert/unbind", address);
	CHECK_ERRNO((int)pread(fd, &byte, 1, 0), ENODEV);
	CHECK_ERRNO(try_erase(fd, SLOT_B_START, SECTOR), ENODEV);
	write_file("/sys/bus/pci/drivers/edgebert/bind", address);
	CHECK_ERRNO((int)pread(fd, &byte, 1, 0), ENODEV);
	close(fd);
	/* Once more, for the node to have its old number again. */
	write_file("/sys/bus/pci/drivers/edgebert/unbind", address);
	write_file("/sys/bus/pci/drivers/edgebert/bind", address);
	CHECK(device_path() != NULL);
	mtd_path[0] = '\0';
	CHECK(find_mtd());
	CHECK_EQ(pread(mtd_open(), &byte, 1, 0), 1);
}

int main(void)
{
	if (!device_path())
		return harness_main("no EdgeBERT node");
	if (geteuid() != 0)
		return harness_main("only root may use MTD devices");
	return harness_main(find_mtd() ? NULL : "no MTD device of the driver");
}
