#include "net/file_error.h"

#include "proc/escape.h"

namespace topnet::net {

FileError::FileError(const std::string& verb, const std::filesystem::path& file, int error)
    : std::system_error(error, std::generic_category()),
      text_("could not " + verb + " " + proc::escape(file.native()) + ": " + code().message()) {}

FileError::FileError(const std::string& verb, const std::filesystem::path& file,
                     const std::string& problem)
    : std::system_error(std::make_error_code(std::errc::invalid_argument)),
      text_("could not " + verb + " " + proc::escape(file.native()) + ": " + problem) {}

}  // namespace topnet::net
