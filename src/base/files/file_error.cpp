#include "base/files/file_error.h"

#include "base/escape.h"

namespace topnet::base {

FileError::FileError(const std::string& verb, const std::filesystem::path& file, int error)
    : std::system_error(error, std::generic_category()),
      text_("could not " + verb + " " + escape(file.native()) + ": " + code().message()) {}

FileError::FileError(const std::string& verb, const std::filesystem::path& file,
                     const std::string& problem)
    : std::system_error(std::make_error_code(std::errc::invalid_argument)),
      text_("could not " + verb + " " + escape(file.native()) + ": " + problem) {}

}  // namespace topnet::base
