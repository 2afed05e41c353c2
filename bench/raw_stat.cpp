// The yardstick of an exhaustive scan: opens, reads and closes every process's stat, and keeps the
// ten busiest in a heap.

#include <algorithm>
#include <vector>

#include "raw_proc.h"

using namespace topnet::bench;

int main() {
  const int proc = open_proc();
  std::vector<Row> busiest;  // a heap, the least busy in front
  busiest.reserve(kRows + 1);
  for_each_process(proc, [&](int pid) {
    Row row;
    if (!read_stat(proc, pid, row)) return;
    if (busiest.size() == kRows && !is_busier(row, busiest.front())) return;
    busiest.push_back(row);
    std::push_heap(busiest.begin(), busiest.end(), is_busier);
    if (busiest.size() <= kRows) return;
    std::pop_heap(busiest.begin(), busiest.end(), is_busier);
    busiest.pop_back();
  });
  print_top(busiest);
}
