// What Range answers, and whether a compare holds: pure functions over a state.
//
// The results are void where `values` wants something afterwards (values.h).
#pragma once

#include <vector>

#include "kvshim/request.h"
#include "mvcc/state.h"
#include "mvcc/values.h"

namespace kvshim::mvcc {

// Everything but RangeResponse::revision. The request has been checked.
RangeResponse ReadRange(const RangeRequest& request, const State& state, Values& values);

bool Holds(const Compare& compare, const State& state, Values& values);

// Which branch each txn takes, nested ones included, all judged on `state`: in the order in which
// the taken path comes by them.
std::vector<bool> ChoosePath(const TxnRequest& txn, const State& state, Values& values);

}  // namespace kvshim::mvcc
