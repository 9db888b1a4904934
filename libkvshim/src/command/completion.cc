#include "command/completion.h"

#include <functional>
#include <vector>

#include "base/strings.h"

namespace kvshim::command {
namespace {

using base::Concat;

struct Word {
  std::string text;
  std::string description;
  bool takes_file = false;
  bool takes_value = false;
};

std::vector<Word> Subcommands(const CLI::App& app) {
  std::vector<Word> words;
  for (const CLI::App* one : app.get_subcommands(nullptr)) {
    words.push_back({one->get_name(), one->get_description()});
  }
  return words;
}

std::vector<Word> Flags(const CLI::App& app) {
  std::vector<Word> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::string type = option->get_type_name();
      words.push_back({.text = "--" + name,
                       .description = option->get_description(),
                       .takes_file = type == "FILE" || type == "PATH",
                       .takes_value = option->get_items_expected_max() != 0});
    }
  }
  return words;
}

// The app and every subcommand below it, each with its path: "kvshim snapshot save".
void Visit(const CLI::App& app, const std::string& path,
           const std::function<void(const std::string&, const CLI::App&)>& visit) {
  visit(path, app);
  for (const CLI::App* one : app.get_subcommands(nullptr)) {
    Visit(*one, Concat(path, " ", one->get_name()), visit);
  }
}

std::string Texts(const std::vector<Word>& words) {
  std::string texts;
  for (const Word& word : words) texts += Concat(texts.empty() ? "" : " ", word.text);
  return texts;
}

// Within single quotes of any of the shells.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else if (c != '\n') {
      quoted.push_back(c);
    }
  }
  return quoted + "'";
}

// The path of subcommands is gathered word by word; a word that is no subcommand there is passed.
std::string Bash(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string words, files;
  Visit(app, name, [&](const std::string& path, const CLI::App& one) {
    const std::vector<Word> flags = Flags(one);
    const std::string subcommands = Texts(Subcommands(one));
    words +=
        Concat("    '", path, "') subcommands='", subcommands, "' flags='", Texts(flags), "' ;;\n");
    for (const Word& flag : flags) {
      if (flag.takes_file && files.find(flag.text + "|") == std::string::npos) {
        files += flag.text + "|";
      }
    }
  });
  return Concat(
      "# bash completion of ", name, "\n_", name, "_words() {\n  case $1 in\n", words,
      "  esac\n}\n_", name, "() {\n  local current=${COMP_WORDS[COMP_CWORD]}\n",
      "  local before=${COMP_WORDS[COMP_CWORD-1]} path='", name, "' subcommands flags i\n", "  _",
      name, "_words \"$path\"\n",
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    [[ \" $subcommands \" == *\" ${COMP_WORDS[i]} \"* ]] || continue\n"
      "    path+=\" ${COMP_WORDS[i]}\"\n    _",
      name, "_words \"$path\"\n  done\n",
      "  [[ $before != '=' ]] || before=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  case $before in\n    ",
      files, "--no-such-flag)\n",
      "      COMPREPLY=($(compgen -f -- \"${current#=}\")) ;;\n    *)\n"
      "      COMPREPLY=($(compgen -W \"$subcommands $flags\" -- \"$current\")) ;;\n  esac\n}\n"
      "complete -o filenames -F _",
      name, " ", name, "\n");
}

// zsh speaks bash's completion well enough, so that there is one logic for both.
std::string Zsh(const CLI::App& app) {
  return Concat("#compdef ", app.get_name(), "\nautoload -U +X bashcompinit && bashcompinit\n",
                Bash(app));
}

std::string Fish(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string script = Concat("# fish completion of ", name, "\ncomplete -c ", name, " -f\n");
  Visit(app, name, [&](const std::string& path, const CLI::App& one) {
    const std::string inner = path.size() > name.size() ? path.substr(name.size() + 1) : "";
    const std::vector<Word> subcommands = Subcommands(one);
    std::string condition;
    for (const std::string_view word : base::SplitList(inner, ' ')) {
      condition += Concat(condition.empty() ? "" : "; and ", "__fish_seen_subcommand_from ", word);
    }
    std::string none;
    if (!subcommands.empty()) {
      none = Concat(condition.empty() ? "true" : condition,
                    "; and not __fish_seen_subcommand_from ", Texts(subcommands));
    }
    for (const Word& word : subcommands) {
      script += Concat("complete -c ", name, " -n ", Quoted(none), " -a ", word.text, " -d ",
                       Quoted(word.description), "\n");
    }
    for (const Word& flag : Flags(one)) {
      script += Concat("complete -c ", name,
                       inner.empty() ? " -n __fish_use_subcommand" : " -n " + Quoted(condition),
                       " -l ", flag.text.substr(2), flag.takes_value ? " -r" : "",
                       flag.takes_file ? " -F" : "", " -d ", Quoted(flag.description), "\n");
    }
  });
  return script;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, std::string_view shell) {
  if (shell == "fish") return Fish(app);
  return shell == "zsh" ? Zsh(app) : Bash(app);
}

}  // namespace kvshim::command
