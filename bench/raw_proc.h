// How both yardsticks read /proc: by system calls alone, in one thread.
//
// They exist for measurements only: names are printed without escaping, and ties are ordered by
// pid.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace topnet::bench {

constexpr std::size_t kRows = 10;

struct Row {
  int pid;
  unsigned long long user_ticks;
  unsigned long long system_ticks;
  char name[65];  // at most 64 bytes, of a kernel thread
};

inline bool is_busier(const Row& a, const Row& b) {
  const unsigned long long of_a = a.user_ticks + a.system_ticks;
  const unsigned long long of_b = b.user_ticks + b.system_ticks;
  return of_a != of_b ? of_a > of_b : a.pid < b.pid;
}

inline int open_proc() {
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY);
  if (proc >= 0) return proc;
  std::perror("/proc");
  std::exit(1);
}

// Calls visit(pid) for every process. The buffer holds 30,000 entries, so that a walk needs one
// getdents64 call, and a second one that finds the end.
template <typename Visit>
void for_each_process(int proc, Visit visit) {
  static char buffer[1 << 20];
  for (;;) {
    const long size = ::syscall(SYS_getdents64, proc, buffer, sizeof buffer);
    if (size <= 0) return;
    for (long at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const char* digit = entry->d_name;
      int pid = 0;
      for (; *digit >= '0' && *digit <= '9'; ++digit) pid = pid * 10 + (*digit - '0');
      if (*digit == '\0') visit(pid);
    }
  }
}

inline unsigned long long number_at(const char* at) {
  unsigned long long value = 0;
  for (; *at >= '0' && *at <= '9'; ++at) value = value * 10 + static_cast<unsigned>(*at - '0');
  return value;
}

// Returns false if the process has exited. The name ends at the last ')'; utime and stime are the
// fields 14 and 15 (proc(5)), and the blank after the name begins field 3.
inline bool read_stat(int proc, int pid, Row& row) {
  char path[32];
  char* begin = path + 16;
  std::memcpy(begin, "/stat", 6);
  for (int rest = pid; rest > 0; rest /= 10) *--begin = static_cast<char>('0' + rest % 10);
  const int file = ::openat(proc, begin, O_RDONLY);
  if (file < 0) return false;
  char text[2048];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (size <= 0) return false;
  text[size] = '\0';
  const char* const name = std::strchr(text, '(') + 1;
  const char* const name_end = std::strrchr(text, ')');
  const char* at = name_end;
  for (int blanks = 0; blanks < 12; ++at) blanks += *at == ' ';
  row.pid = pid;
  row.user_ticks = number_at(at);
  row.system_ticks = number_at(std::strchr(at, ' ') + 1);
  const auto length = std::min(static_cast<std::size_t>(name_end - name), sizeof row.name - 1);
  std::memcpy(row.name, name, length);
  row.name[length] = '\0';
  return true;
}

// Prints the ten busiest of `rows`, which may be in any order.
inline void print_top(std::vector<Row>& rows) {
  std::sort(rows.begin(), rows.end(), is_busier);
  for (std::size_t i = 0; i < std::min(kRows, rows.size()); ++i) {
    std::printf("%7d %9llu %9llu  %s\n", rows[i].pid, rows[i].user_ticks, rows[i].system_ticks,
                rows[i].name);
  }
}

}  // namespace topnet::bench
