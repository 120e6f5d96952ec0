import CKernelShims

/// As many floats as one register of the tier holds: for code that would spill pixels of sixteen.
typealias Register = idv_register

extension Source {
  @inline(__always) func register(_ offset: Int = 0) -> Register {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Register.self)
  }
}

extension Target {
  @inline(__always) func put(_ value: Register, _ offset: Int = 0) {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: value, as: Register.self)
  }
}
