/// Version of the package.
public let idinvLiteVersion = "0.1.0"
