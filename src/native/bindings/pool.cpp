#include "pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace handgrad {
namespace {

// Waking a sleeping thread takes as long as a short call: measured 60 µs on two virtual cores. Kernel calls follow each
// other closely, so a thread looks around for so long before it sleeps.
constexpr std::chrono::microseconds awake{100};

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// True as soon as the condition holds; false if it does not for as long as a thread stays awake.
template <class Condition>
bool comes_soon(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + awake;
    do {
        for (int i = 0; i < 32; ++i) {
            if (holds()) return true;
            pause();
        }
    } while (std::chrono::steady_clock::now() < end);
    return false;
}

class Pool {
  public:
    // The process ends while workers sleep: they are never joined, and what they wait on is never destroyed.
    static Pool& instance() {
        static Pool* pool = make();
        return *pool;
    }

    int threads() const { return threads_.load(std::memory_order_relaxed); }

    void set_threads(int threads) {
        const std::lock_guard<std::mutex> owner(owner_);
        threads_ = threads;
    }

    void run(int parts, Task task, void* context) {
        const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
        if (!owner) {
            for (int part = 0; part < parts; ++part) task(context, part);
            return;
        }
        grow(parts - 1);
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            task_ = task;
            context_ = context;
            parts_ = parts;
            pending_ = parts - 1;
            ++round_;
        }
        wake_.notify_all();
        task(context, 0);
        if (comes_soon([this] { return pending_ == 0; })) return;
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return pending_ == 0; });
    }

  private:
    static Pool* make() {
        Pool* pool = new Pool;
#if !defined(_WIN32)
        // A forked child has none of the threads: it starts with an empty pool (the old one is left as it was).
        pthread_atfork(nullptr, nullptr, [] {
            const int threads = instance().threads();
            Pool& own = instance();
            new (&own) Pool;
            own.threads_ = threads;
        });
#endif
        return pool;
    }

    void grow(int workers) {
        for (int number = int(workers_.size()) + 1; number <= workers; ++number) {
            workers_.emplace_back([this, number, round = round_.load()] { work(number, round); });
            workers_.back().detach();
        }
    }

    void work(int number, unsigned seen) {
        for (;;) {
            comes_soon([&] { return round_ != seen; });
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return round_ != seen; });
            seen = round_;
            if (number >= parts_) continue;
            const Task task = task_;
            void* const context = context_;
            lock.unlock();
            task(context, number);
            if (--pending_ > 0) continue;
            lock.lock();  // the caller is either before its look at pending_, or asleep
            done_.notify_one();
        }
    }

    std::atomic<int> threads_{1};
    std::mutex owner_;  // held by the caller that the workers serve
    std::mutex mutex_;  // guards what follows; only the two numbers that are waited for are read without it
    std::condition_variable wake_, done_;
    std::vector<std::thread> workers_;
    Task task_ = nullptr;
    void* context_ = nullptr;
    int parts_ = 0;
    std::atomic<int> pending_{0};
    std::atomic<unsigned> round_{0};
};

}  // namespace

void set_threads(int threads) { Pool::instance().set_threads(threads < 1 ? 1 : threads); }

int threads() { return Pool::instance().threads(); }

void run_parts(int parts, Task task, void* context) { Pool::instance().run(parts, task, context); }

}  // namespace handgrad
