#include "machine.hpp"

#include <boost/config.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <ctime>
#include <fstream>
#include <string_view>
#include <thread>

namespace bench {
namespace {

/// What follows the first "key :" of the file.
std::string field(const char* file, std::string_view key, char separator) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(key)) continue;
        const auto value = line.find_first_not_of(" \t\"", line.find(separator) + 1);
        if (value != std::string::npos) return line.substr(value, line.find_last_not_of(" \"") + 1 - value);
    }
    return "unknown";
}

std::string first_word(const char* file) {
    std::string word;
    std::ifstream(file) >> word;
    return word.empty() ? "unknown" : word;
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::string text(32, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc));
    return text;
}

/// With the packages of peers that are compiled in.
std::string optional_peers() {
    std::string peers;
#ifdef EVENTBUS_BENCH_moodycamel
    peers += " moodycamel";
#endif
#ifdef EVENTBUS_BENCH_eventpp
    peers += " eventpp";
#endif
#ifdef EVENTBUS_BENCH_entt
    peers += " entt";
#endif
#ifdef EVENTBUS_BENCH_sigslot
    peers += " sigslot";
#endif
#ifdef EVENTBUS_BENCH_sobjectizer
    peers += " sobjectizer";
#endif
    return peers.empty() ? "none" : peers.substr(1);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_machine() {
    const std::string boost = std::to_string(BOOST_VERSION / 100000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000);
    const bool is_virtual = field("/proc/cpuinfo", "flags", ':').find(" hypervisor") != std::string::npos;
    return {
        {"date", today()},
        {"cpu", field("/proc/cpuinfo", "model name", ':') + (is_virtual ? " (virtual)" : "")},
        {"cores", std::to_string(std::thread::hardware_concurrency())},
        {"system", field("/etc/os-release", "PRETTY_NAME", '=')},
        {"compiler", std::string(BOOST_COMPILER) + ' ' + EVENTBUS_BENCH_FLAGS},
        {"boost", boost},
        {"load before", first_word("/proc/loadavg")},
        {"optional peers", optional_peers()},
        {"event", "32 bytes; queues and batches of 64, unless a row says otherwise"},
    };
}

}  // namespace bench
