/* libpng for Swift.
 *
 * libpng reports errors with longjmp, which Swift code cannot catch: these functions set the target of the
 * jump, and return 0 with a message instead. This is libpng's full interface: the simplified one (png_image_*)
 * misreads interlaced files of 16 bits (libpng 1.6.39 of Debian 12), maps dark linear samples up to 5 levels off,
 * and wants the whole picture.
 *
 * What pixels mean (color space, alpha, reduction to 8 bits) is decided in Swift: samples come out as stored,
 * only spread to RGB or RGBA.
 */
#ifndef IDINV_CPNG_SHIM_H
#define IDINV_CPNG_SHIM_H

#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One file, being read. Zero it, set `context` and `read`, and call `idinv_png_end` after use. */
struct idinv_png_reader {
  /* Copies the next `count` bytes of the file to `target`; returns how many there were. */
  void *context;
  size_t (*read)(void *context, unsigned char *target, size_t count);

  /* Filled by idinv_png_begin. */
  uint32_t width;
  uint32_t height;
  uint32_t channelCount;  /* 3 or 4 */
  uint32_t bitDepth;      /* 8 or 16 (big-endian) */
  uint32_t passCount;     /* 1, or 7 of interlaced files, whose rows come seven times */
  uint32_t gamma;         /* 100000 × the exponent in gAMA; 0 if absent or overruled by sRGB */
  const unsigned char *profile; /* of iCCP, until idinv_png_end; NULL if there is none, or it is damaged */
  uint32_t profileByteCount;

  char message[160];
  png_structp png;
  png_infop info;
};

static inline void idinv_png_on_error(png_structp png, png_const_charp text) {
  struct idinv_png_reader *reader = (struct idinv_png_reader *)png_get_error_ptr(png);
  snprintf(reader->message, sizeof reader->message, "%s", text ? text : "");
  png_longjmp(png, 1);
}

/* Damage outside of the pixels (a wrong checksum of a text chunk) does not matter here. */
static inline void idinv_png_on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static inline void idinv_png_take(png_structp png, png_bytep target, size_t count) {
  struct idinv_png_reader *reader = (struct idinv_png_reader *)png_get_io_ptr(png);
  if (reader->read(reader->context, target, count) != count) png_error(png, "the file ends too early");
}

/* Reads up to the first pixels and fills in the fields above. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_begin(struct idinv_png_reader *reader) {
  reader->png = png_create_read_struct(
      PNG_LIBPNG_VER_STRING, reader, idinv_png_on_error, idinv_png_on_warning);
  reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
  if (!reader->info) {
    snprintf(reader->message, sizeof reader->message, "out of memory");
    return 0;
  }
  if (setjmp(png_jmpbuf(reader->png))) return 0;
  png_set_read_fn(reader->png, reader, idinv_png_take);
  /* Text is not looked at: compressed, it may be a thousand times as large as the file. */
  static const png_byte text[] = "tEXt\0zTXt\0iTXt";
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, text, 3);
  png_read_info(reader->png, reader->info);
  int intent;
  png_fixed_point gamma;
  if (!png_get_sRGB(reader->png, reader->info, &intent) &&
      png_get_gAMA_fixed(reader->png, reader->info, &gamma) && gamma > 0)
    reader->gamma = (uint32_t)gamma;
  png_charp profileName;
  png_bytep profile;
  png_uint_32 profileByteCount;
  int compression;
  if (png_get_iCCP(reader->png, reader->info, &profileName, &compression, &profile, &profileByteCount)) {
    reader->profile = profile;
    reader->profileByteCount = profileByteCount;
  }
  png_set_expand(reader->png); /* palette → RGB, grey below 8 bits → 8 bits, tRNS → alpha */
  png_set_gray_to_rgb(reader->png);
  reader->passCount = (uint32_t)png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  reader->width = png_get_image_width(reader->png, reader->info);
  reader->height = png_get_image_height(reader->png, reader->info);
  reader->channelCount = png_get_channels(reader->png, reader->info);
  reader->bitDepth = png_get_bit_depth(reader->png, reader->info);
  if (reader->channelCount < 3 || reader->channelCount > 4 ||
      (reader->bitDepth != 8 && reader->bitDepth != 16) ||
      png_get_rowbytes(reader->png, reader->info) !=
          (size_t)reader->width * reader->channelCount * (reader->bitDepth / 8))
    png_error(reader->png, "unexpected row layout");
  return 1;
}

/* Reads the next row of the pass, without padding; of an interlaced file, into what earlier passes have left of it.
 * Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_row(struct idinv_png_reader *reader, unsigned char *samples) {
  if (setjmp(png_jmpbuf(reader->png))) return 0;
  png_read_row(reader->png, samples, NULL);
  return 1;
}

/* Reads what follows the pixels. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_finish(struct idinv_png_reader *reader) {
  if (setjmp(png_jmpbuf(reader->png))) return 0;
  png_read_end(reader->png, NULL);
  return 1;
}

/* Frees what libpng holds; harmless if begin failed. */
static inline void idinv_png_end(struct idinv_png_reader *reader) {
  if (reader->png) png_destroy_read_struct(&reader->png, reader->info ? &reader->info : NULL, NULL);
}

/* One file, being written. Zero it, set the first fields, and call `idinv_png_close` after use. */
struct idinv_png_writer {
  /* Takes the next bytes of the file; returns 0 where it cannot. */
  void *context;
  int (*write)(void *context, const unsigned char *bytes, size_t count);
  uint32_t width;
  uint32_t height;

  char message[160];
  png_structp png;
  png_infop info;
};

static inline void idinv_png_on_write_error(png_structp png, png_const_charp text) {
  struct idinv_png_writer *writer = (struct idinv_png_writer *)png_get_error_ptr(png);
  snprintf(writer->message, sizeof writer->message, "%s", text ? text : "");
  png_longjmp(png, 1);
}

static inline void idinv_png_give(png_structp png, png_bytep bytes, size_t count) {
  struct idinv_png_writer *writer = (struct idinv_png_writer *)png_get_io_ptr(png);
  if (!writer->write(writer->context, bytes, count)) png_error(png, "the output takes no more bytes");
}

static inline void idinv_png_flush(png_structp png) { (void)png; }

/* Begins a file of 8-bit RGB with its header chunk, and `sRGB` if asked for. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_create(struct idinv_png_writer *writer, int isSRGB) {
  writer->png = png_create_write_struct(
      PNG_LIBPNG_VER_STRING, writer, idinv_png_on_write_error, idinv_png_on_warning);
  writer->info = writer->png ? png_create_info_struct(writer->png) : NULL;
  if (!writer->info) {
    snprintf(writer->message, sizeof writer->message, "out of memory");
    return 0;
  }
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  png_set_write_fn(writer->png, writer, idinv_png_give, idinv_png_flush);
  /* The caller has checked the sides; libpng's own limit is meant for readers. */
  png_set_user_limits(writer->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(writer->png, writer->info, writer->width, writer->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  if (isSRGB) png_set_sRGB(writer->png, writer->info, PNG_sRGB_INTENT_PERCEPTUAL);
  png_write_info(writer->png, writer->info);
  return 1;
}

/* Writes a chunk before the first row. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_chunk(
    struct idinv_png_writer *writer, const char *type, const unsigned char *data, size_t count) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  png_write_chunk(writer->png, (png_const_bytep)type, data, count);
  return 1;
}

/* Encodes the next row. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_append(struct idinv_png_writer *writer, const unsigned char *samples) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  png_write_row(writer->png, samples);
  return 1;
}

/* Writes what follows the pixels. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_png_complete(struct idinv_png_writer *writer) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  png_write_end(writer->png, NULL);
  return 1;
}

/* Frees what libpng holds; harmless if create failed. */
static inline void idinv_png_close(struct idinv_png_writer *writer) {
  if (writer->png) png_destroy_write_struct(&writer->png, writer->info ? &writer->info : NULL);
}

#endif
