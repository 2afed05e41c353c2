// Lines of the trust files that cannot be understood: said, since they let nobody in.
#pragma once

#include <string>
#include <vector>

namespace topnet::cmd {

// Says on standard error which `lines`, as net::Trust finds them, cannot be understood.
void say_broken_lines(const std::vector<std::string>& lines);

}  // namespace topnet::cmd
