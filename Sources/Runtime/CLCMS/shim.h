/* Little CMS for Swift: its pixel formats are macros that Swift cannot read. */
#ifndef IDINV_CLCMS_SHIM_H
#define IDINV_CLCMS_SHIM_H

#include <lcms2.h>
#include <stdint.h>

/* What is meant by the samples of a row. 16-bit samples are big-endian, as PNG stores them. */
static inline uint32_t idinv_lcms_rgb8(void) { return TYPE_RGB_8; }
static inline uint32_t idinv_lcms_gray8(void) { return TYPE_GRAY_8; }
static inline uint32_t idinv_lcms_cmyk8(void) { return TYPE_CMYK_8; }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint32_t idinv_lcms_rgb16(void) { return TYPE_RGB_16; }
static inline uint32_t idinv_lcms_gray16(void) { return TYPE_GRAY_16; }
#else
static inline uint32_t idinv_lcms_rgb16(void) { return TYPE_RGB_16_SE; }
static inline uint32_t idinv_lcms_gray16(void) { return TYPE_GRAY_16_SE; }
#endif

#endif
