/* libjpeg-turbo for Swift, through version 2 of its TurboJPEG API: the one that Debian 12 and 13, Raspberry Pi OS and
 * Ubuntu 22.04 have under one library name.
 */
#ifndef IDINV_CJPEG_SHIM_H
#define IDINV_CJPEG_SHIM_H

#include <turbojpeg.h>

/* A progressive file may hold any number of scans, each of which goes over all coefficients: more than 500 are an attack. */
#ifdef TJFLAG_LIMITSCANS
enum { idinv_jpeg_decode_flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS };
#else
enum { idinv_jpeg_decode_flags = TJFLAG_ACCURATEDCT };
#endif
enum { idinv_jpeg_encode_flags = TJFLAG_ACCURATEDCT };

#endif
