#include "proc/cpu_limit.h"

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::read_cpu_limit;
using topnet::test::ProcTree;

namespace {

// A fake /proc, and cgroups that are mounted below it.
class CpuLimitFixture {
 public:
  CpuLimitFixture& join(const std::string& cgroup) {
    tree_.add_file("self/cgroup", cgroup);
    return *this;
  }
  CpuLimitFixture& mount(const std::string& root, const std::string& point, const std::string& type,
                         const std::string& options = "rw") {
    mounts_ += "31 23 0:28 " + root + " " + tree_.root().string() + point +
               " rw,relatime shared:9 - " + type + " " + type + " " + options + "\n";
    tree_.add_file("self/mountinfo", mounts_);
    return *this;
  }
  CpuLimitFixture& set(const std::string& file, const std::string& value) {
    tree_.add_file(file, value + "\n");
    return *this;
  }
  std::optional<double> limit() const { return read_cpu_limit(tree_.root()); }

 private:
  ProcTree tree_;
  std::string mounts_ = "23 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n";
};

}  // namespace

TEST_CASE("CpuLimit: the smallest limit of version 2 up to the root counts", "[cpu_limit]") {
  CpuLimitFixture fixture;
  fixture.join("0::/a/b\n").mount("/", "/cgroup", "cgroup2");
  CHECK_FALSE(fixture.limit());
  fixture.set("cgroup/a/b/cpu.max", "max 100000").set("cgroup/a/other/cpu.max", "1 100000");
  CHECK_FALSE(fixture.limit());
  fixture.set("cgroup/a/cpu.max", "150000 100000");
  CHECK(fixture.limit() == 1.5);
  fixture.set("cgroup/a/b/cpu.max", "50000 200000");
  CHECK(fixture.limit() == 0.25);
  fixture.set("cgroup/cpu.max", "10000 100000");
  CHECK(fixture.limit() == 0.1);
}

TEST_CASE("CpuLimit: a container sees its own cgroup as the root", "[cpu_limit]") {
  CpuLimitFixture fixture;
  fixture.join("0::/\n").mount("/../..", "/host", "cgroup2").mount("/", "/cgroup", "cgroup2");
  fixture.set("host/cpu.max", "1 100000").set("cgroup/cpu.max", "200000 100000");
  CHECK(fixture.limit() == 2.0);
}

TEST_CASE("CpuLimit: version 1 has the limit in two files", "[cpu_limit]") {
  CpuLimitFixture fixture;
  fixture.join("5:cpuset:/\n4:cpu,cpuacct:/docker/4f2a\n0::/\n")
      .mount("/docker/4f2a", "/cpuset", "cgroup", "rw,cpuset")
      .mount("/docker/4f2a", "/my\\040cgroup/cpu", "cgroup", "rw,cpu,cpuacct")
      .mount("/", "/unified", "cgroup2");
  fixture.set("my cgroup/cpu/cpu.cfs_quota_us", "-1");
  fixture.set("my cgroup/cpu/cpu.cfs_period_us", "100000");
  CHECK_FALSE(fixture.limit());
  fixture.set("my cgroup/cpu/cpu.cfs_quota_us", "125000");
  CHECK(fixture.limit() == 1.25);
}

TEST_CASE("CpuLimit: without a mounted cgroup or a valid number the limit is unknown",
          "[cpu_limit]") {
  CHECK_FALSE(CpuLimitFixture().limit());
  CHECK_FALSE(CpuLimitFixture().join("0::/a\n").limit());
  CpuLimitFixture fixture;
  fixture.join("0::/../a\n").mount("/", "/cgroup", "cgroup2").set("cgroup/cpu.max", "1 2");
  CHECK_FALSE(fixture.limit());
  fixture.join("0::/ab\n").mount("/a", "/sub", "cgroup2");
  CHECK(fixture.limit() == 0.5);
  for (const char* const invalid : {"", "1", "x 100000", "1 0", "-1 100000", "1 1 "}) {
    CAPTURE(invalid);
    CHECK_FALSE(fixture.set("cgroup/cpu.max", invalid).limit());
  }
}

TEST_CASE("CpuLimit: mounts are found wherever a reading ends", "[cpu_limit]") {
  for (std::size_t length = 1750; length < 2150; length += 20) {
    CpuLimitFixture fixture;
    fixture.join("0::/\n").mount("/", "/" + std::string(length, 'x'), "tmpfs");
    fixture.mount("/", "/cgroup", "cgroup2").set("cgroup/cpu.max", "300000 100000");
    CHECK(fixture.limit() == 3.0);
  }
}
