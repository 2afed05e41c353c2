#include "base/files/line_file.h"

#include <sstream>

#include "support/catch.h"

using topnet::base::LineFile;

namespace {

struct Entry {
  std::string name;
  std::string value;

  friend bool operator==(const Entry&, const Entry&) = default;
};

std::string to_line(const Entry& entry) { return entry.name + ' ' + entry.value; }

bool parse_line(std::string_view line, Entry& entry) {
  std::istringstream words{std::string(line)};
  std::string rest;
  return (words >> entry.name >> entry.value) && !(words >> rest);
}

using File = LineFile<Entry>;

}  // namespace

TEST_CASE("LineFile: entries keep the order of the lines", "[line_file]") {
  const File file("db2 b\ndb1 a\n");
  CHECK(file.entries() == std::vector<Entry>{{"db2", "b"}, {"db1", "a"}});
  CHECK(file.broken_lines().empty());
  CHECK(File("").entries().empty());
  CHECK(File("").to_text().empty());
}

TEST_CASE("LineFile: a last line without a newline is an entry and gets a newline", "[line_file]") {
  const File file("db1 a");
  CHECK(file.entries() == std::vector<Entry>{{"db1", "a"}});
  CHECK(file.to_text() == "db1 a\n");
}

TEST_CASE("LineFile: unchanged lines stay the same, byte for byte", "[line_file]") {
  for (const std::string& text :
       {std::string("\n\n"), std::string("# title\n\n  \t\n"), std::string("#db1 a\n"),
        std::string("   db1 a   \ndb2 b\n"), std::string("broken \xff\x01 line\n"),
        std::string("nul \0 byte\n", 11), std::string("db1 a\r\n")}) {
    CAPTURE(text);
    CHECK(File(text).to_text() == text);
  }
}

TEST_CASE("LineFile: a line that cannot be parsed is reported by its number", "[line_file]") {
  const File file("# title\ndb1 a\nbroken\n\ndb2 b\n#\n db3 c x\n");
  CHECK(file.entries() == std::vector<Entry>{{"db1", "a"}, {"db2", "b"}});
  CHECK(file.broken_lines() == std::vector<std::size_t>{3, 7});
}

TEST_CASE("LineFile: a new entry is appended and changes no other line", "[line_file]") {
  File file("# title\nbroken\ndb1 a");
  file.add({"db2", "b"});
  CHECK(file.to_text() == "# title\nbroken\ndb1 a\ndb2 b\n");
  CHECK(file.entries() == std::vector<Entry>{{"db1", "a"}, {"db2", "b"}});
}

TEST_CASE("LineFile: removing entries changes no other line", "[line_file]") {
  File file("# first\ndb1 a\n# second\n\ndb2 b\nbroken\ndb3 c\n");
  CHECK(file.remove_if([](const Entry& entry) { return entry.name != "db3"; }) == 2);
  CHECK(file.to_text() == "# first\n# second\n\nbroken\ndb3 c\n");
  CHECK(file.remove_if([](const Entry& entry) { return entry.name == "db1"; }) == 0);
}

TEST_CASE("LineFile: changing an entry rewrites only its line", "[line_file]") {
  File file("# title\n  db1   a\ndb2 b\n broken\n");
  const auto set_z = [](const std::string& name) {
    return [=](Entry& entry) {
      if (entry.name != name) return false;
      entry.value = "z";
      return true;
    };
  };
  file.update(set_z("db2"));
  CHECK(file.to_text() == "# title\n  db1   a\ndb2 z\n broken\n");
  file.update(set_z("db1"));
  CHECK(file.to_text() == "# title\ndb1 z\ndb2 z\n broken\n");
}
