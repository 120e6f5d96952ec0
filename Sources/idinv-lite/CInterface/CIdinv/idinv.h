/* idinv-lite: in-domain GAN inversion on small machines (Zhu et al., ECCV 2020).
 *
 *     idinv_context *context = idinv_create(NULL);
 *     idinv_image image = {0};
 *     idinv_result *result = NULL;
 *     if (idinv_open(context, "faces.idinv") || idinv_read_image(context, "face.png", &image) ||
 *         idinv_invert(context, &image, 1, NULL, &result)) {
 *       char text[512];
 *       idinv_error_text(context, text, sizeof text);
 *       fprintf(stderr, "%s\n", text);
 *     }
 *
 * Status. Every function that can fail returns 0 for success, or a status; the context then has the reason.
 *
 * Memory. What a function allocates for the caller is freed by idinv_release, idinv_result_free or idinv_boundary_free, as
 * its description says, and by nothing else. Where a function fails, it allocates nothing. All of these accept NULL.
 *
 * Options. Structures of options begin with their size; in all other members 0 means the default:
 *     idinv_inversion_options options = {sizeof options};
 *     options.steps = 50;
 * A NULL pointer means all defaults.
 *
 * Threads. A context may be used from any thread. Calls on one context take turns; calls on different contexts run at the
 * same time. The last error belongs to the context, so threads that share one read each other's. A progress handler runs on
 * the calling thread and may call the context again. Idle worker threads sleep.
 *
 * Processes. The library keeps no global state: it prints nothing, handles no signals and never ends the process. It forgets
 * OMP_NUM_THREADS when it computes in parallel for the first time, because LLVM's OpenMP ends the process where that holds no
 * count; every computation here says its own number of threads. After fork, a child may go on with a context, unless another
 * thread was computing with it: then calls
 * return IDINV_UNAVAILABLE.
 *
 * Arrays. Codes are float32 [N, L, D] in C order, images 8-bit sRGB [height, width, 3].
 */
#ifndef IDINV_H
#define IDINV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version -------------------------------------------------------------------------------------------------------- */

/* Number of this interface. It grows by one when a function or structure changes so that callers must be compiled again. */
#define IDINV_ABI 1

/* Version of the library, as "0.1.0". The text is constant. */
const char *idinv_version(void);

/* IDINV_ABI of the library; compare it with the header's. */
int32_t idinv_abi(void);

/* ---- Context and errors --------------------------------------------------------------------------------------------- */

typedef int32_t idinv_status;
enum {
  IDINV_OK = 0,
  IDINV_INVALID_ARGUMENT = 64, /* a parameter has a value that the call does not accept */
  IDINV_BAD_DATA = 65,         /* contents are of no use: damaged, of another kind or model, or without a network */
  IDINV_MISSING_FILE = 66,     /* an input file does not exist or may not be opened */
  IDINV_UNAVAILABLE = 69,      /* the machine or the memory budget lacks what the call needs */
  IDINV_INTERNAL = 70,         /* a fault of the library */
  IDINV_CANNOT_CREATE = 73,    /* an output file cannot be created */
  IDINV_INPUT_OUTPUT = 74,     /* the file system failed while reading or writing */
  IDINV_CANCELLED = 130        /* the progress handler stopped the call before there was a result */
};

enum {
  IDINV_ARITHMETIC_AUTO = 0, /* the fastest that shows no difference */
  IDINV_ARITHMETIC_F32 = 1,
  IDINV_ARITHMETIC_F16 = 2,
  IDINV_ARITHMETIC_INT8 = 3
};

typedef struct idinv_engine_options {
  size_t size;
  int32_t threads;        /* 0: one per physical core that the process may use */
  int32_t arithmetic;     /* IDINV_ARITHMETIC_… */
  uint64_t memory_budget; /* most bytes of the process; 0: what the system has left */
} idinv_engine_options;

/* Holds at most one model, and the last error. */
typedef struct idinv_context idinv_context;

/* Makes a context. Never fails but for lack of memory, then NULL; options are checked when a model is opened. */
idinv_context *idinv_create(const idinv_engine_options *options);

/* Frees a context with its model. No other call on it may be running. */
void idinv_destroy(idinv_context *context);

/* Status of the last call on the context that can fail; IDINV_OK after a success. */
idinv_status idinv_error_code(const idinv_context *context);

/* Copies the last error, one line of UTF-8, cut off to fit and always terminated. Returns its whole length without the
 * terminator, so that a call with capacity 0 asks for it; 0 after a success. */
size_t idinv_error_text(const idinv_context *context, char *buffer, size_t capacity);

/* The same for the file that the last error is about; empty where it is about none. */
size_t idinv_error_path(const idinv_context *context, char *buffer, size_t capacity);

/* Frees an array or text that a function has allocated. */
void idinv_release(void *memory);

/* ---- Models --------------------------------------------------------------------------------------------------------- */

/* Opens a model file (.idinv) and compares each of its tensors with its checksum. The context's former model is closed. */
idinv_status idinv_open(idinv_context *context, const char *path);

/* Closes the model; the context can open another. */
void idinv_close(idinv_context *context);

enum {
  IDINV_HAS_GENERATOR = 1,
  IDINV_HAS_ENCODER = 2,
  IDINV_HAS_PERCEPTUAL = 4,
  IDINV_HAS_ATTRIBUTES = 8,
  IDINV_HAS_CURVATURE = 16
};

typedef struct idinv_info {
  size_t size; /* set by the caller; members beyond it are not written */
  int32_t resolution;       /* side of images in pixels */
  int32_t layer_count;      /* L of codes [N, L, D] */
  int32_t dimension;        /* D */
  int32_t latent_dimension; /* numbers of a random latent z */
  int32_t attribute_count;  /* of the attribute network */
  uint32_t parts;           /* IDINV_HAS_… */
  uint64_t byte_count;      /* of the file */
} idinv_info;

/* Form and parts of the model. */
idinv_status idinv_get_info(idinv_context *context, idinv_info *info);

/* All that is known about the model, as JSON: path, sizes, names of attributes, precision, licence, note, sources,
 * specification. Free with idinv_release. */
idinv_status idinv_describe(idinv_context *context, char **json);

/* ---- Images --------------------------------------------------------------------------------------------------------- */

enum {
  IDINV_CROP_NONE = 0,  /* refuse an image that is not square */
  IDINV_CROP_CENTER = 1 /* cut the largest square out of the middle */
};

typedef struct idinv_image {
  const uint8_t *pixels; /* red, green and blue of each pixel, row by row from the top */
  int32_t width, height;
  size_t stride; /* bytes from one row to the next; 0 for 3 * width */
} idinv_image;

/* Reads a whole picture file (PNG, JPEG or WebP, whatever its name), upright and in sRGB. Free image->pixels with
 * idinv_release. Needs no model. */
idinv_status idinv_read_image(idinv_context *context, const char *path, idinv_image *image);

/* Reads a picture file and fits it to the model as the command does: in the memory of the result, and for large JPEG files
 * with other roundings than reading all of it first. crop: IDINV_CROP_…. Free image->pixels with idinv_release. */
idinv_status idinv_read_fitted(idinv_context *context, const char *path, int32_t crop, idinv_image *image);

/* Writes a PNG file, whole or not at all. Needs no model. */
idinv_status idinv_write_image(idinv_context *context, const idinv_image *image, const char *path);

/* ---- Codes ---------------------------------------------------------------------------------------------------------- */

/* The encoder's codes of images, without refinement: [count, L, D], to be freed with idinv_release. Images of other sizes
 * than the model's are resampled. crop: IDINV_CROP_…. */
idinv_status idinv_encode(
  idinv_context *context, const idinv_image *images, size_t count, int32_t crop, float **codes);

/* The images of codes [count, L, D]: [count, R, R, 3] bytes, to be freed with idinv_release. */
idinv_status idinv_synthesize(idinv_context *context, const float *codes, size_t count, uint8_t **pixels);

/* Random codes [count, L, D], to be freed with idinv_release: z of each seed as torch.manual_seed(seed);
 * torch.randn(1, Z) draws it on a CPU, mapped and truncated. truncation: NULL for the model's, 1 for none. */
idinv_status idinv_sample(
  idinv_context *context, const uint32_t *seeds, size_t count, const float *truncation, float **codes);

/* ---- Inversion ------------------------------------------------------------------------------------------------------ */

enum {
  IDINV_OPTIMIZER_AUTO = 0, /* the best that is known; the best code is the result */
  IDINV_OPTIMIZER_ADAM = 1  /* as published; the last code is the result */
};
enum { IDINV_START_ENCODER = 0, IDINV_START_MEAN = 1, IDINV_START_CODE = 2 };
enum { IDINV_SPACE_W_PLUS = 0, IDINV_SPACE_W = 1 };

typedef struct idinv_losses {
  float pixel, perceptual, domain; /* means of squares; 0 where a term is off */
  float total;                     /* the weighted sum */
} idinv_losses;

typedef struct idinv_progress {
  int32_t image, image_count;
  int32_t step, planned_steps; /* of this image */
  idinv_losses losses;
  double seconds;         /* of this step */
  const float *best_code; /* [L, D], valid during the call */
} idinv_progress;

enum {
  IDINV_GO_ON = 0,
  IDINV_STOP_IMAGE = 1, /* end this image with its best code so far */
  IDINV_STOP_ALL = 2    /* end the call; images that were begun keep their best codes so far */
};

/* Told after each step of each image, on the calling thread. Returns IDINV_GO_ON, IDINV_STOP_…. */
typedef int32_t (*idinv_progress_handler)(const idinv_progress *progress, void *user);

typedef struct idinv_inversion_options {
  size_t size;
  int32_t steps;            /* at most; 0: 100, or with a budget as many as it allows */
  int32_t optimizer;        /* IDINV_OPTIMIZER_… */
  float learning_rate;      /* of adam; 0: 0.01 */
  float perceptual_weight;  /* 0: 5e-5; negative: leave the term out */
  float domain_weight;      /* 0: 2; negative: leave the term out */
  int32_t start;            /* IDINV_START_… */
  const float *start_code;  /* [L, D], for IDINV_START_CODE */
  int32_t space;            /* IDINV_SPACE_… */
  int32_t patience;         /* steps without a fall of the loss by 0.1 % that end an image; 0: no such end */
  double budget_seconds;    /* of work for an image; 0: no such end */
  double target_psnr;       /* dB that are good enough; 0: no such end */
  int32_t batch;            /* images side by side; 0: as many as gain something. The results are the same. */
  int32_t crop;             /* IDINV_CROP_… */
  idinv_progress_handler progress; /* may be NULL */
  void *user;               /* handed to progress */
} idinv_inversion_options;

enum {
  IDINV_STOPPED_BY_STEPS = 0,
  IDINV_STOPPED_BY_BUDGET = 1,
  IDINV_STOPPED_BY_TARGET = 2,
  IDINV_STOPPED_BY_PATIENCE = 3,
  IDINV_STOPPED_BY_CONVERGENCE = 4,
  IDINV_STOPPED_BY_CALLER = 5
};

typedef struct idinv_outcome {
  idinv_status status;        /* of this image; its rows of codes are not-a-number unless IDINV_OK */
  const char *message;        /* why it failed; NULL for IDINV_OK */
  int32_t stop_reason;        /* IDINV_STOPPED_BY_… */
  int32_t best_step;          /* the step that evaluated the best code; 0 without any */
  size_t step_count;
  const idinv_losses *losses; /* of each step */
} idinv_outcome;

typedef struct idinv_result {
  size_t count;
  int32_t layer_count, dimension;
  const float *codes;       /* [count, L, D] */
  const float *start_codes; /* what the optimization started from, [count, L, D] */
  const idinv_outcome *outcomes;
} idinv_result;

/* Inverts images: encodes them and refines the codes by domain-regularized optimization. Succeeds where at least one image
 * did: see the outcomes. Where none did, the status is that of the first. Free the result with idinv_result_free. */
idinv_status idinv_invert(
  idinv_context *context, const idinv_image *images, size_t count, const idinv_inversion_options *options,
  idinv_result **result);

typedef struct idinv_square {
  int32_t size, center_x, center_y; /* in pixels of the model's images */
} idinv_square;

/* Semantic diffusion: pastes a square of target into scene and finds the code of the whole, whose objective counts the
 * square only, without the domain term. square: NULL for the published one. The result has one image. */
idinv_status idinv_diffuse(
  idinv_context *context, const idinv_image *target, const idinv_image *scene, const idinv_square *square,
  const idinv_inversion_options *options, idinv_result **result);

void idinv_result_free(idinv_result *result);

/* ---- Edits ---------------------------------------------------------------------------------------------------------- */

/* A semantic boundary: moving a code along its normal changes an attribute. Callers may fill one in themselves: size, name,
 * layer_count, dimension, normal; layers NULL for all. */
typedef struct idinv_boundary {
  size_t size;
  const char *name;
  int32_t layer_count, dimension;
  const float *normal;        /* [L, D] */
  const int32_t *layers;      /* those that it moves */
  size_t moved_layer_count;
  double distance_deviation;  /* standard deviation of codes' distances from it; 0 where unknown */
  double bias;                /* of the signed distance n·z + b; of trained boundaries, as all that follow */
  double training_accuracy, validation_accuracy, remaining_accuracy; /* shares; not-a-number where unknown */
  double correlation;         /* of distance and score */
} idinv_boundary;

/* Codes moved along boundaries, z + α·Σ fᵢ·nᵢ, for each code and each distance α: [count, distance_count, L, D], to be freed
 * with idinv_release. factors: NULL for 1 each. */
idinv_status idinv_manipulate(
  idinv_context *context, const float *codes, size_t count, const idinv_boundary *const *boundaries,
  const double *factors, size_t boundary_count, const double *distances, size_t distance_count, float **moved);

/* The straight line between two codes [L, D], both ends included: [inner_steps + 2, L, D], to be freed with idinv_release. */
idinv_status idinv_interpolate(
  idinv_context *context, const float *from, const float *to, int32_t inner_steps, float **codes);

/* Style mixing: contents [count, L, D] with some layers of style [L, D]; to be freed with idinv_release. layers: NULL for
 * the late layers, as published. */
idinv_status idinv_mix(
  idinv_context *context, const float *contents, size_t count, const float *style, const int32_t *layers,
  size_t layer_count, float **codes);

/* ---- Boundaries ----------------------------------------------------------------------------------------------------- */

/* Reads a boundary of the model: .npy with or without its .json beside it, or a published pickle. */
idinv_status idinv_boundary_read(idinv_context *context, const char *path, idinv_boundary **boundary);

/* Writes the normal to a .npy file, and what is known about it to the .json file of the same name. Needs no model. */
idinv_status idinv_boundary_write(idinv_context *context, const idinv_boundary *boundary, const char *path);

enum { IDINV_LOSS_HINGE = 0, IDINV_LOSS_SQUARED_HINGE = 1 };

typedef struct idinv_training_options {
  size_t size;
  double ratio;          /* share of all samples on each side; 0: 0.02 */
  double split;          /* share of those that is learned from; 0: 0.7 */
  double cost;           /* of a sample on the wrong side; 0: 1 */
  int32_t loss;          /* IDINV_LOSS_… */
  uint32_t seed;
  const int32_t *layers; /* to learn from and to move; NULL for all */
  size_t layer_count;
  int32_t is_per_layer;  /* learn each layer apart */
  const idinv_boundary *const *conditions; /* attributes that are to stay as they are */
  size_t condition_count;
} idinv_training_options;

/* Learns a boundary from codes [count, layer_count, dimension] and one score for each, larger for more of the attribute: a
 * linear support vector machine. Needs no model. */
idinv_status idinv_boundary_train(
  idinv_context *context, const char *name, const float *codes, size_t count, int32_t layer_count, int32_t dimension,
  const float *scores, const idinv_training_options *options, idinv_boundary **boundary);

void idinv_boundary_free(idinv_boundary *boundary);

/* Draws random codes [count, L, D] and reads the attributes of their images, [count, A], with the model's attribute network.
 * Free both with idinv_release. truncation: NULL for the model's, 1 for none. */
idinv_status idinv_draw_samples(
  idinv_context *context, size_t count, uint32_t seed, const float *truncation, float **codes, float **attributes);

/* ---- Conversion ----------------------------------------------------------------------------------------------------- */

enum { IDINV_WEIGHTS_F16 = 0, IDINV_WEIGHTS_F32 = 1, IDINV_WEIGHTS_INT8 = 2 };
enum { IDINV_PERCEPTUAL_AUTO = 0, IDINV_PERCEPTUAL_CAFFE = 1, IDINV_PERCEPTUAL_TORCHVISION = 2 };

typedef struct idinv_conversion_options {
  size_t size;
  const char *generator, *encoder, *perceptual, *attributes; /* paths of checkpoints; NULL where absent */
  int32_t weights;            /* IDINV_WEIGHTS_… */
  int32_t perceptual_input;   /* IDINV_PERCEPTUAL_… */
  int32_t perceptual_layers;  /* to keep; 0: to conv4_3's ReLU of a VGG16, all of others */
  int32_t lacks_final_tanh;   /* the generator's image does not pass through tanh; 0: what its kind does */
  int32_t encoder_wscale;     /* the encoder was built with use_wscale */
  int32_t ignore_unknown;     /* ignore tensors that the published networks do not have */
  const float *truncation_psi;       /* NULL: the checkpoint's, else 0.7 */
  const int32_t *truncation_layers;  /* NULL: the checkpoint's, else 8 */
  float pixel_minimum, pixel_maximum; /* both 0: -1 and 1 */
  const char *licence, *note;         /* kept in the file; may be NULL */
  const char *const *files;           /* checkpoints whose networks are recognized, for the parts without a path */
  size_t file_count;
} idinv_conversion_options;

/* Turns checkpoints into one model file. report: what was found, inferred and ignored, as JSON, to be freed with
 * idinv_release; may be NULL. Needs no model. */
idinv_status idinv_convert(
  idinv_context *context, const idinv_conversion_options *options, const char *output, char **report);

#ifdef __cplusplus
}
#endif

#endif
