/* Inverts pictures and writes what the generator makes of their codes.
 *
 *     cc -std=c99 invert.c $(pkg-config --cflags --libs idinv) -o invert
 *     ./invert model.idinv face.png…      writes inverted-0.png, inverted-1.png, …
 */
#include <idinv.h>
#include <stdio.h>
#include <stdlib.h>

static int32_t show(const idinv_progress *progress, void *user) {
  (void)user;
  fprintf(
    stderr, "\rimage %d of %d, step %d of %d, loss %.4f ", progress->image + 1, progress->image_count, progress->step,
    progress->planned_steps, progress->losses.total);
  return IDINV_GO_ON;
}

/* Prints the context's last error. */
static int failed(idinv_context *context) {
  char text[1024];
  idinv_error_text(context, text, sizeof text);
  fprintf(stderr, "invert: %s\n", text);
  return idinv_error_code(context);
}

/* Renders the codes of a result and writes them as pictures. */
static int write_pictures(idinv_context *context, const idinv_result *result) {
  idinv_info info = {0};
  info.size = sizeof info;
  uint8_t *pixels = NULL;
  if (idinv_get_info(context, &info)) return failed(context);
  if (idinv_synthesize(context, result->codes, result->count, &pixels)) return failed(context);
  int status = 0;
  for (size_t i = 0; i < result->count && !status; i++) {
    char name[64];
    snprintf(name, sizeof name, "inverted-%zu.png", i);
    idinv_image picture = {0};
    picture.pixels = pixels + i * 3 * (size_t)info.resolution * (size_t)info.resolution;
    picture.width = picture.height = info.resolution;
    if (idinv_write_image(context, &picture, name)) status = failed(context);
    const idinv_outcome *outcome = &result->outcomes[i];
    printf("%s: %zu steps, loss %.4f\n", name, outcome->step_count, outcome->losses[outcome->best_step - 1].total);
  }
  idinv_release(pixels);
  return status;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: invert model.idinv image…\n");
    return 64;
  }
  size_t count = (size_t)argc - 2;
  idinv_context *context = idinv_create(NULL);
  idinv_image *pictures = calloc(count, sizeof *pictures);
  if (!context || !pictures) return 70;

  int status = idinv_open(context, argv[1]) ? failed(context) : 0;
  for (size_t i = 0; i < count && !status; i++) {
    if (idinv_read_image(context, argv[2 + i], &pictures[i])) status = failed(context);
  }
  idinv_inversion_options options = {0};
  options.size = sizeof options;
  options.steps = 20;
  options.progress = show;
  idinv_result *result = NULL;
  if (!status && idinv_invert(context, pictures, count, &options, &result)) status = failed(context);
  fprintf(stderr, "\n");
  if (!status) status = write_pictures(context, result);

  idinv_result_free(result);
  for (size_t i = 0; i < count; i++) idinv_release((void *)pictures[i].pixels);
  free(pictures);
  idinv_destroy(context);
  return status;
}
