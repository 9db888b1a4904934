// The pages of code and constants that only the start of the process has touched: some ten MiB of
// relocation tables, initializers and libraries that this database does not need. They are unmapped
// once the server serves; what is needed again comes back from the page cache at the first touch.
//
// Thread safety: call it from one thread; others may run.
#pragma once

namespace kvshim::command {

void ForgetStartupPages();

}  // namespace kvshim::command
