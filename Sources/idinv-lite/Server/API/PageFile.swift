/// A file of the page, as it was when the program was built.
struct PageFile: Sendable {
  let path: String
  let type: String
  let bytes: [UInt8]

  static let all = [
    PageFile(path: "/", type: "text/html; charset=utf-8", bytes: PackageResources.page_html),
    PageFile(path: "/page.css", type: "text/css; charset=utf-8", bytes: PackageResources.page_css),
    PageFile(path: "/page.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.page_js),
    PageFile(path: "/v1/openapi.json", type: "application/json", bytes: PackageResources.openapi_json),
  ]
}
