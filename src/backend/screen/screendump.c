// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The screen's picture as PNG (ISO/IEC 15948) or PPM (Netpbm's P6).
#include "backend/screen/screendump.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/host.h"

bool screendump_format_find(const char *name, enum screendump_format *format)
{
    bool png = strcmp(name, "png") == 0;
    if (!png && strcmp(name, "ppm") != 0)
        return false;
    *format = png ? SCREENDUMP_PNG : SCREENDUMP_PPM;
    return true;
}

enum screendump_format screendump_format_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcasecmp(dot, ".png") == 0 ? SCREENDUMP_PNG : SCREENDUMP_PPM;
}

/* Three bytes a pixel. */
static uint8_t *rgb_of(const struct screen_image *image)
{
    size_t count = (size_t)image->width * image->height;
    uint8_t *rgb = host_alloc(count * 3);
    for (size_t n = 0; n < count; n++) {
        rgb[3 * n] = (uint8_t)(image->pixels[n] >> 16);
        rgb[3 * n + 1] = (uint8_t)(image->pixels[n] >> 8);
        rgb[3 * n + 2] = (uint8_t)image->pixels[n];
    }
    return rgb;
}

static bool write_png(FILE *file, const struct screen_image *image, const uint8_t *rgb,
                      struct error *err)
{
    png_image png = { .version = PNG_IMAGE_VERSION,
                      .width = image->width,
                      .height = image->height,
                      .format = PNG_FORMAT_RGB,
                      .flags = PNG_IMAGE_FLAG_FAST };
    errno = 0;
    if (png_image_write_to_stdio(&png, file, 0, rgb, 0, NULL))
        return true;
    return error_set(err, "%s", errno != 0 ? strerror(errno) : png.message);
}

static bool write_ppm(FILE *file, const struct screen_image *image, const uint8_t *rgb,
                      struct error *err)
{
    size_t size = (size_t)image->width * image->height * 3;
    fprintf(file, "P6\n%u %u\n255\n", image->width, image->height);
    return fwrite(rgb, 1, size, file) == size || error_set(err, "%s", strerror(errno));
}

bool screendump_write(const struct screen_image *image, const char *path,
                      enum screendump_format format, struct error *err)
{
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        return error_set(err, "%s", strerror(errno));
    uint8_t *rgb = rgb_of(image);
    bool written = format == SCREENDUMP_PNG ? write_png(file, image, rgb, err)
                                            : write_ppm(file, image, rgb, err);
    host_free(rgb);
    if (fclose(file) != 0 && written)
        return error_set(err, "%s", strerror(errno));
    return written;
}
