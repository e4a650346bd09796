#include "scratch.hpp"

#include <new>

namespace handgrad {
namespace {

class Buffer {
  public:
    ~Buffer() { free(); }
    void* of(Size bytes) {
        if (bytes > size_) {
            free();
            memory_ = ::operator new(size_t(bytes), alignment);
            size_ = bytes;
        }
        return memory_;
    }

  private:
    static constexpr std::align_val_t alignment{64};
    void free() {
        if (memory_) ::operator delete(memory_, alignment);
        memory_ = nullptr;
        size_ = 0;
    }
    void* memory_ = nullptr;
    Size size_ = 0;
};

}  // namespace

void* scratch(Size bytes) {
    thread_local Buffer buffer;
    return buffer.of(bytes);
}

}  // namespace handgrad
