#pragma once

/// What the tests of combined values have in common.

#include "support.hpp"

#include <optional>

namespace combining {

using namespace support;

struct Pair {
    int left = 0;
    int right = 0;
    friend bool operator==(const Pair&, const Pair&) = default;
};
constexpr auto pair_of = [](const int& left, const int& right) { return Pair{left, right}; };
using GotPair = Completion<event::Snapshot<Pair>>;

class Combine : public testing::Test {
protected:
    asio::io_context io_;
    std::optional<event::Value<int>> left_{std::in_place, io_};
    std::optional<event::Value<int>> right_{std::in_place, io_};
    event::ValueView<Pair> both_ = event::combine(left_->view(), right_->view(), pair_of);

    std::optional<Pair> now() const {
        const auto snapshot = both_.try_get();
        return snapshot ? std::optional(**snapshot) : std::nullopt;
    }
};

}  // namespace combining
