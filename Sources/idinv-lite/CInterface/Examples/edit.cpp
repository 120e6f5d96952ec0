// Moves the picture of a seed along a semantic boundary.
//
//     c++ -std=c++17 edit.cpp $(pkg-config --cflags --libs idinv) -o edit
//     ./edit model.idinv smile.npy 7      writes edited-0.png, edited-1.png, edited-2.png
#include <idinv.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <auto destroy>
struct Deleter {
  template <typename Value>
  void operator()(Value *value) const { destroy(value); }
};
using Context = std::unique_ptr<idinv_context, Deleter<idinv_destroy>>;
using Boundary = std::unique_ptr<idinv_boundary, Deleter<idinv_boundary_free>>;
template <typename Element>
using Array = std::unique_ptr<Element[], Deleter<idinv_release>>;

// Throws the last error of a context, unless there is none.
void check(const Context &context, idinv_status status) {
  if (status == IDINV_OK) return;
  std::string text(idinv_error_text(context.get(), nullptr, 0), '\0');
  idinv_error_text(context.get(), text.data(), text.size() + 1);
  throw std::runtime_error(text);
}

void edit(const char *model, const char *boundary_path, uint32_t seed) {
  Context context(idinv_create(nullptr));
  check(context, idinv_open(context.get(), model));
  idinv_info info{};
  info.size = sizeof info;
  check(context, idinv_get_info(context.get(), &info));

  float *sampled = nullptr;
  check(context, idinv_sample(context.get(), &seed, 1, nullptr, &sampled));
  Array<float> code(sampled);
  idinv_boundary *read = nullptr;
  check(context, idinv_boundary_read(context.get(), boundary_path, &read));
  Boundary boundary(read);

  const double unit = boundary->distance_deviation > 0 ? boundary->distance_deviation : 1;
  const std::vector<double> distances{-2 * unit, 0, 2 * unit};
  const idinv_boundary *boundaries[] = {boundary.get()};
  float *moved = nullptr;
  check(context, idinv_manipulate(
    context.get(), code.get(), 1, boundaries, nullptr, 1, distances.data(), distances.size(), &moved));
  Array<float> codes(moved);
  uint8_t *rendered = nullptr;
  check(context, idinv_synthesize(context.get(), codes.get(), distances.size(), &rendered));
  Array<uint8_t> pixels(rendered);

  const auto side = static_cast<size_t>(info.resolution);
  for (size_t i = 0; i < distances.size(); i++) {
    idinv_image picture{pixels.get() + i * 3 * side * side, info.resolution, info.resolution, 0};
    const std::string name = "edited-" + std::to_string(i) + ".png";
    check(context, idinv_write_image(context.get(), &picture, name.c_str()));
    std::cout << name << ": " << boundary->name << ' ' << distances[i] << '\n';
  }
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::cerr << "usage: edit model.idinv boundary.npy seed\n";
    return 64;
  }
  try {
    edit(argv[1], argv[2], static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10)));
  } catch (const std::exception &error) {
    std::cerr << "edit: " << error.what() << '\n';
    return 1;
  }
}
