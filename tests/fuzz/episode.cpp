#include "fuzz/episode.h"

#include <cstdio>
#include <memory>
#include <thread>

namespace test {
namespace {

void call_one(World& world, Choices& choices) {
  const Row& row = call_table[choices.below(call_table.size())];
  if (row.process_wide && !world.settings.alone) return;
  Call call(world, choices, row);
  row.call(call);
}

void run(World& world, uint64_t seed, Progress& progress) {
  world.begin();
  for (size_t i = 0; i < kLength && !world.failed(); ++i) {
    progress.position = i;
    // Each call has choices of its own, so that the others stay the same without it.
    SeededChoices choices(mixed(seed, i));
    if (!progress.left_out[i]) call_one(world, choices);
  }
  world.end();
  progress.called += world.called;
  progress.succeeded += world.succeeded;
}

}  // namespace

bool run_episode(const Settings& settings, uint64_t seed, uint64_t episode, Progress& progress) {
  progress.episode = episode;
  const auto world = std::make_unique<World>(settings);
  run(*world, mixed(seed, episode), progress);
  if (!world->failed()) return true;
  std::snprintf(progress.failure, sizeof(progress.failure), "%s", world->failure.c_str());
  return false;
}

std::string run_bytes(const Settings& settings, const uint8_t* data, size_t size) {
  const auto world = std::make_unique<World>(settings);
  ByteChoices choices(data, size);
  world->begin();
  while (!choices.at_end() && !world->failed()) call_one(*world, choices);
  world->end();
  return world->failure;
}

bool run_threads(const Settings& settings, uint64_t seed, uint64_t episode, size_t threads,
                 Progress& progress) {
  progress.episode = episode;
  const size_t live = tensor_live_handles();
  limit_memory(settings.device);
  std::vector<tensor_t*> shared;
  for (const int64_t size : {1, 3, 4}) {
    const int64_t shape[] = {2, size};
    tensor_t* t = nullptr;
    if (tensor_ones(shape, 2, nullptr, &t) == TENSOR_OK) shared.push_back(t);
  }
  std::vector<std::unique_ptr<World>> worlds;
  std::vector<Progress> parts(threads);
  std::vector<std::thread> running;
  for (size_t i = 0; i < threads; ++i) {
    worlds.push_back(std::make_unique<World>(settings));
    worlds[i]->shared.assign(shared.begin(), shared.end());
  }
  for (size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { run(*worlds[i], mixed(seed, mixed(episode, i)), parts[i]); });
  }
  for (std::thread& thread : running) thread.join();
  for (tensor_t* t : shared) tensor_release(t);
  std::string failure;
  for (size_t i = 0; i < threads; ++i) {
    progress.called += parts[i].called;
    progress.succeeded += parts[i].succeeded;
    if (worlds[i]->failed()) failure = worlds[i]->failure;
  }
  size_t held = 0;  // by tensors that keep each other
  for (const auto& world : worlds) held += world->held;
  if (failure.empty() && tensor_live_handles() != live + held) failure = "handles are left";
  std::snprintf(progress.failure, sizeof(progress.failure), "%s", failure.c_str());
  return failure.empty();
}

}  // namespace test
