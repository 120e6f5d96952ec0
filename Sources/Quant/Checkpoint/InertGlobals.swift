/// Python's names that checkpoints have beside their weights: settings, paths, dates, sets, types, states of random numbers.
///
/// What is made of them is kept as it was written; nothing of it is run. The list is one of names, because what a class does
/// when it is made cannot be read off a pickle.
enum InertGlobals {
  static func contains(module: String, name: String) -> Bool {
    names[module]?.contains(name) == true
  }

  /// TensorFlow networks of NVIDIA's and of those who built on them.
  static let tensorFlowNetwork = "dnnlib.tflib.network.Network"

  private static let builtins: Set<String> = [
    "set", "frozenset", "list", "tuple", "dict", "int", "long", "float", "complex", "bool", "str", "unicode", "bytes",
    "bytearray", "slice", "range", "xrange", "object",
  ]
  private static let paths: Set<String> = [
    "Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath",
  ]
  private static let numpyTypes: Set<String> = [
    "bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
    "str_", "bytes_",
  ]
  private static let torchTypes: Set<String> = [
    "float32", "float", "float64", "double", "float16", "half", "bfloat16", "complex64", "complex128", "uint8", "int8",
    "int16", "short", "int32", "int", "int64", "long", "bool", "device", "dtype", "Tensor", "strided", "sparse_coo",
    "contiguous_format", "channels_last", "preserve_format", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
    "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2", "uint16", "uint32", "uint64", "complex32", "qint8",
    "quint8",
    "qint32", "per_tensor_affine", "per_channel_affine", "sparse_csr", "sparse_csc", "jagged",
  ]

  private static let names: [String: Set<String>] = [
    "builtins": builtins, "__builtin__": builtins,
    "collections": ["Counter", "defaultdict", "deque"],
    "argparse": ["Namespace"],
    "types": ["SimpleNamespace"],
    "pathlib": paths, "pathlib._local": paths,
    "datetime": ["datetime", "date", "time", "timedelta", "timezone"],
    "decimal": ["Decimal"], "fractions": ["Fraction"], "uuid": ["UUID"],
    "numpy": numpyTypes,
    "numpy.random": ["RandomState"],
    "numpy.random._pickle": [
      "__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor",
    ],
    "numpy.random._mt19937": ["MT19937"], "numpy.random._pcg64": ["PCG64"],
    "torch": torchTypes,
    "torch.nn.parameter": ["Parameter", "Buffer"],
    "torch.serialization": ["_get_layout"],
    "dnnlib": ["EasyDict"], "dnnlib.util": ["EasyDict"], "dnnlib.tflib.network": ["Network"],
    "easydict": ["EasyDict"], "addict.addict": ["Dict"], "munch": ["Munch"], "yacs.config": ["CfgNode"],
    "omegaconf.dictconfig": ["DictConfig"], "omegaconf.listconfig": ["ListConfig"],
    "omegaconf.base": ["ContainerMetadata", "Metadata"],
    "omegaconf.nodes": ["AnyNode", "StringNode", "IntegerNode", "FloatNode", "BooleanNode"],
    "typing": ["Any"],
  ]
}
