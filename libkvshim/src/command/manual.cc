#include "command/manual.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace kvshim::command {
namespace {

using base::Concat;

// As roff takes it for text: no backslash of its own, hyphens that can be copied, no requests.
std::string Text(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out.push_back(c);
    }
    begins = c == '\n';
  }
  return out;
}

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string OptionText(const CLI::Option& option) {
  const bool positional = option.get_lnames().empty();
  const std::string name =
      positional ? option.get_name() : Concat("\\fB", Text("--" + option.get_lnames()[0]), "\\fR");
  const std::string type = option.get_items_expected_max() == 0 || positional
                               ? ""
                               : Concat(" \\fI", Text(option.get_type_name()), "\\fR");
  const std::string standard =
      option.get_default_str().empty() ? "" : Concat(" [", Text(option.get_default_str()), "]");
  return Concat(".TP\n", name, type, "\n", Text(option.get_description()), standard, "\n");
}

void AddCommand(const CLI::App& root, const CLI::App& app, const std::string& path,
                std::string& page) {
  page += Concat(".SS ", Text(path), "\n", Text(app.get_description()), ".\n");
  for (const CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr()) page += OptionText(*option);
  }
  // One that it has from the program stands at the end.
  const bool own = !app.get_footer().empty() && app.get_footer() != root.get_footer();
  if (own) page += Concat(".PP\n.nf\n", Text(app.get_footer()), "\n.fi\n");
  for (const CLI::App* one : app.get_subcommands(nullptr)) {
    AddCommand(root, *one, Concat(path, " ", one->get_name()), page);
  }
}

}  // namespace

std::string ManualPage(const CLI::App& app, const std::string& prefix) {
  const std::string& name = app.get_name();
  std::string what = app.get_description();
  if (what.starts_with(name + " ")) what.erase(0, name.size() + 1);
  std::string page =
      Concat(".TH ", Upper(name), " 1\n.SH NAME\n", name, " \\- ", Text(what),
             "\n.SH SYNOPSIS\n.B ", name, "\n\\fICOMMAND\\fR [\\fIFLAGS\\fR]\n.SH COMMANDS\n");
  for (const CLI::App* one : app.get_subcommands(nullptr))
    AddCommand(app, *one, one->get_name(), page);
  page += Concat(".SH ENVIRONMENT\n.TP\n", prefix, "\\fIFLAG_NAME\\fR\n",
                 "The value of \\fB\\-\\-flag\\-name\\fR where it is not given.\n");
  if (!app.get_footer().empty()) {
    page += Concat(".SH NOTES\n.nf\n", Text(app.get_footer()), "\n.fi\n");
  }
  return page;
}

}  // namespace kvshim::command
