/* libjpeg-turbo for Swift, through libjpeg's interface: the one of its two that gives and takes row by row, so that memory does
 * not grow with the photograph.
 *
 * libjpeg reports errors by a function that must not return. These functions set the target of a jump, which Swift code
 * cannot catch, and return 0 with a message instead. What libjpeg warns of is an error too, unless no pixel suffers from it.
 */
#ifndef IDINV_CJPEG_SHIM_H
#define IDINV_CJPEG_SHIM_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* Where errors go. */
struct idinv_jpeg_trap {
  jmp_buf target;
  char message[JMSG_LENGTH_MAX];
};

static inline void idinv_jpeg_fail(j_common_ptr jpeg, const char *message) {
  struct idinv_jpeg_trap *trap = (struct idinv_jpeg_trap *)jpeg->client_data;
  snprintf(trap->message, sizeof trap->message, "%s", message);
  longjmp(trap->target, 1);
}

static inline void idinv_jpeg_on_error(j_common_ptr jpeg) {
  char message[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, message);
  idinv_jpeg_fail(jpeg, message);
}

static inline void idinv_jpeg_on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    /* What cameras and messengers leave behind. */
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_JFIF_MAJOR:
      return;
    default: idinv_jpeg_on_error(jpeg);
  }
}

enum { idinv_jpeg_piece = 1 << 16 };

/* One file, being read. Zero it, set `context` and `read`, and call `idinv_jpeg_end` after use; it must not move. */
struct idinv_jpeg_reader {
  /* Copies at most `count` of the next bytes of the file to `target`; returns how many, 0 at its end. */
  void *context;
  size_t (*read)(void *context, unsigned char *target, size_t count);

  /* Filled by idinv_jpeg_begin: as stored. */
  uint32_t width;
  uint32_t height;
  uint32_t channelCount; /* of the rows that come: 3 (RGB), or 4 (CMYK) */

  struct idinv_jpeg_trap trap;
  unsigned char *piece;
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
};

static inline void idinv_jpeg_nothing(j_decompress_ptr jpeg) { (void)jpeg; }

static inline boolean idinv_jpeg_fill(j_decompress_ptr jpeg) {
  /* `source` is a member of the reader. */
  struct idinv_jpeg_reader *reader =
      (struct idinv_jpeg_reader *)((char *)jpeg->src - offsetof(struct idinv_jpeg_reader, source));
  size_t count = reader->read(reader->context, reader->piece, idinv_jpeg_piece);
  if (count == 0) idinv_jpeg_fail((j_common_ptr)jpeg, "the file ends too early");
  reader->source.next_input_byte = reader->piece;
  reader->source.bytes_in_buffer = count;
  return TRUE;
}

static inline void idinv_jpeg_skip(j_decompress_ptr jpeg, long count) {
  while (count > (long)jpeg->src->bytes_in_buffer) {
    count -= (long)jpeg->src->bytes_in_buffer;
    idinv_jpeg_fill(jpeg);
  }
  if (count <= 0) return;
  jpeg->src->next_input_byte += count;
  jpeg->src->bytes_in_buffer -= (size_t)count;
}

/* A progressive file may hold any number of scans, each of which goes over all coefficients: more than 500 are an attack. */
static inline void idinv_jpeg_watch(j_common_ptr jpeg) {
  if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > 500)
    idinv_jpeg_fail(jpeg, "the file has more than 500 scans");
}

/* Reads up to the first scan and fills in the fields above. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_begin(struct idinv_jpeg_reader *reader) {
  reader->piece = (unsigned char *)malloc(idinv_jpeg_piece);
  if (!reader->piece) {
    snprintf(reader->trap.message, sizeof reader->trap.message, "out of memory");
    return 0;
  }
  reader->jpeg.err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = idinv_jpeg_on_error;
  reader->errors.emit_message = idinv_jpeg_on_message;
  reader->jpeg.client_data = &reader->trap;
  if (setjmp(reader->trap.target)) return 0;
  jpeg_create_decompress(&reader->jpeg);
  reader->source.init_source = idinv_jpeg_nothing;
  reader->source.fill_input_buffer = idinv_jpeg_fill;
  reader->source.skip_input_data = idinv_jpeg_skip;
  reader->source.resync_to_restart = jpeg_resync_to_restart;
  reader->source.term_source = idinv_jpeg_nothing;
  reader->jpeg.src = &reader->source;
  reader->progress.progress_monitor = idinv_jpeg_watch;
  reader->jpeg.progress = &reader->progress;
  jpeg_read_header(&reader->jpeg, TRUE);
  reader->width = reader->jpeg.image_width;
  reader->height = reader->jpeg.image_height;
  reader->channelCount = reader->jpeg.num_components == 4 ? 4 : 3;
  return 1;
}

/* Begins to decode: both sides divided by 1, 2, 4 or 8, and rounded up. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_start(struct idinv_jpeg_reader *reader, unsigned reduction) {
  if (setjmp(reader->trap.target)) return 0;
  reader->jpeg.scale_num = 1;
  reader->jpeg.scale_denom = reduction;
  reader->jpeg.dct_method = JDCT_ISLOW;
  reader->jpeg.out_color_space = reader->channelCount == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&reader->jpeg);
  if (reader->jpeg.output_width != (reader->width + reduction - 1) / reduction ||
      reader->jpeg.output_height != (reader->height + reduction - 1) / reduction ||
      reader->jpeg.output_components != (int)reader->channelCount)
    idinv_jpeg_fail((j_common_ptr)&reader->jpeg, "unexpected row layout");
  return 1;
}

/* Decodes the next row. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_row(struct idinv_jpeg_reader *reader, unsigned char *samples) {
  if (setjmp(reader->trap.target)) return 0;
  JSAMPROW row = samples;
  jpeg_read_scanlines(&reader->jpeg, &row, 1);
  return 1;
}

/* Reads what follows the pixels. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_finish(struct idinv_jpeg_reader *reader) {
  if (setjmp(reader->trap.target)) return 0;
  jpeg_finish_decompress(&reader->jpeg);
  return 1;
}

/* Frees what libjpeg holds; harmless if begin failed. */
static inline void idinv_jpeg_end(struct idinv_jpeg_reader *reader) {
  if (reader->jpeg.err) jpeg_destroy_decompress(&reader->jpeg);
  free(reader->piece);
}

/* One file, being written. Zero it, set the first fields, and call `idinv_jpeg_close` after use; it must not move. */
struct idinv_jpeg_writer {
  /* Takes the next bytes of the file; returns 0 where it cannot. */
  void *context;
  int (*write)(void *context, const unsigned char *bytes, size_t count);
  uint32_t width;
  uint32_t height;
  int quality;       /* 1 to 100 */
  int isSubsampled;  /* 4:2:0 instead of 4:4:4 */
  uint8_t densityUnit; /* as in JFIF: 0 none, 1 inch, 2 centimeter */
  uint16_t densityX;
  uint16_t densityY;

  struct idinv_jpeg_trap trap;
  unsigned char *piece;
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr destination;
};

static inline void idinv_jpeg_put(j_compress_ptr jpeg, size_t count) {
  struct idinv_jpeg_writer *writer =
      (struct idinv_jpeg_writer *)((char *)jpeg->dest - offsetof(struct idinv_jpeg_writer, destination));
  if (count && !writer->write(writer->context, writer->piece, count))
    idinv_jpeg_fail((j_common_ptr)jpeg, "the output takes no more bytes");
  writer->destination.next_output_byte = writer->piece;
  writer->destination.free_in_buffer = idinv_jpeg_piece;
}
static inline void idinv_jpeg_put_first(j_compress_ptr jpeg) { idinv_jpeg_put(jpeg, 0); }
static inline boolean idinv_jpeg_put_full(j_compress_ptr jpeg) {
  idinv_jpeg_put(jpeg, idinv_jpeg_piece);
  return TRUE;
}
static inline void idinv_jpeg_put_last(j_compress_ptr jpeg) {
  idinv_jpeg_put(jpeg, idinv_jpeg_piece - jpeg->dest->free_in_buffer);
}

/* Begins a baseline file of YCbCr. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_create(struct idinv_jpeg_writer *writer) {
  writer->piece = (unsigned char *)malloc(idinv_jpeg_piece);
  if (!writer->piece) {
    snprintf(writer->trap.message, sizeof writer->trap.message, "out of memory");
    return 0;
  }
  writer->jpeg.err = jpeg_std_error(&writer->errors);
  writer->errors.error_exit = idinv_jpeg_on_error;
  writer->errors.emit_message = idinv_jpeg_on_message;
  writer->jpeg.client_data = &writer->trap;
  if (setjmp(writer->trap.target)) return 0;
  jpeg_create_compress(&writer->jpeg);
  writer->destination.init_destination = idinv_jpeg_put_first;
  writer->destination.empty_output_buffer = idinv_jpeg_put_full;
  writer->destination.term_destination = idinv_jpeg_put_last;
  writer->jpeg.dest = &writer->destination;
  writer->jpeg.image_width = writer->width;
  writer->jpeg.image_height = writer->height;
  writer->jpeg.input_components = 3;
  writer->jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&writer->jpeg);
  jpeg_set_quality(&writer->jpeg, writer->quality, TRUE);
  writer->jpeg.dct_method = JDCT_ISLOW;
  writer->jpeg.comp_info[0].h_samp_factor = writer->isSubsampled ? 2 : 1;
  writer->jpeg.comp_info[0].v_samp_factor = writer->isSubsampled ? 2 : 1;
  writer->jpeg.density_unit = writer->densityUnit;
  writer->jpeg.X_density = writer->densityX;
  writer->jpeg.Y_density = writer->densityY;
  jpeg_start_compress(&writer->jpeg, TRUE);
  return 1;
}

/* Writes an application's segment, before the first row. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_segment(
    struct idinv_jpeg_writer *writer, int marker, const unsigned char *data, unsigned count) {
  if (setjmp(writer->trap.target)) return 0;
  jpeg_write_marker(&writer->jpeg, marker, data, count);
  return 1;
}

/* Encodes the next row of RGB. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_append(struct idinv_jpeg_writer *writer, const unsigned char *samples) {
  if (setjmp(writer->trap.target)) return 0;
  JSAMPROW row = (JSAMPROW)samples;
  jpeg_write_scanlines(&writer->jpeg, &row, 1);
  return 1;
}

/* Writes what follows the pixels. Returns 0 and a message on failure. */
__attribute__((noinline)) static int idinv_jpeg_complete(struct idinv_jpeg_writer *writer) {
  if (setjmp(writer->trap.target)) return 0;
  jpeg_finish_compress(&writer->jpeg);
  return 1;
}

/* Frees what libjpeg holds; harmless if create failed. */
static inline void idinv_jpeg_close(struct idinv_jpeg_writer *writer) {
  if (writer->jpeg.err) jpeg_destroy_compress(&writer->jpeg);
  free(writer->piece);
}

#endif
