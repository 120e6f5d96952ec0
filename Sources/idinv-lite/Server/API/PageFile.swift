/// A file of the page, as it was when the program was built.
struct PageFile: Sendable {
  let path: String
  let type: String
  let bytes: [UInt8]

  static let all = [
    PageFile(path: "/", type: "text/html; charset=utf-8", bytes: PackageResources.page_html),
    PageFile(path: "/page.css", type: "text/css; charset=utf-8", bytes: PackageResources.page_css),
    script("server", PackageResources.server_js), script("crop", PackageResources.crop_js),
    script("job", PackageResources.job_js), script("edit", PackageResources.edit_js),
    script("save", PackageResources.save_js), script("page", PackageResources.page_js),
    PageFile(path: "/v1/openapi.json", type: "application/json", bytes: PackageResources.openapi_json),
  ]

  private static func script(_ name: String, _ bytes: [UInt8]) -> PageFile {
    PageFile(path: "/\(name).js", type: "text/javascript; charset=utf-8", bytes: bytes)
  }
}
