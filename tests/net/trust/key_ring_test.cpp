#include "net/trust/key_ring.h"

#include <algorithm>
#include <thread>

#include "base/files/file_error.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::pin_of;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

// A state directory, and the pins of its current and its next key.
struct KeyRingFixture {
  TemporaryFolder root;
  StateDirectory state{root / "state"};
  Pin first = KeyRing(state).keys()->identity.pin;
  Pin second = KeyRing(state).prepare_next();
};

// Performs the first steps of commit_next, as if it were interrupted afterwards.
void commit_partly(const StateDirectory& state, int steps) {
  const Pin current = load_identity(state).pin;
  const std::string next = state.read("identity.next.key").value_or("");
  if (steps > 0) state.write("identity.previous", current + '\n');
  if (steps > 1) state.write("identity.key", next);
  if (steps > 2) state.remove("identity.crt");
  if (steps > 3) state.remove("identity.next.key");
}

}  // namespace

TEST_CASE("KeyRing: the first use creates one key", "[key_ring]") {
  const TemporaryFolder root;
  KeyRing ring(StateDirectory(root / "state"));
  const auto keys = ring.keys();
  CHECK(keys->is_own(keys->identity.pin));
  CHECK_FALSE(keys->is_own(pin_of('a')));
  CHECK_FALSE(keys->next);
  CHECK_FALSE(keys->previous);
  CHECK(keys->server_pin() == keys->identity.pin);
  CHECK_FALSE(ring.commit_next());
  CHECK(ring.keys() == keys);
}

TEST_CASE("KeyRing: the next key is created once, and is own before its commit", "[key_ring]") {
  KeyRingFixture fixture;
  KeyRing ring(fixture.state);
  CHECK(fixture.second != fixture.first);
  CHECK(ring.prepare_next() == fixture.second);
  CHECK(KeyRing(fixture.state).prepare_next() == fixture.second);
  CHECK(ring.keys()->identity.pin == fixture.first);
  CHECK(ring.keys()->next == fixture.second);
  CHECK(ring.keys()->is_own(fixture.second));
  const auto mode = fs::status(fixture.root / "state/identity.next.key").permissions();
  CHECK(static_cast<unsigned>(mode) == 0600);
}

TEST_CASE("KeyRing: a commit can be refused, after it the current and the previous key are own",
          "[key_ring]") {
  KeyRingFixture fixture;
  KeyRing ring(fixture.state);
  Pin checked;
  CHECK_THROWS_WITH(ring.commit_next([&](const Pin& next) {
    checked = next;
    throw std::runtime_error("not yet");
  }),
                    "not yet");
  CHECK(checked == fixture.second);
  CHECK(ring.keys()->identity.pin == fixture.first);
  CHECK(ring.keys()->next == fixture.second);
  CHECK(ring.commit_next() == fixture.second);
  CHECK(ring.keys()->identity.pin == fixture.second);
  CHECK_FALSE(ring.keys()->next);
  CHECK(ring.keys()->is_own(fixture.first));
  // The certificate belongs to the new key.
  CHECK(load_identity(fixture.state).pin == fixture.second);
  CHECK_FALSE(ring.commit_next());
  const Pin third = ring.prepare_next();
  CHECK(ring.commit_next());
  CHECK(ring.keys()->identity.pin == third);
  CHECK(ring.keys()->previous == fixture.second);
  CHECK_FALSE(ring.keys()->is_own(fixture.first));
}

TEST_CASE("KeyRing: the next call returns the changes of another process", "[key_ring]") {
  KeyRingFixture fixture;
  KeyRing reader(fixture.state);
  KeyRing writer(fixture.state);
  const auto before = reader.keys();
  CHECK(reader.keys() == before);
  CHECK(writer.commit_next());
  CHECK(reader.keys()->identity.pin == fixture.second);
  CHECK(reader.keys()->is_own(fixture.first));
  // Keys that were returned before do not change.
  CHECK(before->identity.pin == fixture.first);
  const Pin third = writer.prepare_next();
  CHECK(reader.keys()->next == third);
}

TEST_CASE("KeyRing: a commit that is interrupted at any step keeps both keys, and can be repeated",
          "[key_ring]") {
  for (int steps = 0; steps <= 4; ++steps) {
    CAPTURE(steps);
    const KeyRingFixture fixture;
    commit_partly(fixture.state, steps);
    KeyRing ring(fixture.state);
    const auto keys = ring.keys();
    CHECK(keys->identity.pin == (steps > 1 ? fixture.second : fixture.first));
    CHECK(load_identity(fixture.state).pin == keys->identity.pin);
    CHECK(keys->is_own(fixture.first));
    CHECK(keys->is_own(fixture.second));
    CHECK(keys->next == (steps > 1 ? std::nullopt : std::optional(fixture.second)));
    // A left-over identity.next.key with the current key does not count as the next key.
    CHECK(ring.commit_next().has_value() == (steps <= 1));
    CHECK(ring.keys()->identity.pin == fixture.second);
    CHECK(ring.keys()->is_own(fixture.first));
    const Pin third = ring.prepare_next();
    CHECK(third != fixture.second);
    CHECK(ring.keys()->next == third);
    CHECK(ring.commit_next());
    CHECK(ring.keys()->identity.pin == third);
    CHECK(ring.keys()->previous == fixture.second);
  }
}

TEST_CASE("KeyRing: the steps of commit_partly are those of commit_next", "[key_ring]") {
  KeyRingFixture partly;
  KeyRingFixture wholly;
  commit_partly(partly.state, 4);
  CHECK(KeyRing(wholly.state).commit_next());
  const auto files_in = [](const StateDirectory& state) {
    std::vector<fs::path> names;
    for (const auto& entry : fs::directory_iterator(state.path())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  CHECK(files_in(partly.state) == files_in(wholly.state));
  CHECK(read_file(wholly.root / "state/identity.previous") == wholly.first + '\n');
}

TEST_CASE("KeyRing: malformed files, and keys that others can read, are refused", "[key_ring]") {
  for (const char* const name : {"identity.previous", "identity.pki", "identity.next.key"}) {
    CAPTURE(name);
    const KeyRingFixture fixture;
    KeyRing ring(fixture.state);
    fixture.state.write(name, "malformed\n");
    CHECK_THROWS_WITH(ring.keys(), Catch::Contains((fixture.root / "state" / name).string()) &&
                                       Catch::Contains("remove"));
    CHECK_THROWS_AS(ring.keys(), FileError);
  }
  for (const char* const name : {"identity.key", "identity.next.key"}) {
    CAPTURE(name);
    const KeyRingFixture fixture;
    fs::permissions(fixture.root / "state" / name, fs::perms(0640));
    CHECK_THROWS_AS(KeyRing(fixture.state), FileError);
  }
}

TEST_CASE("KeyRing: the key of a PKI is the server's pin while it is set, but not own",
          "[key_ring]") {
  KeyRingFixture fixture;
  KeyRing ring(fixture.state);
  ring.set_external_pin(pin_of('p'));
  CHECK(ring.keys()->server_pin() == pin_of('p'));
  CHECK_FALSE(ring.keys()->is_own(pin_of('p')));
  CHECK(ring.keys()->is_own(fixture.first));
  ring.set_external_pin({});
  CHECK(ring.keys()->server_pin() == fixture.first);
  CHECK_FALSE(ring.keys()->is_own(pin_of('p')));
}

TEST_CASE("KeyRing: of concurrent commits, one succeeds", "[key_ring]") {
  KeyRingFixture fixture;
  std::vector<int> committed(8);
  {
    std::vector<std::jthread> threads;
    for (int& result : committed) {
      threads.emplace_back([&] { result = KeyRing(fixture.state).commit_next() ? 1 : 0; });
    }
  }
  CHECK(std::count(committed.begin(), committed.end(), 1) == 1);
  KeyRing ring(fixture.state);
  CHECK(ring.keys()->identity.pin == fixture.second);
  CHECK(ring.keys()->previous == fixture.first);
}
