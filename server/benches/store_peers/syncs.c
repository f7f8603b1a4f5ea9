/* Preloaded into a server: counts what it syncs in the eight bytes of the file SYNCS_FILE, and adds SYNCS_DELAY_US to each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned long *count;
static useconds_t delay;

__attribute__((constructor)) static void begin(void) {
  const char *us = getenv("SYNCS_DELAY_US"), *file = getenv("SYNCS_FILE");
  int fd = file ? open(file, O_RDWR | O_CREAT, 0600) : -1;
  delay = us ? (useconds_t)atol(us) : 0;
  if (fd < 0 || ftruncate(fd, sizeof *count) != 0) return;
  void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) count = page;
  close(fd);
}

static int synced(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (count) __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
  if (delay) usleep(delay);
  return real(fd);
}

int fdatasync(int fd) { return synced("fdatasync", fd); }
int fsync(int fd) { return synced("fsync", fd); }
