/* Calls every function of idinv.h, rightly and wrongly: interface MODELS [CALLS]
 *
 * MODELS is the project's folder of that name; the shipped model's codes of the first example go to standard output as bytes,
 * for the comparison with other ways to the same codes. CALLS > 0 measures instead how memory grows over so many calls. */
#include <idinv.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int faults;
#define EXPECT(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      faults++; \
    } \
  } while (0)

static char models[512];

static const char *place(const char *name) {
  static char paths[4][1024];
  static int turn;
  char *path = paths[turn = (turn + 1) % 4];
  snprintf(path, sizeof paths[0], "%s/%s", models, name);
  return path;
}

static idinv_context *opened(void) {
  idinv_engine_options options = {0};
  options.size = sizeof options;
  options.threads = 2;
  idinv_context *context = idinv_create(&options);
  EXPECT(idinv_open(context, place("default.idinv")) == IDINV_OK);
  return context;
}

static idinv_image example(idinv_context *context, const char *name) {
  idinv_image image = {0};
  EXPECT(idinv_read_image(context, place(name), &image) == IDINV_OK);
  return image;
}

static bool says(idinv_context *context, const char *part) {
  char text[1024];
  size_t length = idinv_error_text(context, text, sizeof text);
  bool found = length > 0 && strstr(text, part);
  if (!found) fprintf(stderr, "expected '%s' in '%s'\n", part, text);
  return found;
}

static void test_errors(void) {
  idinv_context *context = idinv_create(NULL);
  char text[8];
  EXPECT(idinv_error_code(context) == IDINV_OK && idinv_error_text(context, NULL, 0) == 0);
  EXPECT(idinv_open(context, "no-such.idinv") == IDINV_MISSING_FILE);
  EXPECT(idinv_error_code(context) == IDINV_MISSING_FILE && says(context, "no-such.idinv"));
  EXPECT(idinv_error_path(context, text, sizeof text) == 13 && strcmp(text, "no-such") == 0);
  EXPECT(idinv_open(context, NULL) == IDINV_INVALID_ARGUMENT && says(context, "path"));
  EXPECT(idinv_open(context, "\xff\xfe") == IDINV_INVALID_ARGUMENT && says(context, "UTF-8"));
  EXPECT(idinv_open(context, place("examples/face-01.png")) == IDINV_BAD_DATA);
  float *codes = NULL;
  EXPECT(idinv_encode(context, NULL, 0, 0, &codes) == IDINV_INVALID_ARGUMENT && says(context, "idinv_open"));
  EXPECT(idinv_encode(NULL, NULL, 0, 0, &codes) == IDINV_INVALID_ARGUMENT && !codes);
  idinv_destroy(context);
  idinv_destroy(NULL);

  idinv_engine_options options = {0};
  options.size = 3;
  context = idinv_create(&options);
  EXPECT(idinv_open(context, place("default.idinv")) == IDINV_INVALID_ARGUMENT && says(context, "size"));
  idinv_destroy(context);
  options.size = sizeof options;
  options.threads = -1;
  context = idinv_create(&options);
  EXPECT(idinv_open(context, place("default.idinv")) == IDINV_INVALID_ARGUMENT && says(context, "threads"));
  idinv_destroy(context);
  options.threads = 0;
  options.memory_budget = 1000;
  context = idinv_create(&options);
  EXPECT(idinv_open(context, place("default.idinv")) == IDINV_OK);
  idinv_image image = example(context, "examples/face-01.png");
  EXPECT(idinv_encode(context, &image, 1, 0, &codes) == IDINV_UNAVAILABLE && says(context, "memory budget"));
  idinv_release((void *)image.pixels);
  idinv_destroy(context);
}

static void test_newer_and_older_callers(idinv_context *context) {
  struct {
    idinv_inversion_options options;
    int64_t newer;
  } newer = {{0}, 0};
  newer.options.size = sizeof newer;
  newer.options.steps = 1;
  idinv_image image = example(context, "examples/face-01.png");
  idinv_result *result = NULL;
  EXPECT(idinv_invert(context, &image, 1, &newer.options, &result) == IDINV_OK);
  idinv_result_free(result);
  newer.newer = 1;
  EXPECT(idinv_invert(context, &image, 1, &newer.options, &result) == IDINV_INVALID_ARGUMENT && says(context, "newer"));
  /* Compiled when there were no more options than the steps. */
  newer.options.size = offsetof(idinv_inversion_options, optimizer);
  newer.options.steps = 2;
  newer.options.optimizer = 99;
  EXPECT(idinv_invert(context, &image, 1, &newer.options, &result) == IDINV_OK);
  EXPECT(result->outcomes[0].step_count == 2);
  idinv_result_free(result);
  idinv_release((void *)image.pixels);
}

static void test_models(idinv_context *context) {
  idinv_info info = {0};
  EXPECT(idinv_get_info(context, &info) == IDINV_INVALID_ARGUMENT);
  info.size = sizeof info;
  EXPECT(idinv_get_info(context, &info) == IDINV_OK);
  EXPECT(info.resolution == 64 && info.layer_count == 10 && info.attribute_count > 0 && info.byte_count > 1000000);
  EXPECT((info.parts & IDINV_HAS_GENERATOR) && (info.parts & IDINV_HAS_ENCODER) && (info.parts & IDINV_HAS_PERCEPTUAL));
  idinv_info older = {0};
  older.size = offsetof(idinv_info, dimension);
  EXPECT(idinv_get_info(context, &older) == IDINV_OK && older.layer_count == 10 && older.dimension == 0);
  char *json = NULL;
  EXPECT(idinv_describe(context, &json) == IDINV_OK && strstr(json, "\"has_generator\":true"));
  idinv_release(json);
}

static void test_codes(idinv_context *context) {
  idinv_info info = {0};
  info.size = sizeof info;
  idinv_get_info(context, &info);
  size_t length = (size_t)info.layer_count * (size_t)info.dimension;
  idinv_image images[2] = {example(context, "examples/face-01.png"), example(context, "examples/face-02.png")};
  float *codes = NULL, *sampled = NULL, *line = NULL, *mixed = NULL;
  uint8_t *pixels = NULL;
  EXPECT(idinv_encode(context, images, 2, IDINV_CROP_NONE, &codes) == IDINV_OK);
  EXPECT(idinv_synthesize(context, codes, 2, &pixels) == IDINV_OK);
  idinv_image picture = {0};
  picture.pixels = pixels;
  picture.width = picture.height = info.resolution;
  EXPECT(idinv_write_image(context, &picture, "interface.png") == IDINV_OK);
  EXPECT(idinv_write_image(context, &picture, "no-such-folder/x.png") == IDINV_CANNOT_CREATE);
  idinv_image again = {0};
  EXPECT(idinv_read_image(context, "interface.png", &again) == IDINV_OK);
  EXPECT(memcmp(again.pixels, pixels, 3 * (size_t)info.resolution * (size_t)info.resolution) == 0);
  idinv_release((void *)again.pixels);
  EXPECT(idinv_read_fitted(context, "interface.png", IDINV_CROP_NONE, &again) == IDINV_OK && again.width == info.resolution);
  EXPECT(memcmp(again.pixels, pixels, 3 * (size_t)info.resolution * (size_t)info.resolution) == 0);
  idinv_release((void *)again.pixels);
  unlink("interface.png");
  picture.height = 7;
  float *none = NULL;
  EXPECT(idinv_encode(context, &picture, 1, IDINV_CROP_NONE, &none) == IDINV_BAD_DATA && says(context, "square"));
  EXPECT(idinv_encode(context, &picture, 1, 9, &none) == IDINV_INVALID_ARGUMENT && !none);
  /* Every second pixel of every row: a picture within a picture. */
  idinv_image part = {0};
  part.pixels = pixels;
  part.width = part.height = info.resolution / 2;
  part.stride = 3 * (size_t)info.resolution;
  EXPECT(idinv_encode(context, &part, 1, IDINV_CROP_NONE, &none) == IDINV_OK);
  idinv_release(none);
  part.stride = 5;
  EXPECT(idinv_encode(context, &part, 1, IDINV_CROP_NONE, &none) == IDINV_INVALID_ARGUMENT);

  uint32_t seeds[2] = {7, 8};
  float truncation = 0.5f;
  EXPECT(idinv_sample(context, seeds, 2, &truncation, &sampled) == IDINV_OK);
  EXPECT(idinv_interpolate(context, sampled, sampled + length, 3, &line) == IDINV_OK);
  EXPECT(memcmp(line, sampled, 4 * length) == 0 && memcmp(line + 4 * length, sampled + length, 4 * length) == 0);
  EXPECT(idinv_mix(context, sampled, 1, sampled + length, NULL, 0, &mixed) == IDINV_OK);
  EXPECT(memcmp(mixed, sampled, 4 * (size_t)info.dimension) == 0);
  EXPECT(memcmp(mixed + length - 1, sampled + 2 * length - 1, 4) == 0);
  idinv_release(mixed);
  int32_t layers[2] = {0, 99};
  EXPECT(idinv_mix(context, sampled, 1, sampled + length, layers, 2, &mixed) == IDINV_INVALID_ARGUMENT);
  sampled[3] = NAN;
  uint8_t *nothing = NULL;
  EXPECT(idinv_synthesize(context, sampled, 1, &nothing) == IDINV_BAD_DATA && !nothing);
  idinv_release(line);
  idinv_release(sampled);
  idinv_release(codes);
  idinv_release(pixels);
  for (int i = 0; i < 2; i++) idinv_release((void *)images[i].pixels);
}

static void test_boundaries(idinv_context *context) {
  idinv_info info = {0};
  info.size = sizeof info;
  idinv_get_info(context, &info);
  idinv_boundary *smile = NULL, *trained = NULL, *again = NULL;
  EXPECT(idinv_boundary_read(context, place("boundaries/smile.npy"), &smile) == IDINV_OK);
  EXPECT(strcmp(smile->name, "smile") == 0 && smile->distance_deviation > 0);
  float *codes = NULL, *attributes = NULL, *moved = NULL;
  size_t count = 100;
  EXPECT(idinv_draw_samples(context, count, 3, NULL, &codes, &attributes) == IDINV_OK);
  const idinv_boundary *list[1] = {smile};
  double distances[2] = {0, 1.5};
  EXPECT(idinv_manipulate(context, codes, 1, list, NULL, 1, distances, 2, &moved) == IDINV_OK);
  EXPECT(memcmp(moved, codes, 4 * (size_t)info.layer_count * (size_t)info.dimension) == 0);
  idinv_release(moved);
  float *scores = malloc(4 * count);
  for (size_t i = 0; i < count; i++) scores[i] = attributes[i * (size_t)info.attribute_count];
  idinv_training_options options = {0};
  options.size = sizeof options;
  options.ratio = 0.3;
  options.conditions = list;
  options.condition_count = 1;
  EXPECT(
    idinv_boundary_train(
      context, "first", codes, count, info.layer_count, info.dimension, scores, &options, &trained) == IDINV_OK);
  EXPECT(trained->training_accuracy > 0.9 && trained->distance_deviation > 0);
  EXPECT(idinv_boundary_write(context, trained, "first.npy") == IDINV_OK);
  EXPECT(idinv_boundary_read(context, "first.npy", &again) == IDINV_OK);
  EXPECT(memcmp(again->normal, trained->normal, 4 * (size_t)info.layer_count * (size_t)info.dimension) == 0);
  EXPECT(strcmp(again->name, "first") == 0 && again->distance_deviation == trained->distance_deviation);
  unlink("first.npy");
  unlink("first.json");
  options.ratio = 7;
  EXPECT(
    idinv_boundary_train(
      context, "first", codes, count, info.layer_count, info.dimension, scores, &options, &again)
    == IDINV_INVALID_ARGUMENT);
  free(scores);
  idinv_release(codes);
  idinv_release(attributes);
  idinv_boundary_free(smile);
  idinv_boundary_free(trained);
  idinv_boundary_free(again);
}

struct seen {
  int steps, stop_after;
  int32_t control;
  idinv_context *context;
};

static int32_t observe(const idinv_progress *progress, void *user) {
  struct seen *seen = user;
  seen->steps++;
  EXPECT(progress->image_count >= 1 && progress->step >= 1 && progress->losses.total > 0);
  if (seen->context && progress->step == 1) {
    uint8_t *preview = NULL;
    EXPECT(idinv_synthesize(seen->context, progress->best_code, 1, &preview) == IDINV_OK);
    idinv_release(preview);
  }
  return seen->stop_after && progress->step >= seen->stop_after ? seen->control : IDINV_GO_ON;
}

static void test_inversion(idinv_context *context) {
  idinv_image images[2] = {example(context, "examples/face-01.png"), example(context, "examples/face-02.png")};
  struct seen seen = {0, 0, IDINV_GO_ON, context};
  idinv_inversion_options options = {0};
  options.size = sizeof options;
  options.steps = 6;
  options.progress = observe;
  options.user = &seen;
  idinv_result *result = NULL;
  EXPECT(idinv_invert(context, images, 2, &options, &result) == IDINV_OK);
  EXPECT(seen.steps == 12 && result->count == 2 && result->outcomes[1].step_count == 6);
  EXPECT(result->outcomes[0].losses[5].total < result->outcomes[0].losses[0].total);
  size_t bytes = 4 * (size_t)result->layer_count * (size_t)result->dimension;
  float *alone = malloc(bytes);
  memcpy(alone, result->codes, bytes);
  idinv_result_free(result);
  /* A preview and a neighbor change nothing. */
  options.progress = NULL;
  EXPECT(idinv_invert(context, images, 1, &options, &result) == IDINV_OK);
  EXPECT(memcmp(alone, result->codes, bytes) == 0);
  fwrite(result->codes, 1, bytes, stdout);
  idinv_result_free(result);
  free(alone);

  seen = (struct seen){0, 2, IDINV_STOP_ALL, NULL};
  options.progress = observe;
  options.batch = 1;
  EXPECT(idinv_invert(context, images, 2, &options, &result) == IDINV_OK);
  EXPECT(seen.steps == 2 && result->outcomes[0].stop_reason == IDINV_STOPPED_BY_CALLER);
  EXPECT(result->outcomes[1].status == IDINV_CANCELLED && result->outcomes[1].message);
  EXPECT(isnan(result->codes[bytes / 4]) && !isnan(result->codes[0]));
  idinv_result_free(result);

  seen = (struct seen){0, 2, IDINV_STOP_IMAGE, NULL};
  EXPECT(idinv_invert(context, images, 2, &options, &result) == IDINV_OK && seen.steps == 4);
  idinv_result_free(result);
  result = NULL;

  options.perceptual_weight = INFINITY;
  EXPECT(idinv_invert(context, images, 1, &options, &result) == IDINV_INVALID_ARGUMENT && !result);
  options.perceptual_weight = -1;
  options.domain_weight = -1;
  options.learning_rate = 1e30f;
  options.optimizer = IDINV_OPTIMIZER_ADAM;
  options.progress = NULL;
  EXPECT(idinv_invert(context, images, 1, &options, &result) == IDINV_BAD_DATA && says(context, "finite") && !result);

  idinv_inversion_options brief = {0};
  brief.size = sizeof brief;
  brief.steps = 2;
  EXPECT(idinv_diffuse(context, &images[0], &images[1], NULL, &brief, &result) == IDINV_OK && result->count == 1);
  idinv_result_free(result);
  idinv_square square = {0, 0, 0};
  EXPECT(idinv_diffuse(context, &images[0], &images[1], &square, &brief, &result) == IDINV_INVALID_ARGUMENT);
  for (int i = 0; i < 2; i++) idinv_release((void *)images[i].pixels);
}

static void *encode_often(void *context) {
  idinv_image image = example(context, "examples/face-01.png");
  float *first = NULL;
  EXPECT(idinv_encode(context, &image, 1, 0, &first) == IDINV_OK);
  for (int i = 0; i < 5; i++) {
    float *codes = NULL;
    EXPECT(idinv_encode(context, &image, 1, 0, &codes) == IDINV_OK && codes[5] == first[5]);
    idinv_release(codes);
  }
  idinv_release(first);
  idinv_release((void *)image.pixels);
  return NULL;
}

/* Two threads on one context, a third on its own. */
static void test_threads(idinv_context *context) {
  idinv_context *other = opened();
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) EXPECT(pthread_create(&threads[i], NULL, encode_often, i < 2 ? context : other) == 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  idinv_destroy(other);
}

/* A child goes on with a context that the parent has used. */
static void test_fork(idinv_context *context) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    faults = 0;
    encode_often(context);
    _exit(faults == 0 ? 0 : 1);
  }
  int status = -1;
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  encode_often(context);
}

static void test_conversion(idinv_context *context) {
  idinv_conversion_options options = {0};
  options.size = sizeof options;
  EXPECT(idinv_convert(context, &options, "x.idinv", NULL) == IDINV_INVALID_ARGUMENT);
  options.generator = "no-such.pth";
  EXPECT(idinv_convert(context, &options, "x.idinv", NULL) == IDINV_MISSING_FILE && says(context, "no-such.pth"));
  options.generator = place("examples/face-01.png");
  EXPECT(idinv_convert(context, &options, "x.idinv", NULL) == IDINV_BAD_DATA && access("x.idinv", F_OK) != 0);
  options.pixel_minimum = 1;
  EXPECT(idinv_convert(context, &options, "x.idinv", NULL) == IDINV_INVALID_ARGUMENT);
}

/* Kilobytes of memory of its own. */
static long resident(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  long kilobytes = 0;
  while (file && fgets(line, sizeof line, file)) sscanf(line, "RssAnon: %ld", &kilobytes);
  if (file) fclose(file);
  return kilobytes;
}

static void measure(idinv_context *context, int calls) {
  idinv_image image = example(context, "examples/face-01.png");
  idinv_inversion_options options = {0};
  options.size = sizeof options;
  options.steps = 1;
  long warm = 0;
  for (int i = 0; i < calls; i++) {
    idinv_result *result = NULL;
    EXPECT(idinv_invert(context, &image, 1, &options, &result) == IDINV_OK);
    idinv_result_free(result);
    if (i == calls / 10) warm = resident();
  }
  long end = resident();
  printf("memory after %d calls %ld kB, after %d %ld kB\n", calls / 10, warm, calls, end);
  EXPECT(end - warm < 1024);
  idinv_release((void *)image.pixels);
}

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  snprintf(models, sizeof models, "%s", argv[1]);
  EXPECT(idinv_abi() == IDINV_ABI && strlen(idinv_version()) >= 5);
  idinv_context *context = opened();
  if (argc > 2) {
    measure(context, atoi(argv[2]));
  } else {
    test_errors();
    test_newer_and_older_callers(context);
    test_models(context);
    test_codes(context);
    test_boundaries(context);
    test_inversion(context);
    test_threads(context);
    if (!getenv("IDINV_NO_FORK")) test_fork(context);
    test_conversion(context);
    idinv_close(context);
    EXPECT(idinv_get_info(context, NULL) == IDINV_INVALID_ARGUMENT);
  }
  idinv_destroy(context);
  idinv_release(NULL);
  idinv_result_free(NULL);
  idinv_boundary_free(NULL);
  return faults == 0 ? 0 : 1;
}
