// Functions of libraries that the process has anyway: nothing has to be there when the addon is built, or loaded.
#pragma once

#include <dlfcn.h>

namespace millrace {

class Library {
 public:
  // @param name of the shared library, for where the program itself does not export its functions: it stays loaded
  // @param probe a function that only this library has
  // @locality any thread
  Library(const char *name, const char *probe)
      : handle_(dlsym(RTLD_DEFAULT, probe) != nullptr ? RTLD_DEFAULT : dlopen(name, RTLD_NOW)),
        is_there_(dlsym(handle_, probe) != nullptr) {}

  // @brief Sets a pointer to the function of that name. @returns false where there is none
  template <typename Function>
  bool find(const char *name, Function *function) const {
    *function = is_there_ ? reinterpret_cast<Function>(dlsym(handle_, name)) : nullptr;
    return *function != nullptr;
  }

 private:
  void *const handle_;
  const bool is_there_;
};

}  // namespace millrace
