/* libwebp's decoder for Swift. */
#ifndef IDINV_CWEBP_SHIM_H
#define IDINV_CWEBP_SHIM_H

#include <webp/decode.h>

/* WebPInitDecoderConfig and WebPGetFeatures are inline functions with the library's version in them. */
static inline int idinv_webp_init(WebPDecoderConfig *config) { return WebPInitDecoderConfig(config); }
static inline VP8StatusCode idinv_webp_features(const uint8_t *data, size_t count, WebPBitstreamFeatures *features) {
  return WebPGetFeatures(data, count, features);
}

#endif
