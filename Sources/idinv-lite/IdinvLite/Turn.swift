import Glibc

/// Lets one thread at a time into a model. The thread that is in may enter again: a progress handler may render a preview.
///
/// `@unchecked Sendable`: the mutex is the system's.
final class Turn: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  /// The process that made it: a fork copies a mutex that some thread of the parent may hold for ever.
  private let process = getpid()

  init() {
    mutex = .allocate(capacity: 1)
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` when its turn has come.
  ///
  /// - Throws: what `body` throws; `.unavailable` in a forked process, if the parent was computing while it forked.
  func callAsFunction<Value>(_ body: () throws -> Value) throws(IdinvError) -> Value {
    if getpid() == process {
      pthread_mutex_lock(mutex)
    } else if pthread_mutex_trylock(mutex) != 0 {
      throw IdinvError(
        .unavailable,
        "model: this process was forked while another thread computed with the model, or two threads of it share the "
          + "copy; open the model again in the new process")
    }
    defer { pthread_mutex_unlock(mutex) }
    return try IdinvError.wrapping(body)
  }
}
