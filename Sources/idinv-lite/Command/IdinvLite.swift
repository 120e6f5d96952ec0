import ArgumentParser
import Workflows

/// The `idinv-lite` command. Each subcommand is one file in `Commands`.
@main
struct IdinvLite: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idinv-lite",
    abstract: "In-domain GAN inversion on small machines.",
    discussion: """
      Converts StyleGAN generators with their domain-guided encoders to one compact file, and inverts images with it \
      by domain-regularised optimisation (Zhu et al., ECCV 2020).

      Exit codes: 0 success; 64 wrong usage; 65 bad input data; 66 missing input; 69 a needed feature is unavailable; \
      70 internal error; 73 cannot create output; 74 input/output error; 130 interrupted, with the best code so far saved.
      """,
    version: Program.version,
    subcommands: [
      Convert.self, Info.self, Verify.self, CurvatureCommand.self, Calibrate.self, Forward.self, Synthesize.self,
      Align.self, Encode.self, Invert.self, Attributes.self, Manipulate.self, Interpolate.self, Mix.self, Diffuse.self,
      BoundaryCommand.self, Serve.self, Merge.self, Evaluate.self, BenchCommand.self, KernelList.self,
    ])
}
