import Workflows

/// Version of the package.
public let idinvLiteVersion = Program.version
