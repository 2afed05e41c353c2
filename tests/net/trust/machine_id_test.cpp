#include "net/trust/machine_id.h"

#include <sys/stat.h>

#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::StateDirectory;
using topnet::net::check_machine_id;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;
using topnet::test::write_file;

namespace {

const std::string kMachineId(32, 'a');
const std::string kOtherMachineId(32, 'b');

// A state directory with a key, on a machine whose id the tests set.
struct Machine {
  Machine() {
    state.write("identity.key", "a key");
    set_id(kMachineId + "\n");
  }

  void set_id(const std::string& text) const { write_file(root / "machine-id", text); }
  std::optional<std::string> check() const { return check_machine_id(state, root / "machine-id"); }

  TemporaryFolder root;
  StateDirectory state{root / "state"};
};

}  // namespace

TEST_CASE("MachineId: is recorded beside the key, and a copy on another machine is detected",
          "[machine_id]") {
  const Machine machine;
  CHECK_FALSE(machine.check());
  CHECK(machine.state.read("machine-id") == kMachineId + "\n");
  CHECK_FALSE(machine.check());
  machine.set_id(kOtherMachineId + "\n");
  for (int start = 0; start < 2; ++start) {
    const auto warning = machine.check();
    REQUIRE(warning);
    CHECK_THAT(*warning, Catch::Contains("`rm " + (machine.root / "state/identity.*").string() +
                                         " " + (machine.root / "state/machine-id").string() + "`"));
  }
}

TEST_CASE("MachineId: a new key on the other machine ends the warning", "[machine_id]") {
  const Machine machine;
  machine.check();
  machine.set_id(kOtherMachineId);
  machine.state.remove("identity.key");
  CHECK_FALSE(machine.check());
  machine.state.write("identity.key", "a new key");
  CHECK_FALSE(machine.check());
  CHECK(machine.state.read("machine-id") == kOtherMachineId + "\n");
}

TEST_CASE("MachineId: an unknown id is neither recorded nor compared", "[machine_id]") {
  const Machine machine;
  for (const std::string& id :
       {std::string(), std::string("uninitialized\n"), std::string("\n"), std::string(31, 'a')}) {
    machine.set_id(id);
    CHECK_FALSE(machine.check());
    CHECK_FALSE(machine.state.read("machine-id"));
  }
  machine.set_id(kMachineId);
  machine.check();
  machine.set_id("");
  CHECK_FALSE(machine.check());
  CHECK_FALSE(check_machine_id(machine.state, machine.root / "missing"));
  CHECK_FALSE(check_machine_id(machine.state, machine.root.path()));
  REQUIRE(::mkfifo((machine.root / "fifo").c_str(), 0600) == 0);
  CHECK_FALSE(check_machine_id(machine.state, machine.root / "fifo"));
  CHECK(machine.state.read("machine-id") == kMachineId + "\n");
}
