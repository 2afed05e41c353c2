#include "proc/report/report.h"

namespace topnet::proc {

std::string render(const Report& report, Format format) {
  switch (format) {
    case Format::Json:
      return to_json(report);
    case Format::Csv:
      return to_csv(report);
    case Format::Text:
      break;
  }
  return to_text(report);
}

}  // namespace topnet::proc
