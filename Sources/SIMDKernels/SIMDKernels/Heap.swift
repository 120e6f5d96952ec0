import CKernelShims

/// The C library's heap, for a whole process.
package enum Heap {
  /// Has large blocks go back to the system when they are freed.
  package static func returnLargeBlocks() { idinv_return_large_blocks() }
}
