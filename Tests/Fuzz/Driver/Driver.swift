import Files
import FuzzTargets
import Foundation

/// What libFuzzer calls: the target that FUZZ_TARGET names.
private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    fatalError("FUZZ_TARGET: expected one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
  }
  return target
}()

/// In memory where the machine can: millions of files are written to it.
private let folder: String = {
  let parent = Folder.exists("/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
  let path = "\(parent)/idinv-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  try! Folder.create(path)
  return path
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.read([UInt8](UnsafeBufferPointer(start: start, count: count)), folder: folder)
  return 0
}

// libFuzzer (llvm/include/…/FuzzerInterface.h): runs until it is told to end.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes `main` of an executable the function of this name, so that libFuzzer's own `main` is not linked.
@_cdecl("fuzz_main")
public func fuzzMain(_ count: CInt, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  var (count, words) = (count, words)
  return runDriver(&count, &words) { fuzzOneInput($0, $1) }
}
