#include "net/entry_file.h"

#include "net/trust_entry.h"
#include "support/catch.h"
#include "support/pins.h"

using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;

namespace {

const std::string kTime = "2026-11-23T20:01:02.123Z";
const std::string kDb1 = "db1 " + pin_of('a') + " " + kTime;
const std::string kDb2 = "db2 " + pin_of('b') + " " + kTime;
const std::string kDb3 = "db3 " + pin_of('c') + " " + kTime;

using Clients = EntryFile<EnrolledClient>;

std::vector<std::string> names_in(const Clients& file) {
  std::vector<std::string> names;
  for (const EnrolledClient& client : file.entries()) names.push_back(client.name);
  return names;
}

}  // namespace

TEST_CASE("each line is an entry, and entries keep their order") {
  const Clients file(kDb2 + '\n' + kDb1 + '\n');
  CHECK(file.entries() ==
        std::vector{
            EnrolledClient{.name = "db2", .pin = pin_of('b'), .since = at(kTime), .learned = {}},
            EnrolledClient{.name = "db1", .pin = pin_of('a'), .since = at(kTime), .learned = {}}});
  CHECK(file.broken_lines().empty());
  CHECK(Clients("").entries().empty());
  CHECK(Clients("").to_text().empty());
}

TEST_CASE("a last line without its newline counts, and gets one") {
  const Clients file(kDb1);
  CHECK(names_in(file) == std::vector<std::string>{"db1"});
  CHECK(file.to_text() == kDb1 + '\n');
}

TEST_CASE("what nobody changes stays as it is, byte for byte") {
  for (const std::string& text :
       {std::string("\n\n"), std::string("# title\n\n  \t\n"), "#" + kDb1 + '\n',
        "   " + kDb1 + "   \n" + kDb2 + "\n", std::string("broken \xff\x01 line\n"),
        std::string("nul \0 byte\n", 11), kDb1 + "\r\n"}) {
    CAPTURE(text);
    CHECK(Clients(text).to_text() == text);
  }
}

TEST_CASE("a line that cannot be understood is no entry, and is known by its number") {
  const Clients file("# title\n" + kDb1 + "\nno entry\n\n" + kDb2 + "\n#\n " + kDb3 + " x\n");
  CHECK(names_in(file) == std::vector<std::string>{"db1", "db2"});
  CHECK(file.broken_lines() == std::vector<std::size_t>{3, 7});
}

TEST_CASE("what is added comes last, and touches nothing else") {
  const std::string before = "# title\nbroken\n" + kDb1;
  Clients file(before);
  file.add({.name = "db2", .pin = pin_of('b'), .since = at(kTime), .learned = {}});
  CHECK(file.to_text() == before + '\n' + kDb2 + '\n');
  CHECK(names_in(file) == std::vector<std::string>{"db1", "db2"});
}

TEST_CASE("what is removed takes nothing with it") {
  Clients file("# first\n" + kDb1 + "\n# second\n\n" + kDb2 + "\nbroken\n" + kDb3 + '\n');
  CHECK(file.remove_if([](const auto& entry) { return entry.name != "db3"; }) == 2);
  CHECK(file.to_text() == "# first\n# second\n\nbroken\n" + kDb3 + '\n');
  CHECK(file.remove_if([](const auto& entry) { return entry.name == "db1"; }) == 0);
}

TEST_CASE("an entry that is changed is written anew, and every other line is left as it is") {
  const std::string odd = "  db1   " + pin_of('a') + "  " + kTime;
  Clients file("# title\n" + odd + '\n' + kDb2 + "\n broken\n");
  const auto learn = [](const std::string& name) {
    return [=](EnrolledClient& entry) {
      if (entry.name != name) return false;
      entry.learned = pin_of('z');
      return true;
    };
  };
  file.update(learn("db2"));
  CHECK(file.to_text() == "# title\n" + odd + '\n' + kDb2 + " " + pin_of('z') + "\n broken\n");
  file.update(learn("db1"));
  CHECK(file.to_text() ==
        "# title\n" + kDb1 + " " + pin_of('z') + '\n' + kDb2 + " " + pin_of('z') + "\n broken\n");
}
