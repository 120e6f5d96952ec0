import Foundation
import TestSupport
import Testing

@testable import Workflows

@Suite("invert on a cluster: shards that a scheduler numbers, bad images that are no failure")
struct ClusterTests {
  static let chosen: [(argument: String, variables: [String: String], shard: String)] = [
    ("2/3", ["SLURM_ARRAY_TASK_ID": "1"], "2/3"),
    ("auto", slurm(7, 1, 9), "7/9"), ("auto", slurm(0, 0, 8), "1/9"), ("auto", slurm(8, 0, 8), "9/9"),
    ("auto", slurm(1, 1, 1), "1/1"), ("auto/20", slurm(7, 7, 7), "7/20"),
    ("auto/4", ["JOB_COMPLETION_INDEX": "0"], "1/4"), ("auto/4", ["JOB_COMPLETION_INDEX": "3"], "4/4"),
  ]

  static func slurm(_ task: Int, _ first: Int, _ last: Int, step: Int = 1) -> [String: String] {
    [
      "SLURM_ARRAY_TASK_ID": "\(task)", "SLURM_ARRAY_TASK_MIN": "\(first)", "SLURM_ARRAY_TASK_MAX": "\(last)",
      "SLURM_ARRAY_TASK_COUNT": "\((last - first) / step + 1)",
    ]
  }

  @Test("the shard of a scheduler's task", arguments: chosen.indices)
  func shard(index: Int) throws {
    let (argument, variables, expected) = Self.chosen[index]
    let choice = try #require(ShardChoice(argument: argument))
    let shard = try choice.shard { variables[$0] }
    #expect(shard.description == expected && choice.description == argument)
  }

  static let refused: [(argument: String, variables: [String: String], reason: String)] = [
    ("auto", [:], "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"),
    // One task of an array that is submitted again; an array with gaps, or with a step.
    ("auto", slurm(7, 7, 7), "expected auto/N"), ("auto", slurm(3, 1, 9, step: 2), "expected auto/N"),
    ("auto", ["SLURM_ARRAY_TASK_ID": "1"], "expected auto/N"),
    ("auto", ["JOB_COMPLETION_INDEX": "0"], "expected auto/N"),
    ("auto/4", ["JOB_COMPLETION_INDEX": "4"], "JOB_COMPLETION_INDEX=4: expected 0 to 3"),
    ("auto/4", slurm(0, 0, 3), "SLURM_ARRAY_TASK_ID=0: expected 1 to 4"),
    ("auto/4", ["SLURM_ARRAY_TASK_ID": "x"], "SLURM_ARRAY_TASK_ID=x: expected a whole number"),
  ]

  @Test("numbers that do not tell the shard", arguments: refused.indices)
  func refusals(index: Int) throws {
    let (argument, variables, reason) = Self.refused[index]
    let choice = try #require(ShardChoice(argument: argument))
    let error = thrownError { _ = try choice.shard { variables[$0] } } as? Failure
    #expect(error?.parameter == "shard" && error?.message.contains(reason) == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("a job's tasks, one with bad images alone, are joined to the run of one machine")
  func array() throws {
    let place = try ManyImagesTests.folder(of: 5)
    try place.write("in/seed0001.png", text: "no picture")
    try place.write("in/seed0004.png", text: "no picture")
    let status = try Command.run(try ManyImagesTests.arguments("-o", "whole"), in: place).status
    #expect(status == 65)
    var folders: [String] = []
    for index in 0..<3 {
      folders.append("part\(index)")
      let result = try Command.run(
        try ManyImagesTests.arguments("--shard", "auto/3", "--skip-bad", "--resume", "-o", "part\(index)"), in: place,
        environment: ["JOB_COMPLETION_INDEX": "\(index)"])
      #expect(result.status == 0 && result.errors.contains("seed0001.png") == (index == 1), "\(result.errors)")
    }
    // Again, as a scheduler does after a failure of the machine.
    let again = try Command.run(
      try ManyImagesTests.arguments("--shard", "auto", "--skip-bad", "--resume", "-o", "part0"), in: place,
      environment: Self.slurm(1, 1, 3))
    #expect(again.status == 0, "\(again.errors)")
    #expect(try Command.run(["merge", "-o", "merged"] + folders, in: place).status == 65)
    #expect(try Command.run(["merge", "--skip-bad", "-o", "merged"] + folders, in: place).status == 0)
    #expect(try ManyImagesTests.differing(place, "whole", "merged") == [])
    let outside = try Command.run(try ManyImagesTests.arguments("--shard", "auto", "-o", "none"), in: place)
    #expect(outside.status == 64 && outside.errors.contains("--shard: neither SLURM"), "\(outside.errors)")
  }
}
