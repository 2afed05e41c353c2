#include "base/escape.h"

#include "support/catch.h"

using topnet::base::escape;
using topnet::base::escape_controls;
using topnet::base::is_escaped;
using topnet::base::quote_for_shell;
using topnet::base::unescape;

namespace {

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

}  // namespace

TEST_CASE("Escape: printable text is unchanged", "[escape]") {
  CHECK(escape("").empty());
  CHECK(escape("cc1plus") == "cc1plus");
  CHECK(escape("  a) R 1 (") == "  a) R 1 (");
  CHECK(escape("naïve 東京 🦊") == "naïve 東京 🦊");
  CHECK(escape("\u2028\u200B\uFEFF") == "\u2028\u200B\uFEFF");
}

TEST_CASE("Escape: backslashes are doubled, and control characters become hex", "[escape]") {
  CHECK(escape("a\\x41\\") == "a\\\\x41\\\\");
  CHECK(escape("\x1b]0;x\a") == "\\x1b]0;x\\x07");
  CHECK(escape(std::string_view("\0\n\r\t\x7f", 5)) == "\\x00\\x0a\\x0d\\x09\\x7f");
  CHECK(escape("\u0080\u009f\u00a0") == "\\xc2\\x80\\xc2\\x9f\u00a0");
}

TEST_CASE("Escape: all bidirectional controls become hex, and their neighbours do not",
          "[escape]") {
  for (const std::string_view control :
       {"\u061C", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066",
        "\u2067", "\u2068", "\u2069"}) {
    CAPTURE(control);
    CHECK(escape(control).size() == 4 * control.size());
  }
  CHECK(escape("\u202E") == "\\xe2\\x80\\xae");
  for (const std::string_view neighbour :
       {"\u061B", "\u061D", "\u200D", "\u2010", "\u2029", "\u202F", "\u2065", "\u206A"}) {
    CAPTURE(neighbour);
    CHECK(escape(neighbour) == neighbour);
  }
}

TEST_CASE("Escape: bytes that are not valid UTF-8 become hex, and decoding continues after them",
          "[escape]") {
  CHECK(escape("\xff"
               "A") == "\\xffA");
  CHECK(escape("\x80") == "\\x80");                             // a continuation byte alone
  CHECK(escape("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(escape("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // overlong
  CHECK(escape("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  CHECK(escape("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // past U+10FFFF
  CHECK(escape("\xe2\x82") == "\\xe2\\x82");                    // truncated
  CHECK(escape("\xe2\x82x\u00e9") == "\\xe2\\x82x\u00e9");
  CHECK(escape("\xf0\x9f\xa6\xc3\xa9") == "\\xf0\\x9f\\xa6\u00e9");
}

TEST_CASE("Escape: escape_controls() keeps backslashes and escapes the rest", "[escape]") {
  CHECK(escape_controls("app-at\\x2dspi@autostart.service") == "app-at\\x2dspi@autostart.service");
  CHECK(escape_controls("a\x1b[31m\n\x7f") == "a\\x1b[31m\\x0a\\x7f");
  CHECK(escape_controls("\xff\u202e\u00e9") == "\\xff\\xe2\\x80\\xae\u00e9");
}

TEST_CASE("Escape: unescape() reverses escape() for all bytes", "[escape]") {
  CHECK(unescape(escape(all_bytes())) == all_bytes());
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
      if (unescape(escape(bytes)) != bytes) {
        CAPTURE(first, second);
        FAIL("not reversed");
      }
    }
  }
  const std::string longest(64, '\xff');
  CHECK(escape(longest).size() == 256);
  CHECK(unescape(escape(longest)) == longest);
}

TEST_CASE("Escape: escaped text has no control bytes", "[escape]") {
  const std::string text = escape(all_bytes());
  for (const char c : text) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  CHECK(is_escaped(text));
}

TEST_CASE("Escape: text that is not a result of escape() is recognised", "[escape]") {
  for (const std::string_view text :
       {"\\", "\\y00", "\\x", "\\x1", "\\xZZ", "\\x1B", "\\X1b", "ends with \\"}) {
    CAPTURE(text);
    CHECK_FALSE(unescape(text));
    CHECK_FALSE(is_escaped(text));
  }
  CHECK(unescape("\\x41") == "A");
  CHECK_FALSE(is_escaped("\\x41"));  // an A needs no escape
  CHECK_FALSE(is_escaped("\x1b"));
  CHECK(is_escaped("\\x1b"));
}

TEST_CASE("Escape: a quoted word means the same bytes to a shell", "[escape]") {
  CHECK(quote_for_shell("topnet1/web01.example:8676/a-b_c") == "topnet1/web01.example:8676/a-b_c");
  CHECK(quote_for_shell("x;touch${IFS}PWNED;") == "'x;touch${IFS}PWNED;'");
  CHECK(quote_for_shell("[::1]:8676") == "'[::1]:8676'");
  CHECK(quote_for_shell("~") == "'~'");
  CHECK(quote_for_shell("").size() == 2);
  CHECK(quote_for_shell("it's") == R"('it'\''s')");
  CHECK(quote_for_shell("a\\'\n") == R"($'a\\\'\x0a')");
}
