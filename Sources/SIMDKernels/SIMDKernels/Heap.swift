import CKernelShims

/// The C library's heap, for a whole process.
public enum Heap {
  /// Has large blocks go back to the system when they are freed.
  public static func returnLargeBlocks() { idinv_return_large_blocks() }
}
