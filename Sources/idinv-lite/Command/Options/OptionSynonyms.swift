/// What other programs of this field call the options: the one place where a word that is unknown here leads to its option.
///
/// All words in small letters, with hyphens. A word may belong to several options; what the command has of these counts.
enum OptionSynonyms {
  static let all: [(option: String, words: [String])] = [
    // Optimization
    (
      "iterations",
      [
        "steps", "step", "iters", "iter", "niter", "n-iter", "n-iters", "n-iterations", "num-iter", "num-iters",
        "num-iterations", "max-iter", "max-iters", "max-iterations", "num-steps", "n-steps", "max-steps", "optim-steps",
        "optimization-steps", "inversion-steps", "epochs", "num-epochs",
      ]
    ),
    ("learning-rate", ["lr", "rate", "step-size", "init-lr", "initial-lr", "initial-learning-rate"]),
    (
      "lambda-domain",
      [
        "lambda-dom", "lambda-enc", "lambda-encoder", "lambda-reg", "loss-weight-enc", "loss-weight-dom",
        "loss-weight-domain", "enc-weight", "encoder-weight", "dom-weight", "domain-weight", "domain-lambda",
        "domain-loss-weight", "weight-domain", "w-domain",
      ]
    ),
    (
      "lambda-perceptual",
      [
        "lambda-perc", "lambda-feat", "lambda-vgg", "lambda-lpips", "loss-weight-feat", "loss-weight-perceptual",
        "feat-weight", "vgg-weight", "perc-weight", "perceptual-weight", "perceptual-lambda", "perceptual-loss-weight",
        "weight-perceptual", "lpips", "lpips-lambda", "lpips-weight",
      ]
    ),
    ("perceptual-layers", ["layers", "vgg-layers", "feat-layers", "feature-layers", "lpips-layers"]),
    ("optimizer", ["optim", "opt", "solver", "algorithm"]),
    ("budget", ["time", "time-limit", "time-budget", "max-time", "max-seconds", "seconds", "timeout", "deadline"]),
    ("target-psnr", ["psnr", "min-psnr", "stop-psnr"]),
    ("patience", ["early-stop", "early-stopping", "tol", "tolerance"]),
    (
      "start",
      ["init", "init-code", "init-latent", "initial", "initial-code", "initialization", "start-from", "w-init"]
    ),
    ("space", ["latent-space", "w-plus", "wplus", "wp"]),

    // Runs and results
    (
      "output",
      [
        "out", "outdir", "out-dir", "out-path", "output-dir", "output-directory", "output-file", "output-folder",
        "output-path", "result", "results", "result-dir", "results-dir", "save-dir", "save-path", "save-to", "dest",
        "destination", "exp-dir", "folder", "dir",
      ]
    ),
    ("draw", ["output", "out", "outdir", "out-dir", "output-dir", "save-dir", "plot", "vis", "visualize"]),
    (
      "snapshots",
      [
        "num-results", "n-results", "num-snapshots", "intermediate", "intermediate-results", "save-intermediate",
        "viz-num",
      ]
    ),
    (
      "checkpoint-every",
      [
        "save-every", "save-freq", "save-interval", "save-steps", "ckpt-every", "checkpoint-freq",
        "checkpoint-interval",
      ]
    ),
    ("resume", ["continue", "restart", "skip-done", "skip-existing", "skip-finished"]),
    ("skip-bad", ["ignore-bad", "ignore-errors", "skip-errors", "skip-failed", "skip-invalid"]),
    ("shard", ["shards", "num-shards", "part", "chunk", "rank", "world-size", "job-index"]),
    ("quiet", ["silent", "no-progress"]),
    ("crop", ["center-crop", "resize", "fit"]),
    ("limit", ["max-images", "max-samples", "num-images", "n-images", "num-imgs", "n"]),
    ("samples", ["num-samples", "n-samples", "num", "n"]),
    ("runs", ["repeat", "repeats", "num-runs", "trials", "iterations", "iters"]),

    // Machine
    (
      "threads",
      ["num-threads", "n-threads", "nthreads", "num-cores", "num-cpus", "jobs", "n-jobs", "workers", "num-workers"]
    ),
    ("cores", ["cpu", "cpus", "cpu-list", "affinity"]),
    ("batch", ["bs", "batchsize", "batch-size", "test-batch-size", "max-batch"]),
    ("compute", ["precision", "dtype", "half", "fp16", "bf16", "amp", "mixed-precision", "arithmetic"]),
    ("weights", ["precision", "dtype", "half", "fp16", "quantize", "quantization"]),
    ("memory-budget", ["memory", "mem", "ram", "max-memory", "max-mem", "max-ram", "memory-limit", "mem-limit"]),

    // Models and checkpoints
    (
      "model",
      [
        "net", "network", "network-pkl", "pkl", "ckpt", "checkpoint", "checkpoint-path", "model-file", "model-name",
        "model-path", "weights",
      ]
    ),
    ("generator", ["g", "gen", "netg", "network", "network-pkl", "generator-path", "stylegan", "stylegan-weights"]),
    ("encoder", ["e", "enc", "encoder-path", "encoder-weights"]),
    ("perceptual", ["vgg", "vgg16", "vgg-path", "feature-extractor", "perceptual-model"]),
    ("against", ["reference", "ref", "source", "original", "ckpt", "checkpoint", "checkpoints"]),
    ("minimum-psnr", ["min-psnr", "psnr", "threshold"]),
    ("which", ["ema", "g-ema", "use-ema", "key", "params"]),
    ("check", ["verify", "validate", "checksum"]),
    ("tensors", ["verbose", "details", "layers"]),
    ("metrics", ["metric", "lpips", "lpips-model"]),
    ("judge", ["classifier", "predictor", "attribute-model"]),

    // Codes and edits
    (
      "codes",
      [
        "code", "latent", "latents", "latent-code", "latent-codes", "latent-path", "latents-path", "w", "w-file",
        "projected-w",
      ]
    ),
    ("seeds", ["seed", "num", "n", "num-samples", "n-samples"]),
    ("seed", ["seeds", "random-seed", "rng-seed", "manual-seed"]),
    ("truncation", ["psi", "trunc", "trunc-psi", "truncation-psi", "truncation-factor"]),
    ("truncation-psi", ["psi", "trunc", "trunc-psi", "truncation", "truncation-factor"]),
    (
      "boundary",
      [
        "boundaries", "boundary-path", "direction", "directions", "edit-direction", "editing-direction", "vector",
        "attr", "attribute", "attributes",
      ]
    ),
    ("boundaries", ["boundary", "boundary-dir", "direction", "directions"]),
    (
      "alpha",
      [
        "strength", "magnitude", "factor", "intensity", "distance", "distances", "degree", "scale", "amount",
        "coefficient", "edit-degree", "edit-scale", "edit-strength",
      ]
    ),
    ("start-distance", ["min-distance", "distance-start", "distance"]),
    ("end-distance", ["max-distance", "distance-end", "distance"]),
    (
      "layers",
      [
        "layer", "layer-index", "layer-indices", "layer-range", "edit-layers", "manipulate-layers", "mix-layers",
        "style-layers",
      ]
    ),
    ("condition", ["cond", "conditions", "condition-on", "orthogonal", "preserve"]),
    ("steps", ["step", "num-steps", "n-steps", "frames", "num-frames", "n-frames", "interpolations", "num-points"]),
    ("animate", ["animation", "gif", "video", "film", "movie", "mp4", "save-gif", "save-video"]),
    ("frame-rate", ["fps", "framerate", "frames-per-second"]),
    ("styles", ["style", "style-path", "style-images"]),
    ("contents", ["content", "content-path", "content-images"]),
    ("targets", ["target", "target-list"]),
    ("contexts", ["context", "context-list", "background"]),
    ("crop-size", ["size", "box-size", "patch-size"]),
    ("attribute", ["attr", "attributes", "attribute-name", "label"]),
    ("scores", ["label", "labels", "predictions", "scores-path"]),
    ("ratio", ["chosen-num-or-ratio", "chosen-ratio"]),
    ("split", ["split-ratio", "train-split", "validation-ratio"]),

    // Faces and photographs
    ("face", ["faces", "face-index", "which-face", "all-faces"]),
    ("landmarks", ["landmark", "landmarks-file", "lm", "lms", "kps", "keypoints"]),
    ("detector", ["face-detector", "detector-path", "mtcnn"]),
    ("aligned", ["already-aligned", "pre-aligned", "no-align", "no-alignment", "skip-align", "cropped"]),
    ("smallest-face", ["min-face", "min-face-size", "min-size", "minsize"]),
    ("resolution", ["res", "size", "image-size", "img-size", "output-size", "transform-size"]),
    ("blend", ["blending", "blend-mode", "blending-mode", "feather", "poisson", "seamless", "paste"]),
    ("format", ["ext", "extension", "fmt", "file-format", "image-format", "output-format"]),
    ("quality", ["jpeg-quality", "jpg-quality"]),

    // The server
    ("address", ["bind", "ip", "listen", "hostname"]),
    ("data", ["data-dir", "storage", "work-dir", "workdir"]),
    ("token", ["auth", "auth-token", "api-key", "key", "password"]),
    ("keep", ["ttl", "expire", "expiry", "retention"]),
  ]

  /// Words for what every command takes without an option.
  static let inputs: Set<String> = [
    "i", "in", "input", "inputs", "input-dir", "input-path", "input-file", "image", "images", "image-dir", "image-list",
    "image-path", "img", "imgs", "photo", "photos", "file", "files", "source", "src",
  ]

  /// Words for processors that this program does not use.
  static let accelerators: Set<String> = ["device", "devices", "gpu", "gpus", "gpu-id", "gpu-ids", "cuda", "use-gpu"]

  /// Options for a word, those of `names` alone.
  static func options(for word: String, among names: Set<String>) -> [String] {
    all.filter { names.contains($0.option) && $0.words.contains(word) }.map(\.option)
  }
}
