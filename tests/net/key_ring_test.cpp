#include "net/key_ring.h"

#include <algorithm>
#include <thread>

#include "net/file_error.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::pin_of;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

// A state directory, and the pins of its key and of the next one.
struct Rotating {
  TemporaryFolder root;
  PrivateFolder folder{root / "state"};
  Pin first = KeyRing(folder).keys()->identity.pin;
  Pin second = KeyRing(folder).prepare_next();
};

// What commit_next has done when it is stopped after so many of its steps.
void commit_partly(const PrivateFolder& folder, int steps) {
  const Pin current = load_identity(folder).pin;
  const std::string next = folder.read("identity.next.key").value_or("");
  if (steps > 0) folder.write("identity.previous", current + '\n');
  if (steps > 1) folder.write("identity.key", next);
  if (steps > 2) folder.remove("identity.crt");
  if (steps > 3) folder.remove("identity.next.key");
}

}  // namespace

TEST_CASE("a first use makes one key, and there is no other") {
  const TemporaryFolder root;
  KeyRing ring(PrivateFolder(root / "state"));
  const auto keys = ring.keys();
  CHECK(keys->is_own(keys->identity.pin));
  CHECK_FALSE(keys->is_own(pin_of('a')));
  CHECK_FALSE(keys->next);
  CHECK_FALSE(keys->previous);
  CHECK(keys->shown() == keys->identity.pin);
  CHECK_FALSE(ring.commit_next());
  CHECK(ring.keys() == keys);
}

TEST_CASE("the key to come is made once, and is own before it is in use") {
  Rotating state;
  KeyRing ring(state.folder);
  CHECK(state.second != state.first);
  CHECK(ring.prepare_next() == state.second);
  CHECK(KeyRing(state.folder).prepare_next() == state.second);
  CHECK(ring.keys()->identity.pin == state.first);
  CHECK(ring.keys()->next == state.second);
  CHECK(ring.keys()->is_own(state.second));
  const auto mode = fs::status(state.root / "state/identity.next.key").permissions();
  CHECK(static_cast<unsigned>(mode) == 0600);
}

TEST_CASE("a key that is put in use leaves the one before it own, and no other") {
  Rotating state;
  KeyRing ring(state.folder);
  CHECK(ring.commit_next());
  CHECK(ring.keys()->identity.pin == state.second);
  CHECK_FALSE(ring.keys()->next);
  CHECK(ring.keys()->is_own(state.first));
  // Its certificate is the new key's.
  CHECK(load_identity(state.folder).pin == state.second);
  CHECK_FALSE(ring.commit_next());
  const Pin third = ring.prepare_next();
  CHECK(ring.commit_next());
  CHECK(ring.keys()->identity.pin == third);
  CHECK(ring.keys()->previous == state.second);
  CHECK_FALSE(ring.keys()->is_own(state.first));
}

TEST_CASE("a commit that is refused changes nothing") {
  Rotating state;
  KeyRing ring(state.folder);
  Pin asked;
  CHECK_THROWS_WITH(ring.commit_next([&](const Pin& next) {
    asked = next;
    throw std::runtime_error("not yet");
  }),
                    "not yet");
  CHECK(asked == state.second);
  CHECK(ring.keys()->identity.pin == state.first);
  CHECK(ring.keys()->next == state.second);
  CHECK(ring.commit_next() == state.second);
}

TEST_CASE("what another one changes is seen at the next look") {
  Rotating state;
  KeyRing looking(state.folder);
  KeyRing changing(state.folder);
  const auto before = looking.keys();
  CHECK(looking.keys() == before);
  CHECK(changing.commit_next());
  CHECK(looking.keys()->identity.pin == state.second);
  CHECK(looking.keys()->is_own(state.first));
  // Who holds the old keys keeps them.
  CHECK(before->identity.pin == state.first);
  const Pin third = changing.prepare_next();
  CHECK(looking.keys()->next == third);
}

TEST_CASE("a commit that is stopped between any two steps leaves both keys own, and can be made") {
  for (int steps = 0; steps <= 4; ++steps) {
    CAPTURE(steps);
    const Rotating state;
    commit_partly(state.folder, steps);
    KeyRing ring(state.folder);
    const auto keys = ring.keys();
    CHECK(keys->identity.pin == (steps > 1 ? state.second : state.first));
    CHECK(load_identity(state.folder).pin == keys->identity.pin);
    CHECK(keys->is_own(state.first));
    CHECK(keys->is_own(state.second));
    CHECK(keys->next == (steps > 1 ? std::nullopt : std::optional(state.second)));
    // A key in use is not the one to come, whatever was left over.
    CHECK(ring.commit_next().has_value() == (steps <= 1));
    CHECK(ring.keys()->identity.pin == state.second);
    CHECK(ring.keys()->is_own(state.first));
    const Pin third = ring.prepare_next();
    CHECK(third != state.second);
    CHECK(ring.keys()->next == third);
    CHECK(ring.commit_next());
    CHECK(ring.keys()->identity.pin == third);
    CHECK(ring.keys()->previous == state.second);
  }
}

TEST_CASE("the steps of a commit that is stopped are those of a whole one") {
  Rotating partly;
  Rotating wholly;
  commit_partly(partly.folder, 4);
  CHECK(KeyRing(wholly.folder).commit_next());
  const auto files_in = [](const PrivateFolder& folder) {
    std::vector<fs::path> names;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  CHECK(files_in(partly.folder) == files_in(wholly.folder));
  CHECK(read_file(wholly.root / "state/identity.previous") == wholly.first + '\n');
}

TEST_CASE("a file that does not hold what it should is named, with what to do") {
  for (const char* const name : {"identity.previous", "identity.pki", "identity.next.key"}) {
    CAPTURE(name);
    const Rotating state;
    KeyRing ring(state.folder);
    state.folder.write(name, "nothing of use\n");
    CHECK_THROWS_WITH(ring.keys(), Catch::Contains((state.root / "state" / name).string()) &&
                                       Catch::Contains("remove"));
    CHECK_THROWS_AS(ring.keys(), FileError);
  }
}

TEST_CASE("the key of an own PKI is what others know a server by, as long as one shows it") {
  Rotating state;
  KeyRing ring(state.folder);
  ring.note_of_pki(pin_of('p'));
  CHECK(ring.keys()->shown() == pin_of('p'));
  CHECK_FALSE(ring.keys()->is_own(pin_of('p')));
  CHECK(ring.keys()->is_own(state.first));
  ring.note_of_pki({});
  CHECK(ring.keys()->shown() == state.first);
  CHECK_FALSE(ring.keys()->is_own(pin_of('p')));
}

TEST_CASE("commits at once put one key in use, and leave every key own") {
  Rotating state;
  std::vector<int> committed(8);
  {
    std::vector<std::jthread> threads;
    for (int& result : committed) {
      threads.emplace_back([&] { result = KeyRing(state.folder).commit_next() ? 1 : 0; });
    }
  }
  CHECK(std::count(committed.begin(), committed.end(), 1) == 1);
  KeyRing ring(state.folder);
  CHECK(ring.keys()->identity.pin == state.second);
  CHECK(ring.keys()->previous == state.first);
}

TEST_CASE("a key that is open to others is refused, whichever of them it is") {
  for (const char* const name : {"identity.key", "identity.next.key"}) {
    CAPTURE(name);
    const Rotating state;
    fs::permissions(state.root / "state" / name, fs::perms(0640));
    CHECK_THROWS_AS(KeyRing(state.folder), FileError);
  }
}
