import ArgumentParser
import Workflows

/// The `idinv-lite` command. Each subcommand is one file in `Commands`.
@main
struct IdinvLite: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idinv-lite",
    abstract: "Invert images into the latent codes of a StyleGAN, and edit them.",
    discussion: """
      First result, with the shipped model:
        idinv-lite invert photo.png -o results

      In-domain GAN inversion (Zhu et al., ECCV 2020): an encoder gives a first code, a domain-regularized \
      optimization refines it.

      Exit codes: 0 success; 64 wrong usage; 65 bad input data; 66 missing input; 69 a needed feature is unavailable; \
      70 internal error; 73 cannot create output; 74 input/output error; 130 interrupted, best results so far saved.
      """,
    version: Program.version,
    subcommands: [
      Convert.self, Info.self, Verify.self, CurvatureCommand.self, Calibrate.self, Forward.self, Synthesize.self,
      Detect.self, Align.self, Edit.self, Encode.self, Invert.self, Attributes.self, Manipulate.self, Interpolate.self,
      Mix.self, Diffuse.self, BoundaryCommand.self, Serve.self, Merge.self, Evaluate.self, BenchCommand.self,
      KernelList.self,
    ])
}
