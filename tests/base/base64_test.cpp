#include "base/base64.h"

#include "support/catch.h"

using topnet::base::from_base64;
using topnet::base::from_base64url;
using topnet::base::to_base64url;

TEST_CASE("Base64: the test vectors of RFC 4648, section 10", "[base64]") {
  CHECK(to_base64url("") == "");
  CHECK(to_base64url("f") == "Zg");
  CHECK(to_base64url("fo") == "Zm8");
  CHECK(to_base64url("foo") == "Zm9v");
  CHECK(to_base64url("foob") == "Zm9vYg");
  CHECK(from_base64("Zm9vYg==") == "foob");
  CHECK(from_base64("Zm9vYg") == "foob");
  CHECK(from_base64url("Zm9vYmE") == "fooba");
}

TEST_CASE("Base64: the alphabets differ in two characters", "[base64]") {
  CHECK(to_base64url("\xfb\xff") == "-_8");
  CHECK(from_base64url("-_8") == "\xfb\xff");
  CHECK(from_base64("+/8=") == "\xfb\xff");
  CHECK_FALSE(from_base64url("+/8"));
  CHECK_FALSE(from_base64("-_8"));
}

TEST_CASE("Base64: other lengths, characters and trailing bits are refused", "[base64]") {
  for (const char* text : {"Z", "Zm9vY", "Zm 9", "Zm9\n", "Zg=g", "Zh", "Zm9"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64url(text));
    CHECK_FALSE(from_base64(text));
  }
  CHECK_FALSE(from_base64url("Zg=="));
}
