// A page with text, tables and plots in one file: no scripts, nothing loaded from elsewhere.
//
// Thread safety: a pure function.
#pragma once

#include <string>
#include <vector>

#include "plots.h"

namespace kvshim::bench {

// `markdown` is of the kind that reports are made of: headings (###), tables, lists of one level,
// paragraphs of one line, **bold**.
std::string Page(const std::string& title, const std::string& markdown,
                 const std::vector<NamedPlot>& plots);

}  // namespace kvshim::bench
